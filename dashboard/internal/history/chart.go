package history

import (
	"context"
	"fmt"
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

// maxLines is the number of lines of one chart; nobody can tell more apart.
const maxLines = 256

// steps are the widths of buckets, in seconds: what people count time in.
var steps = []int64{
	1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
	3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400, 30 * 86400,
}

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
// [Engine.Select].
func (e *Engine) Chart(ctx context.Context, r ChartRequest) (*Chart, error) {
	names := map[string]named{}
	for _, g := range schema.Catalogue() {
		for _, m := range g.Metrics {
			if place := slices.Index(r.Metrics, m.ID); place >= 0 {
				names[m.Series()] = named{m.ID, g.InstanceLabel(), place}
			}
		}
	}
	chart := &Chart{Times: []float64{}, Lines: []Line{}}
	if len(names) == 0 {
		return chart, nil
	}
	err := e.Select(ctx, r.Start, r.End, func(ctx context.Context, q storage.Querier) error {
		axis, err := newAxis(ctx, q, r)
		if err != nil {
			return err
		}
		return chart.draw(ctx, q, r.Host, names, axis)
	})
	return chart, err
}

// draw reads the lines.
func (c *Chart) draw(ctx context.Context, q storage.Querier, host string, names map[string]named, axis *axis) error {
	all := make([]string, 0, len(names))
	for name := range names {
		all = append(all, name)
	}
	slices.Sort(all)
	set := q.Select(ctx, false, &storage.SelectHints{Start: axis.start, End: axis.end},
		labels.MustNewMatcher(labels.MatchEqual, "host", host),
		labels.MustNewMatcher(labels.MatchRegexp, model.MetricNameLabel, strings.Join(all, "|")))
	var it chunkenc.Iterator
	for set.Next() {
		if len(c.Lines) >= maxLines {
			c.Cut = true
			break
		}
		one := set.At()
		name := names[one.Labels().Get(model.MetricNameLabel)]
		it = one.Iterator(it)
		line := axis.line(it)
		if err := it.Err(); err != nil {
			return fmt.Errorf("reading %s of %s: %w", name.id, host, err)
		}
		line.Metric, line.Instance = name.id, one.Labels().Get(name.label)
		c.Lines = append(c.Lines, line)
	}
	if err := set.Err(); err != nil {
		return fmt.Errorf("reading the history of %s: %w", host, err)
	}
	place := map[string]int{}
	for _, name := range names {
		place[name.id] = name.place
	}
	slices.SortFunc(c.Lines, func(a, b Line) int {
		if a.Metric != b.Metric {
			return place[a.Metric] - place[b.Metric]
		}
		return strings.Compare(a.Instance, b.Instance)
	})
	c.Step, c.Times = axis.step/1000, axis.times()
	return nil
}

// axis is the moments of a chart, in milliseconds since 1970.
type axis struct {
	start, end int64
	step       int64   // 0 where each sample is a moment
	moments    []int64 // the samples' times, with one in each gap, where step is 0
}

// newAxis chooses the moments: those of the samples, where there is room for
// them, and buckets of a round width otherwise.
func newAxis(ctx context.Context, q storage.Querier, r ChartRequest) (*axis, error) {
	a := &axis{start: r.Start.UnixMilli(), end: r.End.UnixMilli()}
	set := q.Select(ctx, false, nil, labels.MustNewMatcher(labels.MatchEqual, "host", r.Host),
		labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, upSeries))
	for set.Next() {
		it := set.At().Iterator(nil)
		for it.Next() == chunkenc.ValFloat && len(a.moments) <= r.Points {
			if at, up := it.At(); up == 1 {
				a.moments = append(a.moments, at)
			}
		}
		if err := it.Err(); err != nil {
			return nil, err
		}
	}
	if err := set.Err(); err != nil {
		return nil, err
	}
	if len(a.moments) <= r.Points {
		a.moments = withGaps(a.moments)
		return a, nil
	}
	least := (a.end - a.start) / int64(r.Points) / 1000
	place, _ := slices.BinarySearch(steps, max(1, least))
	a.step = steps[min(place, len(steps)-1)] * 1000
	a.start -= a.start % a.step
	return a, nil
}

// withGaps adds a moment after each one that is followed by a pause, so that
// no line is drawn across it.
func withGaps(moments []int64) []int64 {
	if len(moments) < 3 {
		return moments
	}
	pauses := make([]int64, 0, len(moments))
	for i := range moments[1:] {
		pauses = append(pauses, moments[i+1]-moments[i])
	}
	slices.Sort(pauses)
	const usual = 3 // times the median is a pause
	limit := usual * max(pauses[len(pauses)/2], 1)
	all := make([]int64, 0, len(moments))
	for i, at := range moments {
		if i > 0 && at-moments[i-1] > limit {
			all = append(all, moments[i-1]+limit/usual)
		}
		all = append(all, at)
	}
	return all
}

// times returns the moments in seconds.
func (a *axis) times() []float64 {
	times := make([]float64, a.len())
	for i := range times {
		if a.step == 0 {
			times[i] = float64(a.moments[i]) / 1000
		} else {
			times[i] = float64(a.start+int64(i)*a.step) / 1000
		}
	}
	return times
}

// len returns the number of moments.
func (a *axis) len() int {
	if a.step == 0 {
		return len(a.moments)
	}
	return int((a.end-a.start)/a.step) + 1
}

// place returns where a time is on the axis, or -1.
func (a *axis) place(at int64) int {
	if at < a.start || at > a.end {
		return -1
	}
	if a.step != 0 {
		return int((at - a.start) / a.step)
	}
	if i, found := slices.BinarySearch(a.moments, at); found {
		return i
	}
	return -1
}

// line puts a series on the axis.
func (a *axis) line(it chunkenc.Iterator) Line {
	n := a.len()
	sum, low, high, count := make(numbers, n), make(numbers, n), make(numbers, n), make([]int, n)
	for it.Next() == chunkenc.ValFloat {
		at, v := it.At()
		i := a.place(at)
		if i < 0 || value.IsStaleNaN(v) {
			continue
		}
		if count[i] == 0 {
			low[i], high[i] = v, v
		}
		count[i]++
		sum[i] += v
		low[i], high[i] = min(low[i], v), max(high[i], v)
	}
	for i, n := range count {
		if n == 0 {
			sum[i], low[i], high[i] = math.NaN(), math.NaN(), math.NaN()
		} else {
			sum[i] /= float64(n)
		}
	}
	if a.step == 0 {
		return Line{Mean: sum}
	}
	return Line{Mean: sum, Low: low, High: high}
}
