package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// diskTest is a host whose audit log is on a small disk.
type diskTest struct {
	*victim
	disk, ballast  string
	samples        <-chan mqtt.Message
	refused, since int // requests, and samples while the disk was full
}

// newDiskTest starts a host that samples each second, with its audit log on a
// disk of a few pages in memory.
func newDiskTest(t *testing.T) *diskTest {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	d := &diskTest{victim: newVictim(t, "")}
	d.disk = filepath.Join(d.folder, "disk")
	d.ballast = filepath.Join(d.disk, "ballast")
	if err := os.Mkdir(d.disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", d.disk, "tmpfs", syscall.MS_NODEV|syscall.MS_NOSUID, "size=256k,mode=0755"); err != nil {
		lacking(t, fmt.Sprintf("mounting a small disk: %v", err))
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(d.disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	_, d.samples = d.broker.connect(t, "systant/testhost/stats")
	d.reconfigure(t, d.folder+"/audit.jsonl", d.disk+"/audit.jsonl", `startup_delay = "1h"`, "interval = \"1s\"\nstartup_delay = \"1s\"")
	return d
}

// fill leaves no room on the disk.
func (d *diskTest) fill(t *testing.T) {
	t.Helper()
	file, err := os.OpenFile(d.ballast, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for range 1000 {
		if _, err = file.Write(make([]byte, 4096)); err != nil {
			break
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("filling the disk: %v", err)
	}
}

// sample waits for the next sample.
func (d *diskTest) sample(t *testing.T) {
	t.Helper()
	var s schema.Stats
	m := expect(t, d.samples, "systant/testhost/stats", "")
	if err := json.Unmarshal(m.Payload, &s); err != nil || s.CPU == nil {
		t.Errorf("a sample: %v in %.100s", err, m.Payload)
	}
	d.since++
}

// TestTortureFullDisk fills the disk of the audit log: nothing runs that would
// not be recorded, samples go on, and commands run again when there is room.
func TestTortureFullDisk(t *testing.T) {
	d := newDiskTest(t)
	rounds := scale(2, 30)
	expected := make(map[string]bool)
	for range rounds {
		d.round(t, expected)
	}
	d.kill(t, syscall.SIGTERM)
	text, err := os.ReadFile(filepath.Join(d.disk, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	all, torn := records(string(text))
	started := make(map[string]bool)
	for _, r := range all {
		started[r.RequestID] = started[r.RequestID] || r.Event == "start"
	}
	marks, unrecorded := d.marks(t), 0
	for id, n := range marks {
		if !started[id] || n != 1 || !expected[id] {
			unrecorded++
			t.Errorf("%s has run %d times; start record: %v, answered ok: %v", id, n, started[id], expected[id])
		}
	}
	if torn > 0 || len(marks) != len(expected) {
		t.Errorf("%d torn lines in the audit log; %d commands have run, %d were answered so", torn, len(marks), len(expected))
	}
	t.Logf("torture: full disk: %d times: %d commands refused, %d have run, %d without a record, %d torn lines, %d samples while it was full",
		rounds, d.refused, len(marks), unrecorded, torn, d.since)
}

// round fills the disk, asks for commands, and makes room again. It notes which
// commands were answered as run.
func (d *diskTest) round(t *testing.T, expected map[string]bool) {
	t.Helper()
	d.fill(t)
	var last string
	for tries, refused := 0, 0; refused < 5; tries++ { // the last page of the log may have room for some
		if tries == 100 {
			t.Fatalf("%d commands have run on a full disk", tries)
		}
		last = newID("full")
		switch r := d.ask(t, last, string(mark(last))); {
		case r.Status == schema.StatusOK:
			expected[last] = true
		case r.Status == schema.StatusRefused && strings.Contains(r.Error, "audit log") && strings.Contains(r.Error, "no space left"):
			refused++
			d.refused++
		default:
			t.Fatalf("with a full disk: got %+v, want a refusal with the reason", r)
		}
	}
	for len(d.samples) > 0 {
		<-d.samples
	}
	d.sample(t)
	d.sample(t)
	if err := os.Remove(d.ballast); err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	delete(d.got, last)
	d.mu.Unlock()
	began := time.Now()
	if r := d.ask(t, last, string(mark(last))); r.Status != schema.StatusOK { // it has not run, so that it may now
		t.Errorf("with room again: got %+v after %v", r, time.Since(began))
	}
	expected[last] = true
}
