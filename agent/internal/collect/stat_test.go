package collect

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/procfs"
)

// everyStat lets cmp compare readings of /proc/stat.
var everyStat = cmp.AllowUnexported(kernelStat{}, coreTicks{}, cpuTicks{})

func TestParseStat(t *testing.T) {
	const text = `cpu  10 20 30 40 50 60 70 80 90 100
cpu0 1 2 3 4 5 6 7 8 9 10
cpu2 9 18 27 36 45 54 63 72 81 90
intr 12345 0 9 0 18446744073709551615
ctxt 678
btime 1749930000
processes 99
procs_running 1
procs_blocked 0
softirq 1 2 3
`
	want := kernelStat{
		total: cpuTicks{10, 20, 30, 40, 50, 60, 70, 80, 90, 100},
		cores: []coreTicks{
			{0, cpuTicks{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
			{2, cpuTicks{9, 18, 27, 36, 45, 54, 63, 72, 81, 90}},
		},
		contextSwitches: 678,
		interrupts:      12345,
		forks:           99,
	}
	got := kernelStat{cores: make([]coreTicks, 9), forks: 7} // must all be replaced
	if err := got.parse([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, everyStat); diff != "" {
		t.Errorf("parse (-want +got):\n%s", diff)
	}
}

func TestParseStatOdd(t *testing.T) {
	check := func(name, text string, good bool) {
		t.Helper()
		var s kernelStat
		if err := s.parse([]byte(text)); (err == nil) != good || err != nil && !errors.Is(err, errStat) {
			t.Errorf("%s: got error %v, want success %v", name, err, good)
		}
	}
	check("four fields of a kernel 2.4", "cpu  1 2 3 4\n", true)
	check("more fields than are known", "cpu 1 2 3 4 5 6 7 8 9 10 11 12\n", true)
	check("no line feed at the end", "cpu  1 2 3 4", true)
	check("a line that nobody knows", "cpu  1 2 3 4\nfoo bar\n\n", true)
	check("nothing", "", false)
	check("no cpu line", "ctxt 1\n", false)
	check("three fields", "cpu  1 2 3\n", false)
	check("a word", "cpu  1 2 3 x\n", false)
	check("a word further on", "cpu  1 2 3 4 5 x\n", false)
	check("a negative number", "cpu  1 2 3 -4\n", false)
	check("a number beyond 64 bits", "cpu  1 2 3 18446744073709551616\n", false)
	check("a CPU without a number", "cpu  1 2 3 4\ncpux 1 2 3 4\n", false)
	check("a CPU that can't be", "cpu  1 2 3 4\ncpu99999999999 1 2 3 4\n", false)
	check("a counter without a number", "cpu  1 2 3 4\nctxt\n", false)
}

// TestParseStatLikeProcfs holds the parser against procfs' on the machine
// that the test runs on and on the recorded ones.
func TestParseStatLikeProcfs(t *testing.T) {
	folders := []string{"/proc"}
	archives, err := filepath.Glob("testdata/machines/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, archive := range archives {
		folders = append(folders, unpack(t, archive).host.Path("/proc"))
	}
	for _, folder := range folders {
		fs, err := procfs.NewFS(folder)
		if err != nil {
			t.Fatal(err)
		}
		want, err := fs.Stat()
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(folder + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		var got kernelStat
		if err := got.parse(data); err != nil {
			t.Fatalf("%s: %v", folder, err)
		}
		if len(got.cores) != len(want.CPU) || got.contextSwitches < want.ContextSwitches || got.forks < want.ProcessCreated || got.interrupts < want.IRQTotal {
			t.Errorf("%s: got %+v, want %+v, or a little more", folder, got, want)
		}
		if user := float64(got.total.user) / userHZ; user < want.CPUTotal.User || user > want.CPUTotal.User+1 {
			t.Errorf("%s: got %v s in user mode, want %v", folder, user, want.CPUTotal.User)
		}
	}
}

// bigStat returns /proc/stat of a server with many CPUs and interrupts.
func bigStat(cpus, interrupts int) []byte {
	var b strings.Builder
	const times = " 123456789 1234 23456789 9876543210 34567 0 45678 0 0 0\n"
	b.WriteString("cpu " + times)
	for id := range cpus {
		fmt.Fprintf(&b, "cpu%d%s", id, times)
	}
	b.WriteString("intr 123456789012" + strings.Repeat(" 0", interrupts) + "\nctxt 234567890123\nbtime 1749930000\nprocesses 3456789\n")
	return []byte(b.String())
}

func FuzzParseStat(f *testing.F) {
	f.Add(bigStat(2, 3))
	f.Add([]byte("cpu  1 2 3 4\ncpu0 1 2 3 4\nintr 5\n"))
	f.Add([]byte("cpu  18446744073709551615 0 0 0\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, now kernelStat
		if before.parse(data) != nil {
			return
		}
		if len(before.cores) > maxCPUs {
			t.Errorf("got %d CPUs, want at most %d", len(before.cores), maxCPUs)
		}
		// Any reading after any other gives percentages, or none.
		if err := now.parse(bigStat(2, 3)); err != nil {
			t.Fatal(err)
		}
		for _, spent := range []cpuTime{spent(before.total, now.total), spent(now.total, before.total)} {
			checkPercent(t, "usage", spent.usage())
			checkPercent(t, "guest", spent.of(spent.guest))
		}
	})
}

func BenchmarkParseStat(b *testing.B) {
	folder := b.TempDir()
	data := bigStat(256, 4000)
	if err := os.WriteFile(folder+"/stat", data, 0o644); err != nil {
		b.Fatal(err)
	}
	b.Run("own", func(b *testing.B) {
		var s kernelStat
		b.ReportAllocs()
		for b.Loop() {
			if err := s.parse(data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("procfs", func(b *testing.B) {
		fs, err := procfs.NewFS(folder)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := fs.Stat(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
