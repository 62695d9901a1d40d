package collect

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"

	"github.com/google/go-cmp/cmp"
)

// processesHost writes a host with some processes and returns its root.
func processesHost(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	putFile(t, root, "proc/stat", "cpu  1 1 1 1\nbtime 1764000000\nprocesses 5\n")
	putFile(t, root, "etc/passwd", "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n")
	for pid, status := range map[string]string{"10": "0\t0", "20": "1000\t1000", "30": "1000\t77"} {
		putFile(t, root, "proc/"+pid+"/status", "Name:\tx\nUid:\t"+status+"\t0\t0\n")
	}
	putFile(t, root, "proc/20/cmdline", "/usr/bin/firefox\x00-P\x00a\x1bb\x00\x00")
	putProcess(t, root, 2, "kworker/0:1-events", 'D', 500, 1, 0)
	putProcess(t, root, 10, "init", 'S', 1000, 100, 2000)
	putProcess(t, root, 20, "firefox", 'R', 5000, 360000, 90000)
	putProcess(t, root, 30, "a\nb", 'Z', 7, 400000, 1)
	return root
}

// processesOf returns the collector of a host.
func processesOf(t *testing.T, root string, options ProcessesOptions) *processes {
	t.Helper()
	c, err := newProcesses(Config{Host: kernel.Host{Root: root}, Processes: options})
	if err != nil {
		t.Fatal(err)
	}
	return c.(*processes)
}

// filter compiles patterns.
func filter(t *testing.T, include, exclude []string) Filter {
	t.Helper()
	f, err := NewFilter(include, exclude)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// collected takes one sample.
func collected(t *testing.T, c *processes, now time.Time) *schema.Processes {
	t.Helper()
	var s schema.Stats
	if err := c.Collect(t.Context(), &s, now); err != nil {
		t.Fatal(err)
	}
	return s.Processes
}

func TestProcessesCollect(t *testing.T) {
	root := processesHost(t)
	c := processesOf(t, root, ProcessesOptions{Top: 2, Command: true})
	c.page = 4096
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	if first := collected(t, c, now); first.TopCPU != nil || len(first.TopMemory) != 2 {
		t.Errorf("first sample: %d and %d rows, want 0 and 2", len(first.TopCPU), len(first.TopMemory))
	}
	putProcess(t, root, 2, "kworker/0:1-events", 'D', 550, 1, 0)
	putProcess(t, root, 20, "firefox", 'R', 8000, 360000, 90000)
	got := collected(t, c, now.Add(10*time.Second))
	firefox := schema.Process{
		PID: 20, Name: "firefox", User: "ann", State: "R", CPUPercent: new(300.0), MemoryBytes: 90000 * 4096, Threads: 2,
		Started: time.Unix(1764003600, 0).UTC(), Command: "/usr/bin/firefox -P a�b",
	}
	want := &schema.Processes{
		Total: 4, Running: 1, Blocked: 1, Zombie: 1, Threads: 8,
		TopCPU: []schema.Process{firefox, {
			PID: 2, Name: "kworker/0:1-events", State: "D", CPUPercent: new(5.0), Threads: 2, Started: time.Unix(1764000000, 0).UTC(),
		}},
		TopMemory: []schema.Process{firefox, {
			PID: 10, Name: "init", User: "root", State: "S", CPUPercent: new(0.0), MemoryBytes: 2000 * 4096, Threads: 2,
			Started: time.Unix(1764000001, 0).UTC(),
		}},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("second sample (-got +want):\n%s", diff)
	}
}

func TestProcessesOptions(t *testing.T) {
	root := processesHost(t)
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	hidden := collected(t, processesOf(t, root, ProcessesOptions{Top: 5, Names: filter(t, nil, []string{"fire*"})}), now)
	if hidden.Total != 4 || hidden.Running != 1 {
		t.Errorf("excluded from tables: %d processes, %d running, want 4, 1", hidden.Total, hidden.Running)
	}
	if i := slices.IndexFunc(hidden.TopMemory, func(p schema.Process) bool { return p.Name == "firefox" }); i >= 0 {
		t.Errorf("excluded from tables: row %d is firefox", i)
	}
	bare := collected(t, processesOf(t, root, ProcessesOptions{Top: 5}), now)
	for _, p := range bare.TopMemory {
		if p.Command != "" || strings.ContainsFunc(p.Name, func(r rune) bool { return r < ' ' }) {
			t.Errorf("row %+v, want no command and a clean name", p)
		}
		if p.PID == 30 && p.User != "77" {
			t.Errorf("a user without a name: got %q, want 77", p.User)
		}
	}
	if none := collected(t, processesOf(t, root, ProcessesOptions{}), now); none.TopMemory != nil || none.Total != 4 {
		t.Errorf("no tables: %d rows of %d, want 0 of 4", len(none.TopMemory), none.Total)
	}
}

func TestProcessesNamesTheOwner(t *testing.T) {
	c := processesOf(t, "/", ProcessesOptions{Top: 1 << 20})
	defer c.Close()
	for _, p := range collected(t, c, noon).TopMemory {
		if want := c.users.name(uint32(os.Geteuid())); p.PID == os.Getpid() && p.User != want {
			t.Errorf("the test's own user: got %q, want %q", p.User, want)
		}
	}
}

func TestKeepTop(t *testing.T) {
	var top []*process
	for _, busy := range []uint64{3, 9, 1, 9, 4, 0, 7} {
		top = keepTop(top, 3, &process{pid: len(top), busy: busy}, usesMoreCPU)
	}
	var got []uint64
	for _, p := range top {
		got = append(got, p.busy)
	}
	if want := []uint64{9, 9, 7}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCleanCommand(t *testing.T) {
	tests := map[string]string{
		"":                        "",
		"\x00\x00":                "",
		"sh\x00-c\x00a b\x00":     "sh -c a b",
		"nginx: worker process\n": "nginx: worker process�",
		strings.Repeat("x", 300):  strings.Repeat("x", 256),
	}
	for in, want := range tests {
		if got := cleanCommand([]byte(in)); got != want {
			t.Errorf("cleanCommand(%q) = %q, want %q", in, got, want)
		}
	}
}

func BenchmarkProcesses(b *testing.B) {
	c, err := newProcesses(Config{Processes: ProcessesOptions{Top: 5}})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		var s schema.Stats
		now = now.Add(time.Second)
		if err := c.Collect(b.Context(), &s, now); err != nil {
			b.Fatal(err)
		}
	}
}
