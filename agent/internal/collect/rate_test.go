package collect

import (
	"math"
	"testing"
	"testing/quick"
	"time"
)

// text shows a number that may be absent.
func text(p *float64) any {
	if p == nil {
		return "absent"
	}
	return *p
}

func TestRates(t *testing.T) {
	check := func(before, now uint64, seconds float64, want any) {
		t.Helper()
		if got := text(perSecond(before, now, seconds)); got != want {
			t.Errorf("from %d to %d in %v s: got %v, want %v", before, now, seconds, got, want)
		}
	}
	check(1000, 4000, 30, 100.0)
	check(0, 1, 3, 0.3)
	check(5, 5, 30, 0.0)
	check(5, 4, 30, "absent")              // reset
	check(math.MaxUint32, 9, 30, "absent") // a counter of 32 bits that wrapped
	check(5, 9, 0, "absent")               // the first sample
	check(5, 9, -1, "absent")
	check(0, math.MaxUint64, 1, float64(math.MaxUint64))
}

func TestRatesAreNeverAbsurd(t *testing.T) {
	sound := func(before, now uint64, seconds float64) bool {
		rate, busy := perSecond(before, now, seconds), share(before, now, seconds, 1000)
		good := rate == nil || *rate >= 0 && !math.IsNaN(*rate)
		return good && (busy == nil || *busy >= 0 && *busy <= 100)
	}
	if err := quick.Check(sound, nil); err != nil {
		t.Error(err)
	}
}

func TestWindow(t *testing.T) {
	var w window
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, step := range []struct {
		after time.Duration
		want  float64
	}{{0, 0}, {10 * time.Second, 10}, {10 * time.Second, 0}, {5 * time.Second, 0}, {6 * time.Second, 1}} {
		if got := w.advance(start.Add(step.after)); got != step.want {
			t.Errorf("call %d: got %v, want %v", i, got, step.want)
		}
	}
}

func TestPercent(t *testing.T) {
	for _, test := range []struct{ part, whole, want float64 }{{1, 3, 33.33}, {0, 0, 0}, {3, 3, 100}, {1, -1, 0}} {
		if got := percent(test.part, test.whole); got != test.want {
			t.Errorf("%v of %v: got %v, want %v", test.part, test.whole, got, test.want)
		}
	}
}
