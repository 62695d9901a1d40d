package dashboard

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"systant/dashboard/internal/fleet"
	"systant/dashboard/internal/history"
	"systant/dashboard/internal/ingest"
	"systant/dashboard/internal/promapi"
	"systant/dashboard/internal/rewind"
	"systant/dashboard/internal/web"
	"systant/pkg/schema"
)

// chronicle is what numbers are remembered by: the database in the process,
// and another engine.
type chronicle interface {
	Sample(s *schema.Stats, retained bool, now time.Time)
	Down(host string, since time.Time)
	Gone(host string)
	Run(ctx context.Context) error
	Status() history.Status
	Counters() history.Counters
}

// memory is all that remembers.
type memory struct {
	config     HistoryConfig
	chronicles []chronicle
	queries    http.Handler
	reader     *history.Reader
	rewind     *rewind.Store // nil where samples are not kept as they came
}

// newMemory returns what is to remember, or nil for nothing. What is remembered
// of each host is handed to recall, once it can be read.
func newMemory(c HistoryConfig, log *slog.Logger, onChange func(), recall func(host string, payload json.RawMessage)) *memory {
	if c.Path == "" {
		return nil
	}
	m := &memory{config: c}
	if c.Embedded {
		rollups := int64(0)
		if c.RollupRetention != 0 {
			rollups = c.MaxBytes / 3 // of what is for both
		}
		store := history.New(history.Options{
			Path: c.Path, Retention: c.Retention, MaxBytes: c.MaxBytes - rollups,
			RollupRetention: c.RollupRetention, MaxRollupBytes: rollups,
			Late: c.Late, MaxSeries: c.MaxSeries, Log: log, OnChange: onChange,
		})
		engine := history.NewEngine(store, log)
		m.chronicles = append(m.chronicles, store)
		m.queries, m.reader = promapi.New(engine, Version), engine.Reader
	}
	remote := history.RemoteOptions{
		WriteURL: c.RemoteWriteURL, QueryURL: c.QueryURL, Username: c.RemoteUsername, Password: c.RemotePassword,
		Late: c.Late, MaxSeries: c.MaxSeries, Log: log, OnChange: onChange,
	}
	if c.RemoteWriteURL != nil {
		m.chronicles = append(m.chronicles, history.NewRemote(remote))
	}
	if c.QueryURL != nil {
		m.queries, m.reader = promapi.NewProxy(c.QueryURL, history.Authorized(remote)), history.NewRemoteReader(remote)
	}
	if c.Rewind != 0 {
		m.rewind = rewind.New(rewind.Options{
			Path: filepath.Join(c.Path, "rewind.sqlite"), Retention: c.Rewind, MaxBytes: c.MaxRewindBytes,
			Recall: recall, Log: log, OnChange: onChange,
		})
	}
	return m
}

// run has all of it remember until ctx ends.
func (m *memory) run(ctx context.Context, tasks *errgroup.Group) {
	for _, one := range m.chronicles {
		tasks.Go(func() error { return one.Run(ctx) })
	}
	if m.rewind != nil {
		tasks.Go(func() error { return m.rewind.Run(ctx) })
	}
}

// sample remembers a sample.
func (m *memory) sample(s *schema.Stats, payload json.RawMessage, retained bool, now time.Time) {
	for _, one := range m.chronicles {
		one.Sample(s, retained, now)
	}
	if m.rewind == nil {
		return
	}
	if at, ok := history.Moment(s.Timestamp, m.config.Late, retained, now); ok {
		m.rewind.Add(s.Hostname, at, payload)
	}
}

// changes remembers what became of hosts.
func (m *memory) changes(changes fleet.Changes) {
	if m.rewind != nil {
		for _, name := range changes.Gone {
			m.rewind.Gone(name)
		}
	}
	for _, one := range m.chronicles {
		for _, name := range changes.Gone {
			one.Gone(name)
		}
		for _, row := range changes.Hosts {
			if row.State != fleet.Online {
				one.Down(row.Name, row.Since)
			}
		}
	}
}

// status returns the state of all: the first that is wrong.
func (m *memory) status() *history.Status {
	status := m.chronicles[0].Status()
	for _, one := range m.chronicles[1:] {
		if other := one.Status(); status.Error == "" && other.Error != "" {
			status.Error, status.Since = other.Error, other.Since
		}
	}
	if m.rewind != nil && status.Error == "" {
		if err := m.rewind.Error(); err != nil {
			status.Error = err.Error()
		}
	}
	return &status
}

// metrics returns its own numbers.
func (m *memory) metrics() []web.Metric {
	var all history.Counters
	all.Refused = map[string]uint64{}
	for _, one := range m.chronicles {
		counters := one.Counters()
		all.Samples += counters.Samples
		all.Lost += counters.Lost
		for reason, n := range counters.Refused {
			all.Refused[reason] += n
		}
	}
	lost := 0.0
	if m.rewind != nil {
		lost = float64(m.rewind.Lost())
	}
	return []web.Metric{
		counter("systant_history_samples_total", "Numbers remembered, by each engine.", "", single(float64(all.Samples))),
		counter("systant_history_refused_total", "Numbers not remembered, by reason.", "reason",
			labelled(all.Refused, history.Reasons()...)),
		counter("systant_history_lost_total", "Messages, or requests to another engine, that could not be written.", "",
			single(float64(all.Lost))),
		counter("systant_rewind_lost_total", "Samples not kept as they came, as they could not be written.", "", single(lost)),
	}
}

// recaller returns what hands a sample of the past to a fleet that may not know
// its host: as a retained one, which says nothing of the present.
func recaller(hosts *fleet.Fleet) func(host string, payload json.RawMessage) {
	return func(host string, payload json.RawMessage) {
		if stats, err := ingest.ParseStats(host, payload); err == nil { // it was good when it was kept
			hosts.Heard(stats.Timestamp, time.Now())
			_ = hosts.Sample(stats, payload, true, time.Now()) // a fleet that is full does without
		}
	}
}

// recorder has memory remember what the fleet has taken.
type recorder struct {
	*fleet.Fleet
	memory *memory
}

// Sample hands a sample to the fleet, and then to memory.
func (r *recorder) Sample(s *schema.Stats, payload json.RawMessage, retained bool, now time.Time) error {
	if err := r.Fleet.Sample(s, payload, retained, now); err != nil {
		return err
	}
	r.memory.sample(s, payload, retained, now)
	return nil
}
