package collect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/procfs"

	"systant/pkg/schema"
)

func TestMemoryOfOldKernels(t *testing.T) {
	kib := func(n uint64) *uint64 { return new(n << 10) }
	m := fromMeminfo(procfs.Meminfo{MemTotalBytes: kib(1000), MemFreeBytes: kib(100), BuffersBytes: kib(50), CachedBytes: kib(250), SReclaimableBytes: kib(100)})
	if m.AvailableBytes != 500<<10 || m.UsagePercent != 50 || m.SwapUsagePercent != nil {
		t.Errorf("without MemAvailable and swap: got %+v", m)
	}
	m = fromMeminfo(procfs.Meminfo{MemTotalBytes: kib(1000), MemAvailableBytes: kib(4000), SwapTotalBytes: kib(10), SwapFreeBytes: kib(20)})
	if m.UsedBytes != 0 || m.SwapUsedBytes != 0 || *m.SwapUsagePercent != 0 {
		t.Errorf("with more available than there is: got %+v", m)
	}
}

func TestMemoryShared(t *testing.T) {
	kib := func(n uint64) *uint64 { return new(n << 10) }
	m := fromMeminfo(procfs.Meminfo{MemTotalBytes: kib(1000), MemFreeBytes: kib(100), CachedBytes: kib(300), ShmemBytes: kib(200)})
	if got, want := m.AvailableBytes, uint64(200<<10); got != want {
		t.Errorf("without MemAvailable: got %d bytes available, want %d: shared memory can't be dropped", got, want)
	}
}

// TestMemoryCollect follows the counters over samples, and over faults.
func TestMemoryCollect(t *testing.T) {
	const meminfo = "MemTotal: 1000 kB\nMemAvailable: 600 kB\n"
	host := hostOf(t, map[string]string{"/proc/meminfo": meminfo, "/proc/vmstat": "pswpin 10\npgmajfault 50\n"})
	c, err := newMemory(Config{Host: host})
	if err != nil {
		t.Fatal(err)
	}
	now := start
	sample := func(files map[string]string) (*schema.Memory, error) {
		t.Helper()
		put(t, host, files)
		var s schema.Stats
		now = now.Add(10 * time.Second)
		err := c.Collect(t.Context(), &s, now)
		return s.Memory, err
	}
	check := func(moment string, files map[string]string, swapIn, faults string) {
		t.Helper()
		m, err := sample(files)
		if err != nil {
			t.Fatalf("%s: %v", moment, err)
		}
		if in, major := show(m.SwapInBytesPerSecond), show(m.MajorFaultsPerSecond); in != swapIn || major != faults {
			t.Errorf("%s: got %s bytes and %s faults a second, want %s and %s", moment, in, major, swapIn, faults)
		}
		if m.SwapOutBytesPerSecond != nil || m.OOMKillsTotal != nil {
			t.Errorf("%s: got counters that the kernel does not have, want none: %+v", moment, m)
		}
	}
	check("the first", nil, "absent", "absent")
	page := float64(os.Getpagesize())
	check("ten pages later", map[string]string{"/proc/vmstat": "pswpin 20\npgmajfault 55\n"}, fmt.Sprint(page), "0.5")
	check("a reset", map[string]string{"/proc/vmstat": "pswpin 1\npgmajfault 56\n"}, "absent", "0.1")

	if m, err := sample(map[string]string{"/proc/meminfo": "MemFree: 1 kB\n"}); !errors.Is(err, errMeminfo) || m != nil {
		t.Errorf("without MemTotal: got %+v and error %v, want errMeminfo", m, err)
	}
	put(t, host, map[string]string{"/proc/meminfo": meminfo})
	if err := os.Remove(host.Path("/proc/vmstat")); err != nil {
		t.Fatal(err)
	}
	if m, err := sample(nil); !errors.Is(err, fs.ErrNotExist) || m == nil || m.UsedBytes != 400<<10 {
		t.Errorf("without vmstat: got %+v and error %v, want the sizes and an error", m, err)
	}
}

func TestParseVMStat(t *testing.T) {
	got := parseVMStat([]byte("nr_free_pages 1\npswpin 5\npswpout x\npgmajfault\noom_kill 7\n\npgmajfaults 3"))
	if diff := cmp.Diff(map[string]uint64{"pswpin": 5, "oom_kill": 7}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzParseVMStat(f *testing.F) {
	f.Add([]byte("pswpin 5\noom_kill 18446744073709551616\n"))
	f.Fuzz(func(_ *testing.T, data []byte) { parseVMStat(data) })
}
