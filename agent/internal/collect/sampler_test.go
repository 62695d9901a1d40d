package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// scripted is a collector that does what the test says.
type scripted struct {
	collect func(*schema.Stats) error
}

// Collect does what the test says.
func (c scripted) Collect(_ context.Context, s *schema.Stats, _ time.Time) error {
	return c.collect(s)
}

// samplerOf returns a sampler with one collector, and what it logs.
func samplerOf(collect func(*schema.Stats) error) (*Sampler, *bytes.Buffer) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	return &Sampler{log: log, running: []*running{{name: "test", collector: scripted{collect}}}}, &out
}

func TestFaultsAreLoggedOncePerChange(t *testing.T) {
	answers := []error{nil, ErrAbsent, errors.New("broken"), errors.New("broken"), errors.New("worse"), nil, nil}
	calls := 0
	s, out := samplerOf(func(*schema.Stats) error { calls++; return answers[calls-1] })
	for range answers {
		s.Sample(t.Context())
	}
	want := []string{
		`level=WARN msg="collector failed" collector=test err=broken`,
		`level=WARN msg="collector failed" collector=test err=worse`,
		`level=INFO msg="collector recovered" collector=test`,
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(out.String()), "\n")); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// TestHungCollector checks that a device that hangs delays one sample, keeps
// nothing else from being read, and is read again when it is back.
func TestHungCollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := make(chan struct{})
		s, out := samplerOf(func(s *schema.Stats) error {
			<-device
			s.Memory = &schema.Memory{TotalBytes: 1}
			return nil
		})
		calls := make(map[string]int)
		core := func(name string) *running {
			return &running{name: name, collector: scripted{func(s *schema.Stats) error {
				calls[name]++
				s.Core = maps.Clone(s.Core)
				if s.Core == nil {
					s.Core = make(map[string]schema.Core)
				}
				s.Core[name] = schema.Core{}
				return nil
			}}}
		}
		s.running = []*running{core("before"), s.running[0], core("after")}
		check := func(moment string, took time.Duration, memory bool) {
			t.Helper()
			started := time.Now()
			stats := s.Sample(t.Context())
			if got := time.Since(started); got != took {
				t.Errorf("%s: took %v, want %v", moment, got, took)
			}
			if len(stats.Core) != 2 || (stats.Memory != nil) != memory {
				t.Errorf("%s: got %d sections of 2 and memory %v, want memory %v", moment, len(stats.Core), stats.Memory, memory)
			}
		}
		check("when it begins to hang", patience, false)
		check("while it hangs", 0, false)
		if err := s.Close(); err != nil {
			t.Errorf("Close while a collector hangs: got error %v, want none", err)
		}
		close(device)
		synctest.Wait()
		if diff := cmp.Diff(map[string]int{"before": 2, "after": 2}, calls); diff != "" {
			t.Errorf("calls of the others in two samples (-want +got):\n%s", diff)
		}
		check("when it is back", 0, true)
		want := []string{
			`level=WARN msg="collector failed" collector=test err="hangs in the kernel or a driver"`,
			`level=INFO msg="collector recovered" collector=test`,
		}
		if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(out.String()), "\n")); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}

// TestSlowCollectors checks that collectors which are slow together but not
// each are waited for.
func TestSlowCollectors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(*schema.Stats) error {
			time.Sleep(patience * 3 / 4)
			return nil
		}
		s, out := samplerOf(slow)
		for range 3 {
			s.running = append(s.running, &running{name: "more", collector: scripted{slow}})
		}
		started := time.Now()
		s.Sample(t.Context())
		if got, want := time.Since(started), 3*patience; got != want || out.Len() > 0 {
			t.Errorf("got a sample in %v and log %q, want it in %v and no log", got, out, want)
		}
	})
}

func TestAbsence(t *testing.T) {
	answers := []error{errors.New("broken"), ErrAbsent, nil, fmt.Errorf("no card: %w", ErrAbsent)}
	calls := 0
	s, out := samplerOf(func(*schema.Stats) error { calls++; return answers[calls-1] })
	for range answers {
		s.Sample(t.Context())
	}
	want := []string{
		`level=WARN msg="collector failed" collector=test err=broken`,
		`level=INFO msg="collector recovered" collector=test`,
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(out.String()), "\n")); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestUnknownModule(t *testing.T) {
	c := everything(kernel.Host{})
	c.Modules = []string{"cpu", "gpus"}
	_, err := New(c, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), `no module "gpus"; there are cpu memory`) {
		t.Errorf("got error %v, want one that names the module and those that there are", err)
	}
}

func TestAPanicIsAFaultOfOneCollector(t *testing.T) {
	s, out := samplerOf(func(s *schema.Stats) error {
		s.CPU = &schema.CPU{}
		panic("index out of range")
	})
	s.running = append(s.running, &running{name: "next", collector: scripted{func(s *schema.Stats) error {
		s.Memory = &schema.Memory{TotalBytes: 1}
		return nil
	}}})
	stats := s.Sample(t.Context())
	if stats.Memory == nil {
		t.Error("the next collector did not run")
	}
	if stats.CPU != nil {
		t.Error("got a section of the collector that panicked, want none: it may be half filled")
	}
	if !strings.Contains(out.String(), "index out of range") || !strings.Contains(out.String(), "sampler_test.go") {
		t.Errorf("log: got %q, want the panic and where it was", out)
	}
}

func TestSampleCounts(t *testing.T) {
	config := everything(kernel.Host{})
	config.Modules = []string{"memory", "self"}
	s, err := New(config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.Prime(t.Context())
	first := s.sampleAt(t.Context(), time.Now().Add(time.Second))
	second := s.Sample(t.Context())
	switch {
	case first.Sequence != 1 || second.Sequence != 2:
		t.Errorf("sequence: got %d and %d, want 1 and 2", first.Sequence, second.Sequence)
	case first.BootID == "" || first.BootID != second.BootID:
		t.Errorf("boot id: got %q and %q", first.BootID, second.BootID)
	case first.CPU != nil || first.Memory == nil || first.Self == nil:
		t.Error("the sample has other sections than its modules'")
	case first.Memory.SwapInBytesPerSecond == nil:
		t.Error("the first sample after priming has no rates")
	}
}
