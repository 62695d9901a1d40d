package dashboard

import (
	"sync"
	"time"

	"systant/pkg/mqtt"
)

// Broker is what the dashboard shows about its link to the broker.
type Broker struct {
	Connected bool `json:"connected"`
	// Embedded tells that it is the dashboard's own.
	Embedded bool   `json:"embedded"`
	Address  string `json:"address"`
	// Since is when the link came up, or went down.
	Since time.Time `json:"since"`
	// Error is why there is no link; it is empty while there is one.
	Error string `json:"error"`
}

// brokerState holds a [Broker] for several goroutines.
type brokerState struct {
	// mu guards broker.
	mu     sync.Mutex
	broker Broker
}

// now returns the state of this moment.
func (s *brokerState) now() Broker {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broker
}

// set takes the link's status, and returns what to show and whether that is
// something else than before.
func (s *brokerState) set(status mqtt.Status) (now Broker, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.broker
	s.broker.Connected, s.broker.Since, s.broker.Error = status.Connected, status.Since.UTC(), status.Error
	return s.broker, s.broker != before
}
