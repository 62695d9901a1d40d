package mqtt

import (
	"math/rand/v2"
	"sync"
	"time"
)

// The delays between attempts to connect.
const (
	minDelay  = 100 * time.Millisecond
	firstStep = time.Second
	maxDelay  = time.Minute
	// awaitedDelay is the mean delay while a program waits to start: at boot
	// the broker may be about to come up too.
	awaitedDelay = 500 * time.Millisecond
	// shortLife is how long a connection has to hold to count as a success.
	// Two clients with one id take the link from each other at every connect.
	shortLife = 10 * time.Second
)

// backoff says how long to wait before each attempt to connect: by chance
// anything up to a limit that doubles with each failure, so that a fleet does
// not come back all at once. It is safe for concurrent use.
type backoff struct {
	mu      sync.Mutex // guards the fields below
	started bool       // the first attempt was made
	awaited bool       // the program waits for the first connection; never changes
	upAt    time.Time  // when the link came up last
	flaps   int        // connections in a row that did not hold
}

// starting tells whether the program still waits for the first connection.
func (b *backoff) starting() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.awaited && b.upAt.IsZero()
}

// up notes that the link is up.
func (b *backoff) up() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.upAt = time.Now()
}

// down notes that the link was lost, and returns how many times in a row that
// happened soon.
func (b *backoff) down() (flaps int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.upAt) < shortLife {
		b.flaps++
	} else {
		b.flaps = 0
	}
	return b.flaps
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
	if b.awaited && b.upAt.IsZero() {
		return awaitedDelay/2 + rand.N(awaitedDelay)
	}
	limit := maxDelay
	if doubled := attempt + b.flaps; doubled < 6 { // 1 s << 6 is past the limit
		limit = firstStep << doubled
	}
	return minDelay + rand.N(limit-minDelay)
}
