package collect

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"golang.org/x/tools/txtar"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// update asks for the expected samples to be written anew.
var update = flag.Bool("update", false, "write the expected samples of the recorded machines")

// recorded is a machine that has been unpacked from its archive.
//
// An archive holds the files of the host below proc, sys, etc and so on; a name
// "path -> target" is a symbolic link. Below later are those that differ when
// the second sample is taken. The file statfs has a line for each filesystem:
// mount point, block size, blocks, free, available, files, free files; the file
// mtimes one for each path whose time matters: path, when it was changed. Lines
// "now: <RFC 3339>" and "elapsed: <duration>" of the comment say when.
type recorded struct {
	host    kernel.Host
	later   []txtar.File
	now     time.Time
	elapsed time.Duration
}

// unpack returns the machine in an archive.
func unpack(t *testing.T, path string) *recorded {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m := &recorded{host: kernel.Host{Root: t.TempDir()}}
	sizes := map[string]kernel.Filesystem{}
	var times []byte
	for _, file := range archive.Files {
		switch {
		case file.Name == "statfs":
			sizes = parseSizes(t, file.Data)
		case file.Name == "mtimes":
			times = file.Data
		case strings.HasPrefix(file.Name, "later/"):
			m.later = append(m.later, txtar.File{Name: strings.TrimPrefix(file.Name, "later/"), Data: file.Data})
		default:
			m.write(t, file)
		}
	}
	m.setTimes(t, times)
	m.host.Statfs = func(path string) (kernel.Filesystem, error) {
		size, ok := sizes[path]
		if !ok {
			return size, fmt.Errorf("statfs %s: %w", path, os.ErrNotExist)
		}
		return size, nil
	}
	for line := range strings.Lines(string(archive.Comment)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "now":
			m.now, err = time.Parse(time.RFC3339, value)
		case "elapsed":
			m.elapsed, err = time.ParseDuration(value)
		}
		if err != nil {
			t.Fatalf("%s: %s: %v", path, key, err)
		}
	}
	if m.now.IsZero() || m.elapsed == 0 {
		t.Fatalf("%s: the comment has no now and elapsed", path)
	}
	return m
}

// parseSizes reads the file statfs.
func parseSizes(t *testing.T, data []byte) map[string]kernel.Filesystem {
	t.Helper()
	sizes := make(map[string]kernel.Filesystem)
	for line := range bytes.Lines(data) {
		var mount string
		var f kernel.Filesystem
		if _, err := fmt.Sscan(string(line), &mount, &f.BlockSize, &f.Blocks, &f.Free, &f.Available, &f.Files, &f.FilesFree); err != nil {
			t.Fatalf("statfs: %q: %v", line, err)
		}
		sizes[strings.ReplaceAll(mount, `\040`, " ")] = f // as in mountinfo
	}
	return sizes
}

// write puts a file or link of the archive in its place. Files are replaced
// and not written to, as a collector may hold one open.
func (m *recorded) write(t *testing.T, file txtar.File) {
	t.Helper()
	name, target, link := strings.Cut(file.Name, " -> ")
	path := m.host.Path(name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if removed := os.Remove(path); removed != nil && !errors.Is(removed, os.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	if link {
		err = errors.Join(err, os.Symlink(target, path))
	} else {
		err = errors.Join(err, os.WriteFile(path, file.Data, 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// setTimes reads the file mtimes.
func (m *recorded) setTimes(t *testing.T, data []byte) {
	t.Helper()
	for line := range strings.Lines(string(data)) {
		name, when, _ := strings.Cut(strings.TrimSpace(line), " ")
		at, err := time.Parse(time.RFC3339, when)
		if err == nil {
			moment := unix.Timeval{Sec: at.Unix()}
			err = unix.Lutimes(m.host.Path(name), []unix.Timeval{moment, moment})
		}
		if err != nil {
			t.Fatalf("mtimes: %q: %v", line, err)
		}
	}
}

// pass moves the machine to the moment of its second sample.
func (m *recorded) pass(t *testing.T) time.Time {
	t.Helper()
	for _, file := range m.later {
		m.write(t, file)
	}
	return m.now.Add(m.elapsed)
}

// everything is a configuration with all modules and the usual limits.
func everything(host kernel.Host) Config {
	return Config{
		Host:         host,
		Hostname:     "recorded",
		AgentVersion: "test",
		Interval:     10 * time.Second,
		Processes:    ProcessesOptions{Top: 5, Command: true},
		GPU:          GPUOptions{Max: 16, Processes: 5},
	}
}

// sampleOf returns the second sample of a recorded machine, without what
// differs from run to run.
func sampleOf(t *testing.T, path string) *schema.Stats {
	t.Helper()
	m := unpack(t, path)
	sampler, err := New(everything(m.host), slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer sampler.Close()
	sampler.collect(t.Context(), &schema.Stats{}, m.now)
	stats := sampler.sampleAt(t.Context(), m.pass(t))
	stats.Self = nil
	return stats
}

func TestRecordedMachines(t *testing.T) {
	archives, err := filepath.Glob("testdata/machines/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no recorded machines: %v", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			got, err := json.MarshalIndent(sampleOf(t, path), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(path, ".txtar") + ".json"
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
				t.Errorf("sample (-want +got):\n%s", diff)
			}
		})
	}
}
