package history

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"systant/pkg/schema"
)

// The bounds of one chart: of lines, as nobody can tell more apart, and of
// moments in all of them, of 32 bytes each.
const (
	maxLines = 256
	maxDrawn = 400_000
)

// ChartRequest asks for what metrics of a host were.
type ChartRequest struct {
	Host string
	// Metrics are IDs of the catalogue; others have no lines.
	Metrics []string
	// Start and End are the first and last moment.
	Start, End time.Time
	// Points is the number of moments that there is room for.
	Points int
}

// Chart is what metrics of a host were: lines over common moments.
type Chart struct {
	// Step is the width of a moment in seconds, or 0 where each is one sample.
	Step int64 `json:"step"`
	// Times are the moments, in seconds since 1970; buckets begin there.
	Times []float64 `json:"times"`
	// Lines are in the order of the request, and then of instances.
	Lines []Line `json:"lines"`
	// Cut tells that there are more lines than are sent.
	Cut bool `json:"cut,omitempty"`
}

// Line is what one metric of one instance was, at each moment: a NaN is a gap.
type Line struct {
	Metric   string `json:"metric"`
	Instance string `json:"instance,omitempty"`
	// Mean is the mean of the samples of each moment; Low and High are the
	// least and greatest, where moments have several.
	Mean numbers `json:"mean"`
	Low  numbers `json:"low,omitempty"`
	High numbers `json:"high,omitempty"`
}

// named is a metric with its place in a request.
type named struct {
	id, label string
	place     int
}

// Chart reads what metrics of a host were. Its errors are those of
// [Reader.Select].
func (r *Reader) Chart(ctx context.Context, request ChartRequest) (*Chart, error) {
	names := map[string]named{}
	for _, g := range schema.Catalogue() {
		for _, m := range g.Metrics {
			if place := slices.Index(request.Metrics, m.ID); place >= 0 {
				names[m.Series()] = named{m.ID, g.InstanceLabel(), place}
			}
		}
	}
	if len(names) == 0 {
		return &Chart{Times: []float64{}, Lines: []Line{}}, nil
	}
	var chart *Chart
	err := r.Select(ctx, request.Start, request.End, func(ctx context.Context, q storage.Querier) error {
		first, until := r.from.reach()
		axis, err := r.axis(ctx, q, request)
		if err != nil {
			return err
		}
		d := &drawing{axis: axis, host: request.Host, names: names, lines: map[key]*gathering{}}
		if until = axis.rolledUntil(first, until); until <= axis.start {
			err = d.read(ctx, q, "", axis.start, axis.end)
		} else {
			err = r.readParts(ctx, d, until)
		}
		chart = d.chart()
		return err
	})
	if err != nil {
		return nil, err
	}
	return chart, nil
}

// readParts reads roll-ups before a time, and numbers from there on.
func (r *Reader) readParts(ctx context.Context, d *drawing, until int64) error {
	for _, kind := range []string{rolledMean, rolledLow, rolledHigh} {
		start, end := d.axis.start, min(until-1, d.axis.end)
		q, err := r.from.rolled(kind, time.Duration(d.axis.step)*time.Millisecond, start, end)
		if err != nil {
			return err
		}
		if err := errors.Join(d.read(ctx, q, kind, start, end), q.Close()); err != nil {
			return err
		}
	}
	if until > d.axis.end {
		return nil
	}
	q, err := r.from.Querier(until, d.axis.end)
	if err != nil {
		return err
	}
	return errors.Join(d.read(ctx, q, "", until, d.axis.end), q.Close())
}

// drawing is a chart under way.
type drawing struct {
	axis  *axis
	host  string
	names map[string]named
	lines map[key]*gathering
	cut   bool
}

// read adds what lies between two times: the numbers themselves, or a kind of
// their roll-ups.
func (d *drawing) read(ctx context.Context, q storage.Querier, kind string, start, end int64) error {
	all := slices.Sorted(maps.Keys(d.names))
	set := q.Select(ctx, false, &storage.SelectHints{Start: start, End: end},
		labels.MustNewMatcher(labels.MatchEqual, "host", d.host),
		labels.MustNewMatcher(labels.MatchRegexp, model.MetricNameLabel, strings.Join(all, "|")))
	var it chunkenc.Iterator
	for set.Next() {
		of := set.At().Labels()
		name := of.Get(model.MetricNameLabel)
		line := d.line(key{name, of.Get(d.names[name].label)})
		if line == nil {
			continue
		}
		it = set.At().Iterator(it)
		if d.axis.gather(line, it, kind); it.Err() != nil {
			return fmt.Errorf("reading %s of %s: %w", name, d.host, it.Err())
		}
	}
	if err := set.Err(); err != nil {
		return fmt.Errorf("reading the history of %s: %w", d.host, err)
	}
	return nil
}

// line returns the line of a series, or nil where there are too many.
func (d *drawing) line(k key) *gathering {
	line := d.lines[k]
	if line == nil {
		if len(d.lines) >= min(maxLines, maxDrawn/max(d.axis.len(), 1)) {
			d.cut = true
			return nil
		}
		line = newGathering(d.axis.len())
		d.lines[k] = line
	}
	return line
}

// chart returns what has been read.
func (d *drawing) chart() *Chart {
	c := &Chart{Step: d.axis.step / 1000, Times: d.axis.times(), Lines: make([]Line, 0, len(d.lines)), Cut: d.cut}
	for k, line := range d.lines {
		c.Lines = append(c.Lines, line.line(d.names[k.name].id, k.detail, d.axis.step == 0))
	}
	place := map[string]int{}
	for _, name := range d.names {
		place[name.id] = name.place
	}
	slices.SortFunc(c.Lines, func(a, b Line) int {
		if a.Metric != b.Metric {
			return place[a.Metric] - place[b.Metric]
		}
		return strings.Compare(a.Instance, b.Instance)
	})
	return c
}

// gathering is what is known of a line so far.
type gathering struct {
	sum, low, high numbers
	count          []int
}

// newGathering returns a line of n gaps.
func newGathering(n int) *gathering {
	g := &gathering{make(numbers, n), make(numbers, n), make(numbers, n), make([]int, n)}
	for i := range n {
		g.low[i], g.high[i] = math.Inf(1), math.Inf(-1)
	}
	return g
}

// gather puts a series on the axis, or a kind of its roll-ups.
func (a *axis) gather(g *gathering, it chunkenc.Iterator, kind string) {
	for it.Next() == chunkenc.ValFloat {
		at, v := it.At()
		i := a.place(at)
		if i < 0 || value.IsStaleNaN(v) {
			continue
		}
		if kind == "" || kind == rolledMean {
			g.count[i]++
			g.sum[i] += v
		}
		if kind != rolledHigh {
			g.low[i] = min(g.low[i], v)
		}
		if kind != rolledLow {
			g.high[i] = max(g.high[i], v)
		}
	}
}

// line returns the line; plain ones have no lows and highs.
func (g *gathering) line(metric, instance string, plain bool) Line {
	mean := make(numbers, len(g.sum))
	for i, n := range g.count {
		if n == 0 {
			mean[i], g.low[i], g.high[i] = math.NaN(), math.NaN(), math.NaN()
		} else {
			mean[i] = g.sum[i] / float64(n)
		}
	}
	line := Line{Metric: metric, Instance: instance, Mean: mean}
	if !plain {
		line.Low, line.High = g.low, g.high
	}
	return line
}
