package process

import (
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkRun measures a program that does nothing, in each way to contain
// it, and started plainly for comparison.
func BenchmarkRun(b *testing.B) {
	run := func(b *testing.B, contained bool) {
		tr := openTrial(b, contained, 1)
		c := Command{Path: "/bin/true", Args: []string{"true"}, Timeout: 10 * time.Second, OutputLimit: 1000}
		for b.Loop() {
			if got := tr.Run(b.Context(), c); got.Exit != 0 {
				b.Fatalf("got %+v, want exit 0", got)
			}
		}
	}
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			if _, err := exec.Command("/bin/true").CombinedOutput(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cgroup", func(b *testing.B) { run(b, true) })
	b.Run("tree", func(b *testing.B) { run(b, false) })
}

// BenchmarkFlood measures a second of a program that writes without end: what
// it costs the agent in memory and processor time.
func BenchmarkFlood(b *testing.B) {
	tr := openTrial(b, true, 0)
	c := Command{Path: "/bin/cat", Args: []string{"cat", "/dev/zero"}, Timeout: time.Second, OutputLimit: 50_000}
	b.ReportAllocs()
	before := processorTime(b)
	for b.Loop() {
		tr.Run(b.Context(), c)
	}
	b.ReportMetric((processorTime(b)-before).Seconds()/b.Elapsed().Seconds()*100, "%cpu")
}

// BenchmarkClean measures how output becomes text.
func BenchmarkClean(b *testing.B) {
	for name, line := range map[string]string{"text": "a line of plain output, as most are\n", "colours": "\x1b[1;32mok\x1b[0m x\r\n", "bytes": "\xff\xfe\x00\x01a"} {
		var data []byte
		for len(data) < 50_000 {
			data = append(data, line...)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				clean(data)
			}
		})
	}
}

// processorTime returns the processor time that this process has used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
