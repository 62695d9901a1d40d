package mqtt

import (
	"log/slog"
	"sync"
)

// The bounds of what waits for a slow handler.
const (
	maxWaiting      = 4096
	maxWaitingBytes = 32 << 20
)

// inbox holds messages for one goroutine that handles them, so that a slow
// handler never keeps the link from answering the broker. When it is full the
// oldest go: newer samples replace them anyway. It is safe for concurrent use.
type inbox struct {
	handle func(Message)
	log    *slog.Logger
	wake   chan struct{} // holds a token while there may be messages

	mu      sync.Mutex // guards the fields below
	waiting []Message
	bytes   int    // of their payloads
	dropped uint64 // ever
	since   uint64 // dropped in the present overflow
}

// newInbox returns an inbox for handle.
func newInbox(handle func(Message), log *slog.Logger) *inbox {
	return &inbox{handle: handle, log: log, wake: make(chan struct{}, 1)}
}

// put adds a message. It never blocks.
func (b *inbox) put(m Message) {
	b.mu.Lock()
	b.waiting = append(b.waiting, m)
	b.bytes += len(m.Payload)
	full := false
	for len(b.waiting) > maxWaiting || b.bytes > maxWaitingBytes {
		b.bytes -= len(b.waiting[0].Payload)
		b.waiting[0] = Message{} // the array may live on; its payload must not
		b.waiting = b.waiting[1:]
		b.dropped++
		b.since++
		full = full || b.since == 1
	}
	b.mu.Unlock()
	if full {
		b.log.Warn("messages dropped because they arrive faster than they are handled")
	}
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take removes the oldest message.
func (b *inbox) take() (Message, bool) {
	b.mu.Lock()
	if len(b.waiting) == 0 {
		since := b.since
		b.waiting, b.since = nil, 0
		b.mu.Unlock()
		if since > 0 {
			b.log.Info("messages are handled in time again", "dropped", since)
		}
		return Message{}, false
	}
	defer b.mu.Unlock()
	m := b.waiting[0]
	b.waiting[0] = Message{}
	b.waiting = b.waiting[1:]
	b.bytes -= len(m.Payload)
	return m, true
}

// run handles messages until done is closed; those that still wait are lost.
func (b *inbox) run(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-b.wake:
		}
		for m, ok := b.take(); ok; m, ok = b.take() {
			b.handle(m)
			select {
			case <-done:
				return
			default:
			}
		}
	}
}

// droppedTotal returns how many messages were dropped.
func (b *inbox) droppedTotal() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dropped
}
