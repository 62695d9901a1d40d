package process

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// controlled opens a runner whose commands the kernel can hold to limits.
func controlled(t *testing.T) *trial {
	t.Helper()
	tr := openTrial(t, true, 0)
	if enabled := content(tr.place.dir, "cgroup.subtree_control"); !strings.Contains(enabled, "pids") || !strings.Contains(enabled, "memory") {
		t.Skipf("the agent's cgroup %s hands down %q, not pids and memory", tr.place.dir, enabled)
	}
	return tr
}

// TestLimits has a command fork and another eat more than they may.
func TestLimits(t *testing.T) {
	tr := controlled(t)
	c := tr.shell(`i=0; while [ $i -lt 100 ]; do sleep 5 & i=$((i+1)); done; echo made $i; wait`)
	c.MaxProcesses, c.Timeout = 20, 3*time.Second
	if got := tr.Run(t.Context(), c); !strings.Contains(got.Output.Text, "fork") || strings.Contains(got.Output.Text, "made 100") {
		t.Errorf("100 processes of at most 20: got %+v, want a complaint of the shell", got)
	}
	c = tr.shell(roleVariable + `=hog exec "$0"`)
	c.MaxMemoryBytes, c.Timeout = 64<<20, 8*time.Second
	if got := tr.Run(t.Context(), c); !got.OutOfMemory || got.Signal != syscall.SIGKILL || got.TimedOut {
		t.Errorf("512 MiB of at most 64: got %+v, want it killed for want of memory", got)
	}
	c = tr.shell("echo fine")
	c.MaxProcesses, c.MaxMemoryBytes = 20, 64<<20
	if got := tr.Run(t.Context(), c); got.Exit != 0 || got.OutOfMemory || got.Output.Text != "fine\n" {
		t.Errorf("within the limits: got %+v", got)
	}
}

// TestDelegatedPlace starts agents in cgroups of their own. One that is marked
// as delegated, as systemd does it without DelegateSubgroup=, is the agent's to
// arrange: it moves aside, and has the limits. Another is left as it is; its
// commands still have cgroups.
func TestDelegatedPlace(t *testing.T) {
	tr := controlled(t)
	check := func(mark bool, want string) {
		t.Helper()
		dir := filepath.Join(tr.place.dir, fmt.Sprintf("place-%s-%v", tr.mark, mark))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			g := &group{dir: dir}
			if !kill(g, time.Now().Add(time.Second)) || g.removeBy(time.Now().Add(time.Second)) != nil {
				t.Errorf("%s stays", dir)
			}
		})
		if mark {
			if err := unix.Setxattr(dir, "trusted.delegate", []byte("1"), 0); err != nil {
				t.Skipf("marking a cgroup: %v", err)
			}
		}
		agent := exec.Command("/bin/sh", "-c", `echo $$ > "$1/cgroup.procs" && `+roleVariable+`=place exec "$0"`, os.Args[0], dir)
		output, err := agent.CombinedOutput()
		if err != nil || !strings.Contains(string(output), "each command has a cgroup") || !strings.Contains(string(output), want) {
			t.Errorf("delegated %v: got %v and %s, want %s", mark, err, output, want)
		}
		if got := content(dir, "cgroup.type"); got != "domain\n" {
			t.Errorf("delegated %v: the cgroup has become a %s", mark, got)
		}
	}
	check(true, `limits="memory pids"`)
	check(false, `limits=""`)
}

// hog uses half a gibibyte.
func hog() {
	var all [][]byte
	for range 512 {
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		all = append(all, b)
	}
	println(len(all))
}

// tellPlace opens a runner, which logs what it found.
func tellPlace() {
	r := Open(slog.New(slog.NewTextHandler(os.Stdout, nil)))
	if err := r.Close(); err != nil {
		println(err.Error())
	}
}
