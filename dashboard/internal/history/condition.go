package history

import (
	"log/slog"
	"maps"
	"sync"
	"time"
)

// Status is the state of a history.
type Status struct {
	// Open tells whether it can be read.
	Open bool `json:"open"`
	// Error says why samples are not remembered; empty while they are.
	Error string `json:"error,omitempty"`
	// Since is when that began.
	Since time.Time `json:"since"`
	// Crowded are hosts with more series than are remembered.
	Crowded []string `json:"crowded,omitempty"`
}

// Counters tells what has been written since the start.
type Counters struct {
	// Samples is the number of numbers.
	Samples uint64
	// Lost is the number of messages that were not remembered.
	Lost uint64
	// Refused is the number of numbers that were not taken, by reason.
	Refused map[string]uint64
}

// condition is how a history is doing, and who is told.
type condition struct {
	where    string // what it is written to
	log      *slog.Logger
	onChange func()

	// mu guards all below.
	mu       sync.RWMutex
	status   Status
	counters Counters
}

// newCondition returns the condition of a history that is not open yet.
func newCondition(where string, log *slog.Logger, onChange func()) *condition {
	return &condition{
		where: where, log: log, onChange: onChange,
		status:   Status{Error: ErrClosed.Error(), Since: time.Now().UTC()},
		counters: Counters{Refused: map[string]uint64{}},
	}
}

// opened notes whether the history can be read.
func (c *condition) opened(open bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Open = open
}

// count takes what a writer has counted.
func (c *condition) count(w *writer) {
	crowded := w.crowded()
	c.mu.Lock()
	c.counters.Samples += w.taken()
	for reason, n := range w.refused {
		c.counters.Refused[reason] += n
	}
	clear(w.refused)
	changed := len(crowded) != len(c.status.Crowded)
	c.status.Crowded = crowded
	c.mu.Unlock()
	if changed && c.onChange != nil {
		c.onChange()
	}
}

// fault notes an error, or that there is none, and says so once.
func (c *condition) fault(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	c.mu.Lock()
	before := c.status.Error
	if c.status.Error = text; before != text {
		c.status.Since = time.Now().UTC()
	}
	c.mu.Unlock()
	if before == text {
		return
	}
	if err != nil {
		c.log.Error("history not written; everything else goes on", "err", err)
	} else {
		c.log.Info("history is written", "to", c.where)
	}
	if c.onChange != nil {
		c.onChange()
	}
}

// Status returns the state of the history.
func (c *condition) Status() Status {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.status
}

// totals returns what has been written, with what an inbox has lost.
func (c *condition) totals(lost uint64) Counters {
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := c.counters
	all.Lost, all.Refused = lost, maps.Clone(c.counters.Refused)
	return all
}
