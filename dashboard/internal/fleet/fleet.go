package fleet

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"systant/pkg/schema"
)

// The bounds on what hosts say about their interval, and what is assumed of a
// host that has not said.
const (
	minInterval     = time.Second
	maxInterval     = 24 * time.Hour
	defaultInterval = 30 * time.Second
)

// StaleAfter is the number of intervals without a sample after which a host
// is stale. It is part of the contract with the page and not configurable.
const StaleAfter = 3

// maxSampleBytes bounds the samples of all hosts together. A real one is
// around 8 KiB, so that this is beyond the reach of 30,000 honest hosts.
const maxSampleBytes = 256 << 20

// ErrFull is returned for a host beyond the configured number of hosts, or a
// sample beyond the memory for all of them.
var ErrFull = errors.New("the fleet is full")

// Options bounds a fleet.
type Options struct {
	// MaxHosts is the number of hosts that are known at once.
	MaxHosts int
	// ForgetAfter is how long a host may be stale or offline before it is
	// removed; 0 keeps hosts for ever.
	ForgetAfter time.Duration
}

// Fleet is the current state of all hosts. It is safe for concurrent use.
type Fleet struct {
	options Options
	reader  *schema.Reader
	wake    chan struct{}

	// mu guards all below.
	mu    sync.Mutex
	hosts map[string]*host
	bytes int // sum of the samples' sizes
	dirty map[string]struct{}
	gone  map[string]struct{}
	ear   ear
}

// host is one host. Its summary is replaced, never changed in place below the
// first level, so that shallow copies may be handed out.
type host struct {
	summary Summary
	stats   json.RawMessage
	// heard is the moment from which silence counts. It carries Go's
	// monotonic clock, so that setting the machine's clock ages nobody.
	heard    time.Time
	interval time.Duration
	offline  bool // said by the status topic, and not contradicted since
	// claimed is when that was said, until it is believed; zero for never.
	claimed time.Time
}

// New returns an empty fleet.
func New(o Options) *Fleet {
	return &Fleet{
		options: o,
		reader:  schema.NewReader(),
		wake:    make(chan struct{}, 1),
		hosts:   map[string]*host{},
		dirty:   map[string]struct{}{},
		gone:    map[string]struct{}{},
	}
}

// Sample takes a host's sample, with its payload as received, or returns
// [ErrFull]. The caller has validated it and gives both away.
//
// A live sample is proof of life: it also contradicts an earlier "offline",
// which may be another client's last will or a forgery. A retained one was
// taken at an unknown moment before, so it is as old as its timestamp says
// and contradicts nothing; one that is no newer than the known sample comes
// from reconnecting to the broker and is ignored.
func (f *Fleet) Sample(s *schema.Stats, payload json.RawMessage, retained bool, now time.Time) error {
	summary := summarize(f.reader, s)
	if !retained {
		summary.note(clockReasons(s.Timestamp, now))
	}
	rank(&summary)
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.hosts[s.Hostname]
	if h != nil && retained && !s.Timestamp.After(h.summary.Timestamp) {
		return nil
	}
	if f.bytes+len(payload) > maxSampleBytes {
		return ErrFull
	}
	if h == nil && !f.makeRoom() {
		return ErrFull
	}
	heard := now
	if retained {
		heard = now.Add(-max(0, now.Sub(s.Timestamp)))
	}
	if h == nil {
		h = &host{}
		f.hosts[s.Hostname] = h
		delete(f.gone, s.Hostname)
	}
	date(summary.Reasons, h.summary.Reasons, heard.UTC())
	f.bytes += len(payload) - len(h.stats)
	summary.State, summary.Since, summary.Seen = h.summary.State, h.summary.Since, heard.UTC()
	h.summary, h.stats, h.heard, h.interval = summary, payload, heard, interval(s)
	if !retained {
		h.offline, h.claimed = false, time.Time{}
	}
	h.settle(now, &f.ear)
	f.changed(s.Hostname)
	return nil
}

// Status takes what the status topic says of a host, or returns [ErrFull]. A
// host that is heard of for the first time is kept, so that one that is down
// when the dashboard starts is shown as down; it makes room for hosts with
// samples. A live "online" is proof of life for three intervals; a retained
// one only takes an "offline" back. A live "offline" is believed after a moment: a
// broker that ends says it of all hosts, and may keep it for when it is back.
func (f *Fleet) Status(name string, online, retained bool, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.hosts[name]
	known := h != nil
	if !known {
		if len(f.hosts) >= f.options.MaxHosts {
			return ErrFull
		}
		h = &host{heard: now, interval: defaultInterval, summary: blank(name)}
		f.hosts[name] = h
		delete(f.gone, name)
	}
	if online && !retained {
		h.heard = now
	}
	switch {
	case online || !known || retained && !f.ear.echoes(h, now):
		h.offline, h.claimed = !online, time.Time{}
	case !retained && !h.offline && h.claimed.IsZero():
		h.claimed = now
	}
	if h.settle(now, &f.ear) {
		f.changed(name)
	}
	return nil
}

