package collect

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"systant/pkg/schema"
)

// patience is how long a sample waits for one collector. They take less than
// some milliseconds, but a driver that has to start its device first takes a
// second or two.
const patience = 5 * time.Second

// errHung is the fault of a collector that has not come back.
var errHung = errors.New("hangs in the kernel or a driver")

// pass runs collectors one after another, at some microseconds each: to run
// them at once would cost more than it saves.
//
// It does so in a goroutine of its own, because a read from a broken device
// may never return and nothing can end it. The sampler then goes on without:
// the collector keeps that goroutine and thread, and is not asked again until
// it has come back. So a device that hangs costs one sample a delay of
// patience, and a thread.
type pass struct {
	collectors []*running
	done       chan struct{} // closed when all have run

	mu sync.Mutex // guards what follows
	// stats holds what the collectors that are finished have read. Each gets
	// a copy of its own to add to, so that one that was given up can't write
	// into a sample that is being published.
	stats   *schema.Stats
	faults  []error   // of the collectors that are finished, in their order
	since   time.Time // when the one after them began
	givenUp bool      // that one was
}

// newPass returns a pass that adds to stats.
func newPass(collectors []*running, stats *schema.Stats) *pass {
	return &pass{
		collectors: collectors,
		done:       make(chan struct{}),
		stats:      stats,
		faults:     make([]error, 0, len(collectors)),
		since:      time.Now(),
	}
}

// run runs the collectors, or those up to one that is given up.
func (p *pass) run(ctx context.Context, now time.Time) {
	defer close(p.done)
	spare := new(schema.Stats)
	for _, c := range p.collectors {
		last := p.stats // written by this goroutine alone
		if !c.busy.CompareAndSwap(false, true) {
			if !p.finish(last, errHung) {
				return
			}
			continue
		}
		*spare = *last
		err := guard(ctx, c.collector, spare, now)
		c.busy.Store(false)
		kept, free := spare, last
		if panicked := (*panicError)(nil); errors.As(err, &panicked) {
			kept, free = last, spare // what it filled may be half true
		}
		if !p.finish(kept, err) {
			return
		}
		spare = free
	}
}

// finish makes stats the sample so far and moves on to the next collector,
// unless this one was given up.
func (p *pass) finish(stats *schema.Stats, fault error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.givenUp {
		return false
	}
	p.stats = stats
	p.faults = append(p.faults, fault)
	p.since = time.Now()
	return true
}

// wait waits until all collectors have run, or one has tried its patience. It
// returns the sample so far, and how each collector fared that is through
// with; the others are still to be run.
func (p *pass) wait() (*schema.Stats, []error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case <-p.done:
			return p.stats, p.faults
		case <-timer.C:
			left := p.giveUp()
			if left <= 0 {
				return p.stats, append(p.faults, errHung)
			}
			timer.Reset(left)
		}
	}
}

// giveUp gives up the collector that runs if its time is up, and returns how
// much of that is left.
func (p *pass) giveUp() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.faults) == len(p.collectors) {
		return patience // done is about to be closed
	}
	left := patience - time.Since(p.since)
	p.givenUp = left <= 0
	return left
}

// guard turns a collector's panic into an error: a driver that says something
// nobody foresaw must not take the other metrics away.
func guard(ctx context.Context, c Collector, stats *schema.Stats, now time.Time) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &panicError{cause, debug.Stack()}
		}
	}()
	return c.Collect(ctx, stats, now)
}

// panicError is a panic of a collector.
type panicError struct {
	cause any
	stack []byte
}

// Error tells what the panic was about.
func (e *panicError) Error() string {
	return fmt.Sprintf("collector panicked: %v", e.cause)
}
