package command

import (
	"context"
	"sync"
)

// The bounds of answers that wait for the broker.
const (
	maxWaiting      = 256
	maxWaitingBytes = 4 << 20
)

// Answer is a message for the broker.
type Answer struct {
	Topic       string
	Payload     []byte
	Correlation []byte
	progress    bool // a newer one follows: not worth waiting for
}

// outbox holds answers until the broker has them: it may be away, and nobody
// who runs commands must wait for it. When it is full the oldest go. It is safe
// for concurrent use.
type outbox struct {
	send func(context.Context, Answer) error
	wake chan struct{} // holds a token while there may be something to do

	mu      sync.Mutex // guards the fields below
	waiting []Answer
	bytes   int
	dropped uint64
	idle    chan struct{} // closed while nothing waits or is being sent
	sending bool
}

// newOutbox returns one that sends with send.
func newOutbox(send func(context.Context, Answer) error) *outbox {
	idle := make(chan struct{})
	close(idle)
	return &outbox{send: send, wake: make(chan struct{}, 1), idle: idle}
}

// put adds an answer. It never blocks.
func (b *outbox) put(a Answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.progress && len(b.waiting) > 0 {
		return // the broker is behind
	}
	if len(b.waiting) == 0 && !b.sending {
		b.idle = make(chan struct{})
	}
	b.waiting = append(b.waiting, a)
	b.bytes += len(a.Payload)
	for len(b.waiting) > maxWaiting || b.bytes > maxWaitingBytes {
		b.bytes -= len(b.waiting[0].Payload)
		b.waiting[0] = Answer{}
		b.waiting = b.waiting[1:]
		b.dropped++
	}
	b.poke()
}

// poke wakes run.
func (b *outbox) poke() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// run sends answers until ctx ends. After a failure it waits until it is woken
// by [outbox.poke], as it is when the link is up again, or by another answer.
func (b *outbox) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.wake:
		}
		for b.next(ctx) && ctx.Err() == nil {
		}
	}
}

// next sends the oldest answer; false says that there is none, or that it has
// to wait.
func (b *outbox) next(ctx context.Context) bool {
	b.mu.Lock()
	if len(b.waiting) == 0 {
		b.mu.Unlock()
		return false
	}
	a := b.waiting[0]
	b.waiting[0] = Answer{}
	b.waiting = b.waiting[1:]
	b.bytes -= len(a.Payload)
	b.sending = true
	b.mu.Unlock()

	err := b.send(ctx, a)

	b.mu.Lock()
	defer b.mu.Unlock()
	b.sending = false
	if err != nil && !a.progress {
		b.waiting = append([]Answer{a}, b.waiting...)
		b.bytes += len(a.Payload)
		return false
	}
	if len(b.waiting) == 0 {
		close(b.idle)
	}
	return true
}

// flush waits until all answers are sent, or ctx ends.
func (b *outbox) flush(ctx context.Context) {
	b.mu.Lock()
	idle := b.idle
	b.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}
