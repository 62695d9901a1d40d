package collect

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
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
	return &Sampler{log: log, running: []running{{name: "test", collector: scripted{collect}}}}, &out
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

func TestAPanicIsAFaultOfOneCollector(t *testing.T) {
	s, out := samplerOf(func(*schema.Stats) error { panic("index out of range") })
	s.running = append(s.running, running{name: "next", collector: scripted{func(s *schema.Stats) error {
		s.Memory = &schema.Memory{TotalBytes: 1}
		return nil
	}}})
	if stats := s.Sample(t.Context()); stats.Memory == nil {
		t.Error("the next collector did not run")
	}
	if !strings.Contains(out.String(), "index out of range") {
		t.Errorf("log: got %q", out)
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
	first, second := s.Sample(t.Context()), s.Sample(t.Context())
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
