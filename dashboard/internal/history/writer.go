package history

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"systant/pkg/schema"
)

// ahead is how far a host's clock may be ahead before the time of arrival is
// taken instead. A sample of the future would be shown as the newest for as long.
const ahead = time.Minute

// The bounds of series, beside the number that one host may have. One that has
// ended counts for as long as the database keeps it in memory: otherwise a host
// whose disks have other names in each sample would be without bound.
const (
	inMemory  = 3 * time.Hour
	maxSeries = 2_000_000 // of all hosts: about 3 GB
)

// The names of series that are no metric of the catalogue.
const (
	upSeries   = "systant_up"
	infoSeries = "systant_host_info"
	tagSeries  = "systant_host_tag"
)

// The reasons to refuse a number.
const (
	RefusedCrowded   = "crowded"   // the host has too many series
	RefusedLate      = "late"      // older than samples may be
	RefusedDuplicate = "duplicate" // another number is there for that moment
)

// Reasons returns the reasons to refuse a number.
func Reasons() []string {
	return []string{RefusedCrowded, RefusedDuplicate, RefusedLate, RefusedRemote}
}

// target is what numbers are written to: see [storage.Appender].
type target interface {
	Append(ref storage.SeriesRef, l labels.Labels, t int64, v float64) (storage.SeriesRef, error)
}

// writer turns what happens to hosts into series. It is for one goroutine.
type writer struct {
	options Options
	reader  *schema.Reader
	names   map[*schema.Metric]string
	// instances are the labels that tell what of a host a series is of, by its
	// name.
	instances map[string]string
	hosts     map[string]*host
	series    int // of all hosts
	samples   uint64
	refused   map[string]uint64
	// overfull are the hosts with too many series.
	overfull map[string]struct{}
}

// host is what is written of one host.
type host struct {
	name    string
	series  map[key]*series
	order   uint64 // of the newest event
	round   uint64 // counts samples
	last    int64  // the time of the newest sample, in milliseconds
	down    bool
	gone    bool
	crowded bool
	skewed  bool // the clock is off, which was logged
}

// key identifies a series of a host: by its name, and what its labels say
// beside that.
type key struct{ name, detail string }

// series is a series that the host has, or had a while ago.
type series struct {
	ref   storage.SeriesRef
	round uint64 // the sample that had it last
	ended int64  // when that was found out, in milliseconds; 0 for one that goes on
}

// newWriter returns a writer for a database that was just opened.
func newWriter(o Options) *writer {
	return &writer{
		options: o, reader: schema.NewReader(), names: map[*schema.Metric]string{}, instances: map[string]string{tagSeries: "tag"},
		hosts: map[string]*host{}, refused: map[string]uint64{}, overfull: map[string]struct{}{},
	}
}

// closed forgets what the database called series, as it is closed.
func (w *writer) closed() {
	for _, h := range w.hosts {
		for _, one := range h.series {
			one.ref = 0
		}
	}
}

// taken returns how many numbers were taken since the last time.
func (w *writer) taken() uint64 {
	n := w.samples
	w.samples = 0
	return n
}

// crowded returns the hosts that have too many series, by name.
func (w *writer) crowded() []string { return slices.Sorted(maps.Keys(w.overfull)) }

// host returns a host, which may be new.
func (w *writer) host(name string) *host {
	h := w.hosts[name]
	if h == nil {
		h = &host{name: name, series: map[key]*series{}}
		w.hosts[name] = h
	}
	h.gone = false
	return h
}

// event writes what has happened. What became of a host is no news after its next
// sample.
func (w *writer) event(to target, e event) error {
	if e.sample != nil {
		w.host(e.sample.Hostname).order = e.order
		return w.sample(to, e.sample, e.retained, e.now)
	}
	if h := w.hosts[e.host]; h != nil && e.order < h.order {
		return nil
	}
	switch {
	case e.gone:
		return w.gone(to, e.host, e.now)
	}
	return w.down(to, e.host, e.now)
}

