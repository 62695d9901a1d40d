package collect

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// psi returns the files of /proc/pressure with these totals, in microseconds.
func psi(cpu, memory, io uint64) map[string]string {
	line := func(kind string, total uint64) string {
		return fmt.Sprintf("%s avg10=99.99 avg60=1.00 avg300=0.10 total=%d\n", kind, total)
	}
	return map[string]string{
		"/proc/pressure/cpu":    line("some", cpu), // before Linux 5.13 there is no line full
		"/proc/pressure/memory": line("some", memory) + line("full", memory/2),
		"/proc/pressure/io":     line("some", io) + line("full", io/2),
	}
}

func TestPressure(t *testing.T) {
	host := hostOf(t, psi(1e6, 2e6, 4e6))
	c, err := newPressure(Config{Host: host})
	if err != nil {
		t.Fatal(err)
	}
	now := start
	check := func(moment string, files map[string]string, want *schema.Pressure) {
		t.Helper()
		put(t, host, files)
		var s schema.Stats
		if err := c.Collect(t.Context(), &s, now); err != nil {
			t.Fatalf("%s: %v", moment, err)
		}
		now = now.Add(10 * time.Second)
		if diff := cmp.Diff(want, s.Pressure); diff != "" {
			t.Errorf("%s (-want +got):\n%s", moment, diff)
		}
	}
	check("the first", nil, nil)
	check("10 s later", psi(2e6, 2e6, 9e6), &schema.Pressure{
		CPUSomePercent: new(10.0), MemorySomePercent: new(0.0), MemoryFullPercent: new(0.0), IOSomePercent: new(50.0), IOFullPercent: new(25.0),
	})
	check("more than there was time", psi(2e6, 2e6, 90e6), &schema.Pressure{
		CPUSomePercent: new(0.0), MemorySomePercent: new(0.0), MemoryFullPercent: new(0.0), IOSomePercent: new(100.0), IOFullPercent: new(100.0),
	})
	check("totals that went back", psi(1e6, 3e6, 1e6), &schema.Pressure{
		MemorySomePercent: new(10.0), MemoryFullPercent: new(5.0),
	})
}

func TestPressureFaults(t *testing.T) {
	good := psi(1, 2, 3)
	check := func(name string, change func(files map[string]string), absent bool) {
		t.Helper()
		files := maps.Clone(good)
		change(files)
		host := kernel.Host{Root: t.TempDir()}
		put(t, host, map[string]string{"/proc/stat": ""})
		put(t, host, files)
		c, err := newPressure(Config{Host: host})
		if err != nil {
			t.Fatal(err)
		}
		var s schema.Stats
		if err := c.Collect(t.Context(), &s, start); err == nil || errors.Is(err, ErrAbsent) != absent || s.Pressure != nil {
			t.Errorf("%s: got %v and error %v, want an error that is ErrAbsent %v", name, s.Pressure, err, absent)
		}
	}
	check("a kernel without PSI", func(files map[string]string) { clear(files) }, true)
	check("garbage", func(files map[string]string) { files["/proc/pressure/io"] = "some avg10=x\n" }, false)
}

func TestParsePSI(t *testing.T) {
	check := func(text string, want stall, good bool) {
		t.Helper()
		got, err := parsePSI([]byte(text))
		if got != want || (err == nil) != good {
			t.Errorf("parsePSI of %q: got %+v and error %v, want %+v and success %v", text, got, err, want, good)
		}
	}
	some := stall{some: stallTime{7, true}}
	check("some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n", some, true)
	check("some avg10=0.00 total=7\nirq avg10=x\n", some, true)
	check("some avg10=0.00 avg60=0.00 avg300=0.00 total=7\nfull avg10=0.00 total=0", stall{stallTime{7, true}, stallTime{0, true}}, true)
	check("full avg10=0.00 total=0\n", stall{}, false)
	check("some avg10=0.00\n", stall{}, false)
	check("some total=7\n", stall{}, false)
	check("some avg10=0.00 total=-7\n", stall{}, false)
	check("some avg10=0.00 total=18446744073709551616\n", stall{}, false)
	check("", stall{}, false)
}

func FuzzParsePSI(f *testing.F) {
	f.Add([]byte("some avg10=0.00 avg60=0.00 avg300=0.00 total=7\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=3\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parsePSI(data)
		if (err == nil) != s.some.known {
			t.Errorf("got %+v and error %v, want one of them", s, err)
		}
	})
}

// TestPressureLive reads the machine that the test runs on.
func TestPressureLive(t *testing.T) {
	c, err := newPressure(Config{})
	if err != nil {
		t.Fatal(err)
	}
	var s schema.Stats
	for i := range 2 {
		if err := c.Collect(t.Context(), &s, start.Add(time.Duration(i)*time.Hour)); errors.Is(err, ErrAbsent) {
			if data, err := os.ReadFile("/proc/pressure/cpu"); err == nil {
				t.Errorf("got ErrAbsent, want what the kernel says: %q", data)
			}
			t.Skip("the kernel has no PSI, or it is switched off")
		} else if err != nil {
			t.Fatal(err)
		}
	}
	checkPercent(t, "CPU", s.Pressure.CPUSomePercent)
	checkPercent(t, "I/O", s.Pressure.IOFullPercent)
	if s.Pressure.MemorySomePercent == nil {
		t.Errorf("got %+v, want percentages", s.Pressure)
	}
}
