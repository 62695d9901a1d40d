package history

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/storage"
)

// steps are the widths of buckets, in seconds: what people count time in.
var steps = []int64{
	1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
	3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400, 30 * 86400,
}

// axis is the moments of a chart, in milliseconds since 1970.
type axis struct {
	start, end int64
	step       int64   // 0 where each sample is a moment
	moments    []int64 // the samples' times, with one in each gap, where step is 0
}

// axis chooses the moments of a chart: those of the samples, where there is
// room for them, and buckets of a round width otherwise.
func (r *Reader) axis(ctx context.Context, q storage.Querier, request ChartRequest) (*axis, error) {
	a := &axis{start: request.Start.UnixMilli(), end: request.End.UnixMilli()}
	moments, all, err := r.from.moments(ctx, q, request.Host, a.start, a.end, request.Points)
	if err != nil {
		return nil, err
	}
	if all {
		a.moments = withGaps(moments)
		return a, nil
	}
	least := time.Second
	if first, until := r.from.reach(); a.start < first && a.start < until {
		least = rollStep
	}
	a.buckets(request.Points, least)
	return a, nil
}

// buckets chooses the width of buckets, no less than least.
func (a *axis) buckets(points int, least time.Duration) {
	width := max((a.end-a.start)/int64(points), least.Milliseconds()) / 1000
	place, _ := slices.BinarySearch(steps, width)
	a.step = steps[min(place, len(steps)-1)] * 1000
	a.start -= a.start % a.step
	a.moments = nil
}

// rolledUntil returns the time before which the chart is read from roll-ups,
// which there are before until, while the numbers themselves begin at first. No
// bucket is read from both where that can be avoided.
func (a *axis) rolledUntil(first, until int64) int64 {
	if a.step < rollStep.Milliseconds() || until <= a.start {
		return math.MinInt64
	}
	if even := until - until%a.step; even >= first {
		return even
	}
	return until
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