// sample writes a sample.
func (w *writer) sample(to target, s *schema.Stats, retained bool, now time.Time) error {
	h := w.host(s.Hostname)
	at, ok := w.moment(h, s.Timestamp, retained, now)
	if !ok {
		w.refused[RefusedLate]++
		return nil
	}
	h.round++
	crowded := h.crowded
	h.crowded = false
	put := &batch{writer: w, host: h, to: to, at: at, now: now}
	for n := range w.reader.Numbers(s) {
		put.put(key{w.name(n.Group, n.Metric), n.Instance}, n.Value)
	}
	put.about(s)
	put.put(key{upSeries, ""}, 1)
	if h.down && !retained { // it is back, even if its clock is behind ours
		h.down, h.last = false, min(h.last, at-1)
	}
	if at > h.last { // otherwise it tells of the past what went there
		put.end(at)
		h.last, h.down = at, false
	}
	if !h.crowded {
		delete(w.overfull, h.name)
	} else if w.overfull[h.name] = struct{}{}; !crowded {
		w.options.Log.Warn("host has more series than are remembered", "host", h.name, "max_series_per_host", w.options.MaxSeries)
	}
	return put.err
}

// moment returns the time at which a sample is remembered, and whether it is.
// A live sample of a host whose clock is wrong is remembered when it arrived.
func (w *writer) moment(h *host, taken time.Time, retained bool, now time.Time) (int64, bool) {
	at, ok := Moment(taken, w.options.Late, retained, now)
	if wrong := ok && !at.Equal(taken); wrong != h.skewed {
		if h.skewed = wrong; wrong {
			w.options.Log.Warn("the host's clock is wrong: its samples are remembered when they arrive", "host", h.name, "timestamp", taken)
		}
	}
	return at.UnixMilli(), ok
}

// Moment returns the time at which a sample that arrives now is remembered:
// when it was taken, or when it arrives where that can't be, being of the
// future or older than late. Of a retained one it is not known when it
// arrived; it is not remembered then.
func Moment(taken time.Time, late time.Duration, retained bool, now time.Time) (time.Time, bool) {
	if off := taken.Sub(now); off <= ahead && off >= time.Minute-late { // while it waits, it ages
		return taken, true
	}
	return now, !retained
}

// name returns the name of a metric's series.
func (w *writer) name(g *schema.Group, m *schema.Metric) string {
	name, ok := w.names[m]
	if !ok {
		name = m.Series()
		w.names[m] = name
		if label := g.InstanceLabel(); label != "" {
			w.instances[name] = label
		}
	}
	return name
}

// labels returns the labels of a series of a host.
func (w *writer) labels(host string, k key) labels.Labels {
	all := []string{model.MetricNameLabel, k.name, "host", host}
	if label, ok := w.instances[k.name]; ok {
		all = append(all, label, k.detail)
	} else if k.name == infoSeries {
		all = append(all, strings.Split(k.detail, between)...)
	}
	return labels.FromStrings(all...)
}

// down writes that a host is down since a moment.
func (w *writer) down(to target, name string, since time.Time) error {
	h := w.host(name)
	if h.down {
		return nil
	}
	h.down = true
	h.round++
	at := max(h.last+1, since.UnixMilli())
	put := &batch{writer: w, host: h, to: to, at: at, now: since}
	put.put(key{upSeries, ""}, 0)
	put.end(at)
	h.last = at
	return put.err
}

// stillDown writes that those are down which are, and forgets series that have
// ended long ago.
func (w *writer) stillDown(to target, now time.Time) error {
	for _, h := range w.hosts {
		w.forget(h, now)
		if !h.down || now.UnixMilli() <= h.last {
			continue
		}
		put := &batch{writer: w, host: h, to: to, at: now.UnixMilli()}
		put.put(key{upSeries, ""}, 0)
		if put.err != nil {
			return put.err
		}
	}
	return nil
}

// forget forgets the series of a host that have ended long ago, and the host
// where it is gone and has no others.
func (w *writer) forget(h *host, now time.Time) {
	for k, one := range h.series {
		if one.ended != 0 && now.UnixMilli()-one.ended > inMemory.Milliseconds() {
			delete(h.series, k)
			w.series--
		}
	}
	if h.gone && len(h.series) == 0 {
		delete(w.hosts, h.name)
	}
}

// gone ends all series of a host.
func (w *writer) gone(to target, name string, now time.Time) error {
	h := w.hosts[name]
	if h == nil {
		return nil
	}
	h.round++
	h.gone, h.down = true, false
	put := &batch{writer: w, host: h, to: to, at: h.last + 1, now: now}
	put.end(put.at)
	delete(w.overfull, name)
	return put.err
}
