// Package live keeps browsers up to date by server-sent events. Each browser
// has one session: it gets a snapshot of everything first, then the events
// that are broadcast. It knows nothing of hosts beyond their names and
// nothing of what the events hold.
//
// A session is a stream of its own in r3labs/sse, because that library's
// streams wait for their slowest subscriber. Nothing here ever waits for a
// browser: an event that finds a session's queue full is dropped, and the
// session is sent a fresh snapshot once it reads again. A browser that reads
// nothing for [Options.WriteTimeout] is disconnected.
package live

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/r3labs/sse/v2"

	"systant/pkg/schema"
)

// The sizes of one session: events waiting in its stream, and the seconds
// after which a browser that was sent away should come back.
const (
	queueSize  = 16
	retryAfter = "10"
)

// resyncEvery is how often sessions that missed an event are offered a fresh
// snapshot, at most.
const resyncEvery = time.Second

// Source makes the first event of a session.
type Source interface {
	// Snapshot returns the JSON of everything that a browser shows; host is
	// the one whose details it watches, or "".
	Snapshot(host string) ([]byte, error)
}

// Options bounds a hub. Zero durations are not usable.
type Options struct {
	// MaxSessions is the number of browsers served at once.
	MaxSessions int
	// WriteTimeout is how long one write to a browser may take.
	WriteTimeout time.Duration
	// PingEvery is the time between comments that keep proxies from closing
	// a quiet connection.
	PingEvery time.Duration
}

// Hub holds the sessions. It is safe for concurrent use. See [New].
type Hub struct {
	source  Source
	options Options
	server  *sse.Server
	// open ends when the hub closes, and every session's request with it.
	open  context.Context
	close context.CancelFunc

	// mu guards the sessions.
	mu       sync.Mutex
	sessions map[string]*session
}

// session is one browser.
type session struct {
	id   string
	host string
	// pending counts the events that are queued and not written yet; the
	// response's header counts as one.
	pending atomic.Int64

	// mu guards behind, and keeps the order of snapshot and events.
	mu     sync.Mutex
	behind bool // the session has no snapshot yet, or missed an event since
	joined bool // the stream has its subscriber, so that nothing sent is lost
}

// New returns a hub that takes snapshots from source. Its sessions live until
// [Hub.Run] returns.
func New(source Source, o Options) *Hub {
	h := &Hub{
		source:   source,
		options:  o,
		sessions: map[string]*session{},
	}
	h.open, h.close = context.WithCancel(context.Background())
	h.server = sse.NewWithCallback(h.join, h.leave)
	h.server.AutoReplay = false
	h.server.AutoStream = false
	h.server.BufferSize = queueSize
	h.server.Headers = map[string]string{
		"Cache-Control":     "no-store",
		"X-Accel-Buffering": "no", // nginx holds events back otherwise
	}
	return h
}

// ServeHTTP serves one session until the browser goes away. The query may
// name the host whose details are watched.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := r.URL.Query().Get("host")
	if host != "" && schema.CheckHost(host) != nil {
		fail(w, http.StatusBadRequest, "host is not the name of a host")
		return
	}
	s, err := h.admit(host)
	if err != nil {
		w.Header().Set("Retry-After", retryAfter)
		fail(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(h.open, cancel)()
	// The stream's name is chosen here and nowhere else: a client that could
	// name it would read another's events. Last-Event-ID is dropped too: the
	// library answers 400 to one that is no number, and nothing is replayed.
	inner := r.Clone(ctx)
	inner.URL.RawQuery = url.Values{"stream": {s.id}}.Encode()
	inner.Header.Del("Last-Event-ID")
	h.server.ServeHTTP(&deadlineWriter{
		ResponseWriter: w,
		timeout:        h.options.WriteTimeout,
		flushed:        func() { s.pending.Add(-1) },
		fail:           cancel,
	}, inner)
}

// fail answers with a status and a reason in JSON.
func fail(w http.ResponseWriter, status int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintf(w, "{\"error\":%q}\n", reason)
}

// The reasons to turn a browser away.
var (
	errFull   = errors.New("too many browsers are connected")
	errClosed = errors.New("the dashboard is stopping")
)

// admit adds a session.
func (h *Hub) admit(host string) (*session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.open.Err() != nil:
		return nil, errClosed
	case len(h.sessions) >= h.options.MaxSessions:
		return nil, errFull
	}
	s := &session{id: rand.Text(), host: host, behind: true}
	s.pending.Store(1)
	h.sessions[s.id] = s
	h.server.CreateStream(s.id)
	return s, nil
}

