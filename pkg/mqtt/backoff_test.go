package mqtt

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestBackoffDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backoff{}
		check := func(when string, attempt int, least, most time.Duration) {
			t.Helper()
			for range 200 {
				if d := b.delay(attempt); d < least || d > most {
					t.Errorf("%s, attempt %d: got %v, want %v to %v", when, attempt, d, least, most)
				}
			}
		}
		if d := b.delay(0); d != 0 {
			t.Errorf("at start: got %v, want 0", d)
		}
		check("when nobody waits", 3, minDelay, 8*time.Second)
		b.awaited = true
		check("while the program waits", 7, 250*time.Millisecond, 750*time.Millisecond)
		b.up()
		time.Sleep(time.Minute)
		if flaps := b.down(); flaps != 0 {
			t.Errorf("after a minute: got %d flaps, want 0", flaps)
		}
		check("after a loss", 0, minDelay, time.Second)
		check("during an outage", 5, minDelay, 32*time.Second)
		check("during a long outage", 500, minDelay, time.Minute)
	})
}

// TestBackoffEndsFights has two clients take one id from each other.
func TestBackoffEndsFights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backoff{}
		start, connects := time.Now(), 0
		for time.Since(start) < time.Hour {
			time.Sleep(b.delay(0))
			b.up()
			connects++
			time.Sleep(time.Millisecond)
			b.down()
		}
		if connects > 200 {
			t.Errorf("got %d connections an hour, want at most 200", connects)
		}
	})
}
