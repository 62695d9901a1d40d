package history

import (
	"sync"
	"sync/atomic"
	"time"

	"systant/pkg/schema"
)

// queueLength is the number of events that wait while what they are written to
// is slow: a minute of a thousand hosts.
const queueLength = 2048

// event is something to write: a sample, or what became of a host.
type event struct {
	sample   *schema.Stats
	retained bool
	host     string // without a sample: the host that is down, or gone
	gone     bool
	now      time.Time
	order    uint64 // grows with each event
}

// inbox is what is handed over and not written yet.
type inbox struct {
	queue chan event
	lost  atomic.Uint64 // messages
	told  atomic.Uint64 // events

	// mu guards states.
	mu sync.Mutex
	// states are what became of hosts, by their names, where the queue was full:
	// it is told once, and thousands may go at the same time.
	states map[string]event
}

// newInbox returns an empty inbox.
func newInbox() *inbox {
	return &inbox{queue: make(chan event, queueLength), states: map[string]event{}}
}

// Sample hands a sample over that arrived at the moment now. It belongs to the
// history from then on, and is not changed.
func (i *inbox) Sample(sample *schema.Stats, retained bool, now time.Time) {
	i.tell(event{sample: sample, retained: retained, now: now})
}

// Down tells that a host is offline or stale since a moment. It is up again
// with its next sample.
func (i *inbox) Down(host string, since time.Time) {
	i.tell(event{host: host, now: since})
}

// Gone tells that a host is not of the fleet any more. What is remembered of
// it stays.
func (i *inbox) Gone(host string) {
	i.tell(event{host: host, gone: true, now: time.Now()})
}

// tell queues an event. Where there is no room, a sample is lost, and what became of a
// host is kept for [inbox.overdue].
func (i *inbox) tell(e event) {
	e.order = i.told.Add(1)
	if e.sample == nil {
		i.mu.Lock()
		defer i.mu.Unlock()
		delete(i.states, e.host) // of before
	}
	select {
	case i.queue <- e:
	default:
		if e.sample == nil {
			i.states[e.host] = e
		} else {
			i.lost.Add(1)
		}
	}
}

// overdue takes the events that had no room in the queue, once that is empty.
func (i *inbox) overdue() map[string]event {
	if len(i.queue) > 0 {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.states) == 0 {
		return nil
	}
	late := i.states
	i.states = map[string]event{}
	return late
}