// Forget removes a host until it is heard of again.
func (f *Fleet) Forget(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.remove(name)
}

// Tick lets hosts become stale and forgets those silent for too long. It is
// called about once a second.
func (f *Fleet) Tick(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, h := range f.hosts {
		if h.settle(now, &f.ear) {
			f.changed(name)
		}
		away := h.summary.State != Online && now.Sub(h.summary.Since) >= f.options.ForgetAfter
		if f.options.ForgetAfter > 0 && away {
			f.remove(name)
		}
	}
}

// Hosts returns every host, by name.
func (f *Fleet) Hosts() []Summary {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Summary, 0, len(f.hosts))
	for _, h := range f.hosts {
		all = append(all, h.summary)
	}
	byName(all)
	return all
}

// Host returns one host, and false for an unknown one.
func (f *Fleet) Host(name string) (Detail, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.hosts[name]
	if h == nil {
		return Detail{}, false
	}
	return Detail{Host: h.summary, Stats: h.stats}, true
}

// Past returns a host as a sample of the past shows it.
func (f *Fleet) Past(s *schema.Stats, payload json.RawMessage, at time.Time) Detail {
	summary := summarize(f.reader, s)
	rank(&summary)
	summary.State, summary.Since, summary.Seen = Online, at, at
	return Detail{Host: summary, Stats: payload}
}

// States returns the number of hosts in each state.
func (f *Fleet) States() map[State]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	states := map[State]int{Online: 0, Stale: 0, Offline: 0}
	for _, h := range f.hosts {
		states[h.summary.State]++
	}
	return states
}

// Wake returns a channel that has something to receive after a change.
func (f *Fleet) Wake() <-chan struct{} { return f.wake }

// Changes takes what has changed since the call before.
func (f *Fleet) Changes() Changes {
	f.mu.Lock()
	defer f.mu.Unlock()
	changes := Changes{
		Hosts: make([]Summary, 0, len(f.dirty)),
		Gone:  slices.Sorted(maps.Keys(f.gone)),
	}
	for name := range f.dirty {
		changes.Hosts = append(changes.Hosts, f.hosts[name].summary)
	}
	byName(changes.Hosts)
	clear(f.dirty)
	clear(f.gone)
	return changes
}

// changed marks a host for [Fleet.Changes]. The mutex is held.
func (f *Fleet) changed(name string) {
	f.dirty[name] = struct{}{}
	f.rouse()
}

// remove takes a host out. The mutex is held.
func (f *Fleet) remove(name string) {
	h := f.hosts[name]
	if h == nil {
		return
	}
	f.bytes -= len(h.stats)
	delete(f.hosts, name)
	delete(f.dirty, name)
	f.gone[name] = struct{}{}
	f.rouse()
}

// rouse puts a token into the wake channel unless one is there.
func (f *Fleet) rouse() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// makeRoom tells whether a host can be added, after removing one that never
// sent a sample where that is needed: a flood of invented status messages
// must not keep real hosts out. The mutex is held.
func (f *Fleet) makeRoom() bool {
	if len(f.hosts) < f.options.MaxHosts {
		return true
	}
	for name, h := range f.hosts {
		if h.stats == nil {
			f.remove(name)
			return true
		}
	}
	return false
}

// settle derives the state from what is known, notes when it began, and tells
// whether it is another one.
func (h *host) settle(now time.Time, ear *ear) (changed bool) {
	limit := ear.limit(h.heard, StaleAfter*h.interval, now)
	state, since := Online, now
	if !h.claimed.IsZero() && now.Sub(h.claimed) >= claimHolds {
		h.offline, since = true, h.claimed
	}
	switch {
	case h.offline:
		state = Offline
	case !now.Before(limit):
		state, since = Stale, limit
	}
	if state == h.summary.State {
		return false
	}
	h.summary.State, h.summary.Since = state, since.UTC()
	return true
}

// interval returns the time that the host means to leave between samples,
// within sane bounds.
func interval(s *schema.Stats) time.Duration {
	if !(s.IntervalSeconds > 0) {
		return defaultInterval
	}
	seconds := min(s.IntervalSeconds, maxInterval.Seconds())
	return max(minInterval, time.Duration(seconds*float64(time.Second)))
}

// byName sorts hosts by name.
func byName(hosts []Summary) {
	slices.SortFunc(hosts, func(a, b Summary) int { return strings.Compare(a.Name, b.Name) })
}
