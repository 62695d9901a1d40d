package history

import (
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
}

// inbox is what is handed over and not written yet.
type inbox struct {
	queue chan event
	lost  atomic.Uint64 // messages
}

// newInbox returns an empty inbox.
func newInbox() *inbox { return &inbox{queue: make(chan event, queueLength)} }

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

// tell queues an event, or counts it as lost.
func (i *inbox) tell(e event) {
	select {
	case i.queue <- e:
	default:
		i.lost.Add(1)
	}
}
