package collect

import (
	"math"
	"time"
)

// window measures the time between a collector's samples. The zero value has
// seen none.
type window struct {
	last time.Time
}

// advance returns the seconds since the call before: 0 for the first one, and
// where no time has passed. Times of a running program carry the monotonic
// clock, so that setting the wall clock does not show.
func (w *window) advance(now time.Time) float64 {
	last := w.last
	w.last = now
	if last.IsZero() {
		return 0
	}
	return max(0, now.Sub(last).Seconds())
}

// perSecond returns the rate at which a counter grew, rounded to a tenth. It
// is nil when no time has passed and when the counter is smaller than before:
// then its source was reset, and how far it got before is not known.
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
	return math.Round(x*scale) / scale
}
