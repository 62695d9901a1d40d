package collect

import (
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"testing"
	"testing/quick"
	"time"
)

func TestRates(t *testing.T) {
	check := func(before, now uint64, seconds float64, want string) {
		t.Helper()
		if got := show(perSecond(before, now, seconds)); got != want {
			t.Errorf("from %d to %d in %v s: got %v, want %v", before, now, seconds, got, want)
		}
	}
	check(1000, 4000, 30, "100")
	check(0, 1, 3, "0.3")
	check(5, 5, 30, "0")
	check(5, 4, 30, "absent")              // reset
	check(math.MaxUint32, 9, 30, "absent") // a counter of 32 bits that wrapped
	check(5, 9, 0, "absent")               // the first sample
	check(5, 9, -1, "absent")
	check(0, math.MaxUint64, 1, "1.8446744073709552e+19")
}

// TestRatesAreNeverAbsurd checks that any two readings, any time apart, give
// rates that can be, or none.
func TestRatesAreNeverAbsurd(t *testing.T) {
	sound := func(before, now uint64, elapsed time.Duration) bool {
		var w window
		w.advance(start)
		seconds := w.advance(start.Add(elapsed))
		rate, busy := perSecond(before, now, seconds), share(before, now, seconds, microseconds)
		if (rate == nil) != (now < before || seconds == 0) {
			return false
		}
		return (rate == nil || *rate >= 0 && !math.IsInf(*rate, 0)) && (busy == nil || *busy >= 0 && *busy <= 100)
	}
	// Most random times are years; take all lengths, down to nanoseconds.
	values := func(args []reflect.Value, r *rand.Rand) {
		args[0] = reflect.ValueOf(r.Uint64() >> r.Intn(64))
		args[1] = reflect.ValueOf(r.Uint64() >> r.Intn(64))
		args[2] = reflect.ValueOf(time.Duration(r.Int63()>>r.Intn(63)) * time.Duration(r.Intn(3)-1))
	}
	if err := quick.Check(sound, &quick.Config{MaxCount: 5000, Values: values}); err != nil {
		t.Error(err)
	}
}

func TestWindow(t *testing.T) {
	var w window
	now := start
	for i, step := range []struct {
		elapsed time.Duration
		want    float64
	}{
		{0, 0}, // the first call
		{10 * time.Second, 10},
		{0, 0},
		{-5 * time.Second, 0}, // the clock of a recorded machine went back
		{time.Second, 1},
		{time.Microsecond, 0},
		{time.Millisecond, 0.001},
		{48 * time.Hour, 172800},
		{49 * time.Hour, 0},
		{time.Minute, 60},
	} {
		now = now.Add(step.elapsed)
		if got := w.advance(now); got != step.want {
			t.Errorf("call %d, %v later: got %v, want %v", i, step.elapsed, got, step.want)
		}
	}
}

// TestRound checks how many decimals are kept, and that nothing turns to -0.
func TestRound(t *testing.T) {
	for _, test := range []struct {
		x        float64
		decimals int
		want     string
	}{{1.25, 1, "1.3"}, {-1.26, 1, "-1.3"}, {33.333333, 2, "33.33"}, {-0.001, 2, "0"}, {1e300, 2, "1e+300"}} {
		if got := fmt.Sprint(round(test.x, test.decimals)); got != test.want {
			t.Errorf("round %v to %d decimals: got %s, want %s", test.x, test.decimals, got, test.want)
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
