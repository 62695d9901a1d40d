package command

import (
	"time"

	"systant/pkg/schema"
)

// The bounds of what is remembered of requests.
const (
	// rememberFor is how long an id is known at least, and longer while there
	// is room. A signed request is good for at most maxAhead.
	rememberFor = 10 * time.Minute
	// minRemembered is how many ids are known at least.
	minRemembered = 4096
	// maxStored bounds the output in stored answers, in bytes.
	maxStored = 1 << 20
)

// run is what is remembered of one request that was accepted.
type run struct {
	id      string
	content string          // what was asked for
	issued  time.Time       // of a signed request, else zero
	until   time.Time       // when it may be forgotten for another
	answer  schema.Response // its Status is StatusRunning until it has ended
}

// memory knows the requests that were accepted, so that none runs twice. It is
// not safe for concurrent use. Times must come from one clock that does not
// jump; the Go runtime's does not.
type memory struct {
	byID   map[string]*run
	oldest []*run // in the order in which they came
	most   int    // requests that are remembered
	stored int    // bytes of output in answers
	// issued is a time before which no signed request is taken: what was signed
	// earlier may have run and been forgotten, or have run before the agent
	// was started, or before the clock was set back.
	issued time.Time
}

// newMemory returns one that refuses what was signed before a time, for a
// number of runs in a minute.
func newMemory(issued time.Time, rate int) *memory {
	most := max(minRemembered, rate*int(rememberFor/time.Minute))
	return &memory{byID: make(map[string]*run), most: most, issued: issued}
}

// find returns what is known of an id, or nil.
func (m *memory) find(id string) *run {
	return m.byID[id]
}

// add remembers a request; false says that there is no room.
func (m *memory) add(r *run, now time.Time) bool {
	if len(m.byID) >= m.most && !m.forget(now) {
		return false
	}
	m.byID[r.id] = r
	m.oldest = append(m.oldest, r)
	return true
}

// finish stores the answer to a request. The oldest answers lose their output
// where all take too much room.
func (m *memory) finish(r *run, answer schema.Response) {
	r.answer = answer
	m.stored += len(answer.Output)
	for _, old := range m.oldest {
		if m.stored <= maxStored {
			return
		}
		if old.answer.Output != "" && old != r {
			m.stored -= len(old.answer.Output)
			old.answer.Output, old.answer.Truncated = "", true
		}
	}
}

// drop forgets a request that did not run after all.
func (m *memory) drop(r *run) {
	delete(m.byID, r.id)
	for i := range m.oldest {
		if m.oldest[i] == r {
			m.oldest = append(m.oldest[:i], m.oldest[i+1:]...)
			return
		}
	}
}

// forget drops the oldest request, unless it is too young for that or runs.
func (m *memory) forget(now time.Time) bool {
	old := m.oldest[0]
	if !now.After(old.until) || old.answer.Status == schema.StatusRunning {
		return false
	}
	if old.issued.After(m.issued) {
		m.issued = old.issued
	}
	m.stored -= len(old.answer.Output)
	delete(m.byID, old.id)
	m.oldest[0] = nil // the array may live on; the answer must not
	m.oldest = m.oldest[1:]
	return true
}
