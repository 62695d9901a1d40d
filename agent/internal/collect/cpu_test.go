package collect

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// start is the moment of the first sample in tests.
var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// put writes files of a machine that a test makes up, by their absolute path.
func put(t testing.TB, h kernel.Host, files map[string]string) {
	t.Helper()
	for path, content := range files {
		if err := os.MkdirAll(filepath.Dir(h.Path(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(h.Path(path), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// checkPercent fails the test where a percentage isn't one.
func checkPercent(t *testing.T, name string, p *float64) {
	t.Helper()
	if p != nil && !(*p >= 0 && *p <= 100) {
		t.Errorf("%s: got %v, want 0 to 100", name, *p)
	}
}

// show prints a number that may be absent.
func show(p *float64) string {
	if p == nil {
		return "absent"
	}
	return fmt.Sprint(*p)
}

func TestSpent(t *testing.T) {
	before := cpuTicks{user: 100, nice: 100, system: 100, idle: 100, iowait: 100, irq: 100, softIRQ: 100, steal: 100, guest: 100, guestNice: 100}
	for _, test := range []struct {
		name string
		now  cpuTicks
		want schema.CPU
	}{{
		name: "nothing passed",
		now:  before,
	}, {
		name: "every field",
		now:  cpuTicks{user: 120, nice: 110, system: 110, idle: 130, iowait: 110, irq: 105, softIRQ: 105, steal: 110, guest: 100, guestNice: 100},
		want: usages(60, 20, 10, 10, 10, 10, 10, 0),
	}, {
		name: "guests count in user and nice",
		now:  cpuTicks{user: 140, nice: 120, system: 100, idle: 140, iowait: 100, irq: 100, softIRQ: 100, steal: 100, guest: 130, guestNice: 120},
		want: usages(60, 10, 0, 0, 0, 0, 0, 50),
	}, {
		name: "iowait goes back",
		now:  cpuTicks{user: 150, nice: 100, system: 100, idle: 150, iowait: 60, irq: 100, softIRQ: 100, steal: 100, guest: 100, guestNice: 100},
		want: usages(50, 50, 0, 0, 0, 0, 0, 0),
	}, {
		name: "guest is ahead of user",
		now:  cpuTicks{user: 110, nice: 100, system: 100, idle: 100, iowait: 100, irq: 100, softIRQ: 100, steal: 100, guest: 120, guestNice: 100},
		want: usages(100, 0, 0, 0, 0, 0, 0, 100),
	}, {
		name: "all went back",
	}} {
		t.Run(test.name, func(t *testing.T) {
			var got schema.CPU
			spent(before, test.now).fill(&got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("spent (-want +got):\n%s", diff)
			}
		})
	}
}

// usages returns a section with these percentages.
func usages(usage, user, nice, system, iowait, irq, steal, guest float64) schema.CPU {
	return schema.CPU{
		UsagePercent: &usage, UserPercent: &user, NicePercent: &nice, SystemPercent: &system,
		IOWaitPercent: &iowait, IRQPercent: &irq, StealPercent: &steal, GuestPercent: &guest,
	}
}

// TestCPUHotplug takes a CPU away and brings it back.
func TestCPUHotplug(t *testing.T) {
	host := kernel.Host{Root: t.TempDir()}
	put(t, host, map[string]string{"/proc/loadavg": "0.50 0.25 0.10 1/100 999\n"})
	c, err := newCPU(Config{Host: host})
	if err != nil {
		t.Fatal(err)
	}
	now := start
	sample := func(stat, wantUsage string, wantCores map[string]string) {
		t.Helper()
		put(t, host, map[string]string{"/proc/stat": stat})
		var s schema.Stats
		if err := c.Collect(t.Context(), &s, now); err != nil {
			t.Fatal(err)
		}
		now = now.Add(10 * time.Second)
		cores := make(map[string]string)
		for id, core := range s.Core {
			cores[id] = show(core.UsagePercent)
		}
		if diff := cmp.Diff(wantCores, cores); diff != "" {
			t.Errorf("cores (-want +got):\n%s", diff)
		}
		if got := show(s.CPU.UsagePercent); got != wantUsage || s.CPU.Count != len(wantCores) {
			t.Errorf("got usage %s of %d CPUs, want %s of %d", got, s.CPU.Count, wantUsage, len(wantCores))
		}
	}
	sample("cpu  200 0 0 200\ncpu0 100 0 0 100\ncpu1 100 0 0 100\n", "absent", map[string]string{"0": "absent", "1": "absent"})
	sample("cpu  250 0 0 350\ncpu0 125 0 0 175\ncpu1 125 0 0 175\n", "25", map[string]string{"0": "25", "1": "25"})
	sample("cpu  300 0 0 400\ncpu0 175 0 0 225\n", "50", map[string]string{"0": "50"})
	sample("cpu  350 0 0 450\ncpu0 200 0 0 250\ncpu1 150 0 0 200\n", "50", map[string]string{"0": "50", "1": "absent"})
	sample("cpu  400 0 0 450\ncpu0 225 0 0 250\ncpu1 175 0 0 200\n", "100", map[string]string{"0": "100", "1": "100"})
}

func TestCPUFaults(t *testing.T) {
	host := kernel.Host{Root: t.TempDir()}
	put(t, host, map[string]string{"/proc/loadavg": "0.50 0.25 0.10 1/100 999\n"})
	c, err := newCPU(Config{Host: host})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Collect(t.Context(), &schema.Stats{}, start); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without stat: got error %v, want one that is fs.ErrNotExist", err)
	}
	put(t, host, map[string]string{"/proc/stat": "cpu  1 1 1 1\nctxt 10\n"})
	if err := c.Collect(t.Context(), &schema.Stats{}, start.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	// A sample that fails must not become what the next is measured against.
	put(t, host, map[string]string{"/proc/stat": "cpu  garbage\n"})
	if err := c.Collect(t.Context(), &schema.Stats{}, start.Add(2*time.Second)); !errors.Is(err, errStat) {
		t.Errorf("garbage: got error %v, want errStat", err)
	}
	put(t, host, map[string]string{"/proc/stat": "cpu  2 1 1 2\nctxt 110\n"})
	var s schema.Stats
	if err := c.Collect(t.Context(), &s, start.Add(11*time.Second)); err != nil {
		t.Fatal(err)
	}
	if got, want := show(s.CPU.ContextSwitchesPerSecond), "10"; got != want {
		t.Errorf("context switches: got %s a second, want %s", got, want)
	}
}

func TestClocks(t *testing.T) {
	const folder = "/sys/devices/system/cpu/cpufreq/"
	host := kernel.Host{Root: t.TempDir()}
	c := newClocks(host)
	if got := mean(c.read(2)); got != nil {
		t.Errorf("without cpufreq: got %v Hz, want none", *got)
	}
	put(t, host, map[string]string{
		folder + "policy0/affected_cpus":    "0 1\n",
		folder + "policy0/scaling_cur_freq": "800000\n",
		folder + "policy2/affected_cpus":    "2\n",
		folder + "policy2/scaling_cur_freq": "3500001\n",
		folder + "policy3/affected_cpus":    "3\n",
		folder + "policy3/scaling_cur_freq": "<unknown>\n",
		folder + "boost":                    "1\n",
	})
	rates := c.read(4) // another number of CPUs than before
	if diff := cmp.Diff(map[int]float64{0: 8e8, 1: 8e8, 2: 3.500001e9}, rates); diff != "" {
		t.Errorf("rates (-want +got):\n%s", diff)
	}
	if got, want := show(mean(rates)), "1.7e+09"; got != want {
		t.Errorf("mean: got %s, want %s", got, want)
	}
	c.patience = -time.Second // as if the kernel slept for each
	if got := c.read(4); len(got) != 2 {
		t.Errorf("slow kernel: got %v, want the first policy's CPUs", got)
	}
}

// TestCPULive reads the machine that the test runs on.
func TestCPULive(t *testing.T) {
	c, err := newCPU(Config{})
	if err != nil {
		t.Fatal(err)
	}
	var s schema.Stats
	for i := range 2 {
		if err := c.Collect(t.Context(), &s, start.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if s.CPU.Count < 1 || len(s.Core) != s.CPU.Count || math.IsNaN(s.CPU.Load1m) || s.CPU.InterruptsPerSecond == nil {
		t.Errorf("got %+v and %d cores, want a machine", s.CPU, len(s.Core))
	}
	checkPercent(t, "usage", s.CPU.UsagePercent)
}
