package collect

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/procfs"
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
