package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"systant/pkg/schema"
)

// Sampler takes samples of the whole host. It is for one goroutine. See [New].
type Sampler struct {
	config   Config
	log      *slog.Logger
	running  []running
	bootID   string
	sequence uint64
}

// running is a collector with what is known of its health.
type running struct {
	name      string
	collector Collector
	fault     string // the error that was logged last; empty when all is well
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
	for _, m := range modules {
		if !c.wanted(m.name) {
			continue
		}
		collector, err := m.new(c)
		if err != nil {
			return nil, fmt.Errorf("starting collector %s: %w", m.name, err)
		}
		s.running = append(s.running, running{name: m.name, collector: collector})
	}
	return s, nil
}

// Prime reads everything once, so that the first sample has something to
// measure rates against.
func (s *Sampler) Prime(ctx context.Context) {
	s.collect(ctx, &schema.Stats{}, time.Now())
}

// Sample reads the host. Sections whose collector failed, or whose subject
// the host lacks, are absent.
func (s *Sampler) Sample(ctx context.Context) *schema.Stats {
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
	s.collect(ctx, stats, now)
	if stats.System != nil {
		stats.System.CPUCelsius = cpuCelsius(stats.Temperature)
	}
	if stats.Self != nil {
		stats.Self.CollectionSeconds = round(time.Since(started).Seconds(), 6)
	}
	return stats
}

// Close ends what collectors keep open.
func (s *Sampler) Close() error {
	var fault error
	for _, r := range s.running {
		if closer, ok := r.collector.(io.Closer); ok {
			fault = errors.Join(fault, closer.Close())
		}
	}
	return fault
}

// collect runs the collectors one after another: at some microseconds each,
// running them at once would cost more than it saves.
func (s *Sampler) collect(ctx context.Context, stats *schema.Stats, now time.Time) {
	for i := range s.running {
		r := &s.running[i]
		r.note(s.log, guard(ctx, r.collector, stats, now))
	}
}

// guard turns a collector's panic into an error: a driver that says something
// nobody foresaw must not take the other metrics away.
func guard(ctx context.Context, c Collector, stats *schema.Stats, now time.Time) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("collector panicked: %v", cause)
		}
	}()
	return c.Collect(ctx, stats, now)
}

// note logs how a collector fares, once for each change.
func (r *running) note(log *slog.Logger, err error) {
	fault := ""
	if err != nil {
		fault = err.Error()
	}
	if fault == r.fault {
		return
	}
	recovered := r.fault != "" && err == nil
	r.fault = fault
	log = log.With("collector", r.name)
	switch {
	case errors.Is(err, ErrAbsent):
		log.Debug("collector has nothing to read", "err", err)
	case err != nil:
		log.Warn("collector failed", "err", err)
	case recovered:
		log.Info("collector recovered")
	}
}