// join is called by the library once a session's subscriber is in place.
func (h *Hub) join(id string, _ *sse.Subscriber) {
	h.mu.Lock()
	s := h.sessions[id]
	h.mu.Unlock()
	if s == nil {
		return
	}
	s.mu.Lock()
	s.joined = true
	s.mu.Unlock()
	h.catchUp(s)
}

// leave is called by the library once a session's subscriber is gone. Only
// then may the stream be removed: with a subscriber it would leak.
func (h *Hub) leave(id string, _ *sse.Subscriber) {
	h.mu.Lock()
	delete(h.sessions, id)
	h.mu.Unlock()
	h.server.RemoveStream(id)
}

// Run sends pings and fresh snapshots until ctx ends, then ends all sessions.
func (h *Hub) Run(ctx context.Context) error {
	ping := time.NewTicker(h.options.PingEvery)
	defer ping.Stop()
	resync := time.NewTicker(resyncEvery)
	defer resync.Stop()
	for {
		select {
		case <-ctx.Done():
			h.close()
			return nil
		case <-ping.C:
			comment := &sse.Event{Comment: []byte("ping")}
			for _, s := range h.all() {
				h.queue(s, comment) // a full queue needs no ping
			}
		case <-resync.C:
			for _, s := range h.all() {
				h.catchUp(s)
			}
		}
	}
}

// Broadcast sends an event to every session. The data is JSON without line
// breaks, as [encoding/json] makes it, and must not be changed afterwards.
func (h *Hub) Broadcast(event string, data []byte) {
	e := &sse.Event{Event: []byte(event), Data: data}
	for _, s := range h.all() {
		h.send(s, e)
	}
}

// SendDetail sends an event to the sessions that watch a host.
func (h *Hub) SendDetail(host, event string, data []byte) {
	e := &sse.Event{Event: []byte(event), Data: data}
	for _, s := range h.all() {
		if s.host == host {
			h.send(s, e)
		}
	}
}

// Watched returns the hosts whose details some session shows.
func (h *Hub) Watched() map[string]bool {
	watched := map[string]bool{}
	for _, s := range h.all() {
		if s.host != "" {
			watched[s.host] = true
		}
	}
	return watched
}

// Sessions returns the number of sessions.
func (h *Hub) Sessions() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.sessions)
}

// all returns the sessions of this moment.
func (h *Hub) all() []*session {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]*session, 0, len(h.sessions))
	for _, s := range h.sessions {
		all = append(all, s)
	}
	return all
}

// send queues an event for a session, or notes that it missed one.
func (h *Hub) send(s *session, e *sse.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.behind {
		s.behind = !h.queue(s, e)
	}
}

// queue hands an event to a session's stream, and tells whether it had room.
func (h *Hub) queue(s *session, e *sse.Event) bool {
	s.pending.Add(1)
	ok := h.server.TryPublish(s.id, e)
	if !ok {
		s.pending.Add(-1)
	}
	return ok
}

// catchUp queues a fresh snapshot for a session that is behind and has read
// all that was sent to it: snapshots are large, and a slow browser must not
// collect them. Events that are broadcast meanwhile wait for the snapshot. One
// of them can still be older than it, but then its host has changed since and
// is about to be broadcast again.
func (h *Hub) catchUp(s *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.behind || !s.joined || s.pending.Load() > 1 {
		return
	}
	data, err := h.source.Snapshot(s.host)
	if err != nil {
		return // the next attempt follows; the source has logged it
	}
	s.behind = !h.queue(s, &sse.Event{Event: []byte("snapshot"), Data: data})
}
