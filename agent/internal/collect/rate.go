package collect

import (
	"math"
	"time"
)

// The bounds of a time over which a rate means something: below, it would
// show the grain of the counters; above, it is not one of a sample.
const (
	shortestWindow = time.Millisecond
	longestWindow  = 48 * time.Hour
)

// window measures the time between a collector's samples. The zero value has
// seen none.
type window struct {
	last time.Time
}

// advance returns the seconds since the call before, and 0 where no rate can
// be told: at the first call, and after less than shortestWindow or more than
// longestWindow. Times of a running program carry the monotonic clock, so
// that setting the wall clock does not show.
func (w *window) advance(now time.Time) float64 {
	last := w.last
	w.last = now
	elapsed := now.Sub(last)
	if last.IsZero() || elapsed < shortestWindow || elapsed > longestWindow {
		return 0
	}
	return elapsed.Seconds()
}

// perSecond returns the rate at which a counter grew, rounded to a tenth. It
// is nil when seconds are not positive and when the counter is smaller than
// before: then its source was reset, or it wrapped, and how far it got before
// is not known.
func perSecond(before, now uint64, seconds float64) *float64 {
	if seconds <= 0 || now < before {
		return nil
	}
	return new(round(float64(now-before)/seconds, 1))
}

// share returns how much of the time a counter of busy time grew, in percent,
// at most 100; perSecond tells when it is nil. Counter and seconds are
// brought to one unit by perSecondUnits, the counter's ticks in a second.
func share(before, now uint64, seconds, perSecondUnits float64) *float64 {
	if seconds <= 0 || now < before {
		return nil
	}
	return new(min(100, percent(float64(now-before)/perSecondUnits, seconds)))
}

// percent returns part of whole in percent, rounded to hundredths, and 0 of
// nothing.
func percent(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return round(100*part/whole, 2)
}

// round returns x to a number of decimals, which keeps payloads short and
// values that have not really changed equal.
func round(x float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	return math.Round(x*scale)/scale + 0 // +0 makes of -0, which JSON has, a 0
}
