// Package ingest is the gate between the broker and the fleet: every message
// is taken for hostile until it has passed. What passes is a sample whose
// shape, size, host name and time make sense, or a status; everything else is
// counted by reason, and logged once for each host and reason, so that a
// flood of garbage costs neither memory nor log lines.
//
// It does not judge the numbers, and it does not know MQTT: [Ingest.Message]
// is called with what arrived.
package ingest

import (
	"encoding/json"
	"log/slog"
	"maps"
	"sync"
	"time"

	"systant/pkg/schema"
)

// Fleet is what a valid message changes.
type Fleet interface {
	// Sample takes one sample and its payload.
	Sample(s *schema.Stats, payload json.RawMessage, retained bool, now time.Time) error
	// Status takes what the status topic says of a host.
	Status(host string, online, retained bool, now time.Time) error
	// Forget removes a host.
	Forget(host string)
}

// maxRemembered bounds the pairs of host and reason of which a line was
// logged; beyond it messages are refused and counted in silence.
const maxRemembered = 1024

// Counters tells what has arrived since the start.
type Counters struct {
	// Accepted counts messages that reached the fleet, by kind of topic.
	Accepted map[schema.Kind]uint64
	// Refused counts messages that did not, by reason.
	Refused map[Reason]uint64
}

// Ingest validates messages. It is safe for concurrent use. See [New].
type Ingest struct {
	topics schema.Topics
	fleet  Fleet
	log    *slog.Logger

	// mu guards all below.
	mu       sync.Mutex
	counters Counters
	logged   map[complaint]struct{}
}

// complaint identifies a log line, so that it is written once.
type complaint struct {
	host   string
	reason Reason
}

// New returns a gate to fleet for messages on topics.
func New(topics schema.Topics, fleet Fleet, log *slog.Logger) *Ingest {
	return &Ingest{
		topics:   topics,
		fleet:    fleet,
		log:      log,
		counters: Counters{Accepted: map[schema.Kind]uint64{}, Refused: map[Reason]uint64{}},
		logged:   map[complaint]struct{}{},
	}
}

// Message takes one message that arrived at the moment now. It keeps neither
// topic nor payload.
func (i *Ingest) Message(topic string, payload []byte, retained bool, now time.Time) {
	host, kind, err := i.topics.ParseHost(topic)
	if err != nil {
		i.refuse("", refuse(ReasonTopic, err.Error()))
		return
	}
	if err := i.take(host, kind, payload, retained, now); err != nil {
		i.refuse(host, err)
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.counters.Accepted[kind]++
}

// take passes a message on to the fleet, or returns why not.
func (i *Ingest) take(host string, kind schema.Kind, payload []byte, retained bool, now time.Time) error {
	switch {
	case kind != schema.KindStats && kind != schema.KindStatus:
		return refuse(ReasonTopic, "kind "+string(kind)+" was not asked for")
	case len(payload) == 0:
		// An empty retained message is how MQTT clears a topic.
		i.fleet.Forget(host)
		return nil
	case kind == schema.KindStatus:
		online, err := parseStatus(payload)
		if err != nil {
			return err
		}
		return full(i.fleet.Status(host, online, retained, now))
	}
	stats, err := ParseStats(host, payload)
	if err != nil {
		return err
	}
	return full(i.fleet.Sample(stats, json.RawMessage(append([]byte(nil), payload...)), retained, now))
}

// full turns the fleet's error, which can only mean that it is full, into a
// refusal.
func full(err error) error {
	if err != nil {
		return refuse(ReasonFull, err.Error())
	}
	return nil
}

// refuse counts a message and logs the first one of its kind.
func (i *Ingest) refuse(host string, err error) {
	reason := reasonOf(err)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.counters.Refused[reason]++
	key := complaint{host, reason}
	if _, known := i.logged[key]; known || len(i.logged) >= maxRemembered {
		return
	}
	i.logged[key] = struct{}{}
	i.log.Warn("message refused, further ones like it are only counted",
		"host", host, "reason", reason, "err", err)
}

// Counters returns what has arrived so far.
func (i *Ingest) Counters() Counters {
	i.mu.Lock()
	defer i.mu.Unlock()
	return Counters{
		Accepted: maps.Clone(i.counters.Accepted),
		Refused:  maps.Clone(i.counters.Refused),
	}
}
