package mqtt

import (
	"math/rand/v2"
	"sync"
	"time"
)

// The delays between attempts to connect.
const (
	maxDelay = time.Minute
	// shortLife is how long a connection has to hold to count as a success.
	// Two clients with one id take the link from each other at every connect.
	shortLife = 10 * time.Second
)

// backoff says how long to wait before each attempt to connect: twice as long
// as before, up to [maxDelay], and by chance anything below that, so that a
// fleet does not come back all at once. It is safe for concurrent use.
type backoff struct {
	// mu guards the fields below.
	mu      sync.Mutex
	upAt    time.Time // when the link came up last
	flaps   int       // connections in a row that did not hold
	started bool      // the first attempt was made
}

// up notes that the link is up.
func (b *backoff) up() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.upAt = time.Now()
}

// delay returns the time to wait before an attempt; attempt counts from 0
// after each loss of the link.
func (b *backoff) delay(attempt int) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.started {
		b.started = true
		return 0
	}
	base := time.Second
	if b.upAt.IsZero() {
		base = 200 * time.Millisecond // at boot the broker may be about to start
	} else if attempt == 0 {
		if time.Since(b.upAt) < shortLife {
			b.flaps++
		} else {
			b.flaps = 0
		}
	}
	ceiling := min(maxDelay, base<<min(attempt+b.flaps, 16))
	return base/10 + rand.N(ceiling)
}
