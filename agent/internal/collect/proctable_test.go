package collect

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// putProcess writes a /proc/<pid> folder with the given stat fields.
func putProcess(t *testing.T, root string, pid int, comm string, state byte, ticks, started, pages int) {
	t.Helper()
	line := fmt.Sprintf("%d (%s) %c 1 1 1 0 -1 0 0 0 0 0 %d 0 0 0 20 0 2 0 %d 0 %d 0\n", pid, comm, state, ticks, started, pages)
	putFile(t, root, fmt.Sprintf("proc/%d/stat", pid), line)
}

// putFile writes a file below root, and its folders.
func putFile(t *testing.T, root, name, content string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// scanned scans and returns the processes by pid.
func scanned(t *testing.T, table *procTable) map[int]*process {
	t.Helper()
	if err := table.scan(); err != nil {
		t.Fatal(err)
	}
	byPID := make(map[int]*process)
	for _, p := range table.alive {
		byPID[p.pid] = p
	}
	return byPID
}

func TestScanFollowsProcesses(t *testing.T) {
	root := t.TempDir()
	putProcess(t, root, 7, "stays", 'S', 100, 50, 10)
	putProcess(t, root, 8, "ends", 'S', 100, 50, 10)
	putProcess(t, root, 9, "is replaced", 'S', 100, 50, 10)
	putFile(t, root, "proc/uptime", "1 1\n")
	putFile(t, root, "proc/7x/stat", "")
	table := newProcTable(filepath.Join(root, "proc"))
	if got := scanned(t, table); len(got) != 3 || !got[7].fresh {
		t.Fatalf("first scan: %d processes, fresh %v, want 3, true", len(got), got[7].fresh)
	}
	putProcess(t, root, 7, "stays", 'D', 130, 50, 20)
	if err := os.RemoveAll(filepath.Join(root, "proc/8")); err != nil {
		t.Fatal(err)
	}
	putProcess(t, root, 9, "newcomer", 'S', 400, 90, 10)
	putProcess(t, root, 10, "new", 'S', 5, 95, 10)
	got := scanned(t, table)
	if p := got[7]; p.fresh || p.busy != 30 || p.state != 'D' || p.resident != 20 {
		t.Errorf("a process that stayed: %+v, want 30 busy ticks, D, 20 pages", p)
	}
	if got[8] != nil || len(table.known) != 3 {
		t.Errorf("a process that ended: %+v of %d known, want none of 3", got[8], len(table.known))
	}
	if p := got[9]; !p.fresh || p.name != "newcomer" {
		t.Errorf("a pid with a new process: %+v, want a fresh one named newcomer", p)
	}
	if !got[10].fresh {
		t.Errorf("a new process: %+v, want a fresh one", got[10])
	}
}

func TestScanReportsABadLineAndReadsTheRest(t *testing.T) {
	root := t.TempDir()
	putProcess(t, root, 7, "good", 'S', 100, 50, 10)
	putFile(t, root, "proc/8/stat", "8 (bad) ?\n")
	table := newProcTable(filepath.Join(root, "proc"))
	if err := table.scan(); err == nil || len(table.alive) != 1 {
		t.Errorf("got %d processes, error %v, want 1 and an error", len(table.alive), err)
	}
}

func TestScanWithoutProc(t *testing.T) {
	if err := newProcTable(filepath.Join(t.TempDir(), "proc")).scan(); err == nil {
		t.Error("scan without /proc: no error")
	}
}

func TestScanOfTheRealProc(t *testing.T) {
	table := newProcTable("/proc")
	child := exec.Command("sleep", "1000")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	got := scanned(t, table)
	p := got[child.Process.Pid]
	if p == nil || p.stat < 0 {
		t.Fatalf("a running child: %+v, want one with a kept descriptor", p)
	}
	if self := got[os.Getpid()]; self == nil || self.resident == 0 || self.threads == 0 {
		t.Errorf("the test itself: %+v, want memory and threads", self)
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	kept := table.kept
	if got := scanned(t, table); got[child.Process.Pid] != nil || p.stat >= 0 || table.kept > kept {
		t.Errorf("a child that ended: %+v, descriptor %d, want none", got[child.Process.Pid], p.stat)
	}
}

// TestScanReopensADeadDescriptor gives a process the descriptor of one that
// ended, which is what a reused pid looks like.
func TestScanReopensADeadDescriptor(t *testing.T) {
	table := newProcTable("/proc")
	child := exec.Command("sleep", "1000")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	got := scanned(t, table)
	self, other := got[os.Getpid()], got[child.Process.Pid]
	self.stat, other.stat = other.stat, self.stat
	_ = child.Process.Kill()
	_ = child.Wait()
	if got := scanned(t, table)[os.Getpid()]; got == nil || got.fresh {
		t.Errorf("a pid whose descriptor is dead: %+v, want it read again", got)
	}
}

func TestScanFallsBackWithoutDescriptors(t *testing.T) {
	table := newProcTable("/proc")
	if err := table.open(); err != nil {
		t.Fatal(err)
	}
	table.limit = 2
	first := len(scanned(t, table))
	if table.kept != 2 {
		t.Errorf("kept %d descriptors, want 2", table.kept)
	}
	if second := len(scanned(t, table)); second < first/2 {
		t.Errorf("got %d processes after %d", second, first)
	}
}

func TestNextPID(t *testing.T) {
	entry := func(name string, size int) []byte {
		b := make([]byte, size)
		binary.NativeEndian.PutUint16(b[16:], uint16(size))
		copy(b[19:], name)
		return b
	}
	tests := []struct {
		name string
		in   []byte
		want int
	}{
		{"pid", entry("4242", 24), 4242},
		{"not a pid", entry("uptime", 32), 0},
		{"starts like one", entry("42x", 24), 0},
		{"dot", entry(".", 24), 0},
		{"absurd number", entry("99999999999999", 40), 0},
		{"no end", entry("42424", 24), 0},
		{"short", make([]byte, 5), 0},
		{"size 0", make([]byte, 30), 0},
		{"size beyond", append(entry("1", 24)[:16], 255, 255, 0, '1', 0), 0},
	}
	for _, test := range tests {
		if got, rest := nextPID(test.in); got != test.want || len(rest) != 0 {
			t.Errorf("%s: nextPID = %d and %d bytes, want %d and 0", test.name, got, len(rest), test.want)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	table := newProcTable("/proc")
	if err := table.scan(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := table.scan(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(table.alive)), "processes")
}
