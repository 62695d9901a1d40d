package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"systant/pkg/schema"
)

// Sampler takes samples of the whole host. It is for one goroutine. See [New].
type Sampler struct {
	config   Config
	log      *slog.Logger
	running  []*running
	bootID   string
	sequence uint64
}

// running is a collector with what is known of its health.
type running struct {
	name      string
	collector Collector
	state     string      // the error that was noted last; empty when all is well
	failed    bool        // that error is a fault
	busy      atomic.Bool // a call is under way, which may have been given up
}

// New returns a sampler that runs the collectors that c wants. Faults of
// collectors are logged when they start, change and end.
func New(c Config, log *slog.Logger) (*Sampler, error) {
	s := &Sampler{config: c, log: log}
	id, err := c.Host.Text("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return nil, fmt.Errorf("reading the boot id: %w", err)
	}
	s.bootID = id
	for _, name := range c.Modules {
		if !slices.Contains(Modules(), name) {
			return nil, fmt.Errorf("there is no module %q; there are %s", name, strings.Join(Modules(), " "))
		}
	}
	for _, m := range modules {
		if !c.wanted(m.name) {
			continue
		}
		collector, err := m.new(c)
		if err != nil {
			return nil, fmt.Errorf("starting collector %s: %w", m.name, err)
		}
		s.running = append(s.running, &running{name: m.name, collector: collector})
	}
	return s, nil
}

// Prime reads everything once, so that the first sample has something to
// measure rates against.
func (s *Sampler) Prime(ctx context.Context) {
	s.collect(ctx, &schema.Stats{}, time.Now())
}

// Sample reads the host. Sections whose collector failed, or whose subject
// the host lacks, are absent. A device that hangs delays the sample that
// finds it by some seconds, and no later one.
func (s *Sampler) Sample(ctx context.Context) *schema.Stats {
	return s.sampleAt(ctx, time.Now())
}

// Inventory reads the host as [Sampler.Sample] does, to see what there is. It
// does not count as a sample.
func (s *Sampler) Inventory(ctx context.Context) *schema.Stats {
	s.sequence--
	return s.sampleAt(ctx, time.Now())
}

// sampleAt is [Sampler.Sample] at a given time.
func (s *Sampler) sampleAt(ctx context.Context, now time.Time) *schema.Stats {
	s.sequence++
	stats := &schema.Stats{
		Timestamp:       now.UTC().Truncate(time.Millisecond),
		Hostname:        s.config.Hostname,
		BootID:          s.bootID,
		Sequence:        s.sequence,
		IntervalSeconds: s.config.Interval.Seconds(),
		Tags:            s.config.Tags,
	}
	started := time.Now()
	stats = s.collect(ctx, stats, now)
	if stats.System != nil {
		stats.System.CPUCelsius = cpuCelsius(stats.Temperature)
	}
	if stats.Self != nil {
		stats.Self.CollectionSeconds = round(time.Since(started).Seconds(), 6)
	}
	return stats
}

// Close ends what collectors keep open, but for those that still hang.
func (s *Sampler) Close() error {
	var fault error
	for _, r := range s.running {
		if r.busy.Load() {
			continue
		}
		if closer, ok := r.collector.(io.Closer); ok {
			fault = errors.Join(fault, closer.Close())
		}
	}
	return fault
}

// collect runs the collectors and returns stats with what they read.
func (s *Sampler) collect(ctx context.Context, stats *schema.Stats, now time.Time) *schema.Stats {
	for rest := s.running; len(rest) > 0; {
		p := newPass(rest, stats)
		go p.run(ctx, now)
		var faults []error
		stats, faults = p.wait()
		for i, fault := range faults {
			rest[i].note(s.log, fault)
		}
		rest = rest[len(faults):]
	}
	return stats
}

// note logs how a collector fares, once for each change.
func (r *running) note(log *slog.Logger, err error) {
	state := ""
	if err != nil {
		state = err.Error()
	}
	if state == r.state {
		return
	}
	absent, failed := errors.Is(err, ErrAbsent), r.failed
	r.state, r.failed = state, err != nil && !absent
	log = log.With("collector", r.name)
	if failed && !r.failed {
		log.Info("collector recovered")
	}
	switch panicked := (*panicError)(nil); {
	case absent:
		log.Debug("collector has nothing to read", "err", err)
	case errors.As(err, &panicked):
		log.Error("collector failed", "err", err, "stack", string(panicked.stack))
	case err != nil:
		log.Warn("collector failed", "err", err)
	}
}
