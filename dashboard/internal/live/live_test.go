package live

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// patience bounds each wait for something that should be quick.
const patience = 10 * time.Second

// source counts the snapshots it gives.
type source struct {
	taken atomic.Int64
}

// Snapshot returns a number, larger each time, with the watched host.
func (s *source) Snapshot(host string) ([]byte, error) {
	return fmt.Appendf(nil, `{"n":%d,"host":%q}`, s.taken.Add(1), host), nil
}

// serve returns a running hub, its source, and its address. The connections
// have small buffers, as the web package sets them.
func serve(t *testing.T, o Options) (*Hub, *source, string) {
	t.Helper()
	src := &source{}
	hub := New(src, o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	server := httptest.NewUnstartedServer(hub)
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(64 << 10)
		return ctx
	}
	server.Start()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return hub, src, server.URL
}

// options are those of a small hub.
func options() Options {
	return Options{MaxSessions: 256, WriteTimeout: 300 * time.Millisecond, PingEvery: time.Hour}
}

// browser is a client that reads events.
type browser struct {
	t      *testing.T
	body   io.ReadCloser
	lines  *bufio.Scanner
	cancel context.CancelFunc
}

// connect opens a session.
func connect(t *testing.T, url string) *browser {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Fatalf("status %s", response.Status)
	}
	b := &browser{t: t, body: response.Body, lines: bufio.NewScanner(response.Body), cancel: cancel}
	b.lines.Buffer(nil, 1<<20)
	t.Cleanup(b.close)
	return b
}

// close goes away.
func (b *browser) close() {
	b.cancel()
	b.body.Close()
}

// next returns the next event as "name data", or a comment as ": text".
func (b *browser) next() (string, error) {
	name, data := "", ""
	for b.lines.Scan() {
		field, value, _ := strings.Cut(b.lines.Text(), ": ")
		switch field {
		case "event":
			name = value
		case "data":
			data = value
		case "":
			if b.lines.Text() == "" {
				return name + " " + data, nil
			}
			name, data = ":", value
		}
	}
	return "", fmt.Errorf("stream ended: %w", b.lines.Err())
}

// want fails unless the next event is the one wanted.
func (b *browser) want(want string) {
	b.t.Helper()
	if got, err := b.next(); err != nil || got != want {
		b.t.Fatalf("got event %q (%v), want %q", got, err, want)
	}
}

// await waits until ok, and fails when that takes too long.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// TestSession gets the snapshot first, then what is broadcast, and details
// only of its own host.
func TestSession(t *testing.T) {
	hub, _, url := serve(t, options())
	fleet := connect(t, url+"/events")
	fleet.want(`snapshot {"n":1,"host":""}`)
	nas := connect(t, url+"/events?host=nas&stream="+hub.all()[0].id)
	nas.want(`snapshot {"n":2,"host":"nas"}`)
	if !hub.Watched()["nas"] || len(hub.Watched()) != 1 {
		t.Errorf("watched: got %v, want nas", hub.Watched())
	}
	hub.Broadcast("hosts", []byte(`{"hosts":[]}`))
	hub.SendDetail("nas", "detail", []byte(`{"a":1}`))
	hub.SendDetail("pc", "detail", []byte(`{"b":1}`))
	hub.Broadcast("gone", []byte(`{}`))
	fleet.want(`hosts {"hosts":[]}`)
	fleet.want(`gone {}`)
	nas.want(`hosts {"hosts":[]}`)
	nas.want(`detail {"a":1}`)
	nas.want(`gone {}`)
}

// TestPing keeps a quiet connection open with comments.
func TestPing(t *testing.T) {
	o := options()
	o.PingEvery = 20 * time.Millisecond
	_, _, url := serve(t, o)
	b := connect(t, url)
	b.want(`snapshot {"n":1,"host":""}`)
	b.want(": ping")
	b.want(": ping")
}

// TestTurnedAway refuses a name that can't be a host's, and browsers beyond
// the bound until one leaves.
func TestTurnedAway(t *testing.T) {
	o := options()
	o.MaxSessions = 1
	hub, _, url := serve(t, o)
	get := func(query string) (int, string) {
		response, err := http.Get(url + query)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode, response.Header.Get("Retry-After")
	}
	if status, _ := get("?host=%3Cimg%3E"); status != http.StatusBadRequest {
		t.Errorf("bad host: got %d, want 400", status)
	}
	first := connect(t, url)
	if status, retry := get(""); status != http.StatusServiceUnavailable || retry != retryAfter {
		t.Errorf("second session: got %d, Retry-After %q", status, retry)
	}
	first.close()
	await(t, "the session to end", func() bool { return hub.Sessions() == 0 })
	connect(t, url).want(`snapshot {"n":2,"host":""}`)
}

// TestStalled lets a browser that reads nothing delay none of 20 others, cuts
// it off, and leaves no goroutine of it behind.
func TestStalled(t *testing.T) {
	hub, _, url := serve(t, options())
	stalled, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer stalled.Close()
	if err := stalled.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(stalled, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	await(t, "the stalled session", func() bool { return hub.Sessions() == 1 })
	goroutines := runtime.NumGoroutine()

	const events = 400
	good := make([]*browser, 20)
	for i := range good {
		good[i] = connect(t, url)
		if _, err := good[i].next(); err != nil {
			t.Fatal(err)
		}
	}
	data := []byte(`"` + strings.Repeat("x", 5000) + `"`)
	slowest := time.Duration(0)
	for range events {
		sent := time.Now()
		hub.Broadcast("hosts", data)
		for _, b := range good {
			if got, err := b.next(); err != nil || !strings.HasPrefix(got, "hosts ") {
				t.Fatalf("got %.40q, %v", got, err)
			}
		}
		slowest = max(slowest, time.Since(sent))
	}
	t.Logf("slowest event took %v to reach all", slowest)
	if slowest > 2*time.Second {
		t.Errorf("slowest event took %v", slowest)
	}
	await(t, "the stalled session to be cut", func() bool { return hub.Sessions() == len(good) })
	for _, b := range good {
		b.close()
	}
	await(t, "all sessions to end", func() bool { return hub.Sessions() == 0 })
	http.DefaultClient.CloseIdleConnections()
	await(t, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= goroutines })
}

// TestSlow gives a browser that fell behind one fresh snapshot when it reads
// again, and not one for each event that it missed.
func TestSlow(t *testing.T) {
	o := options()
	o.WriteTimeout = patience
	hub, src, url := serve(t, o)
	slow := connect(t, url)
	slow.want(`snapshot {"n":1,"host":""}`)
	data := []byte(`"` + strings.Repeat("x", 100_000) + `"`)
	session := hub.all()[0]
	behind := func() bool {
		session.mu.Lock()
		defer session.mu.Unlock()
		return session.behind
	}
	sent := 0
	for ; !behind() && sent < 10_000; sent++ {
		hub.Broadcast("hosts", data)
		time.Sleep(time.Millisecond)
	}
	for range 1000 {
		hub.Broadcast("hosts", data)
	}
	if got := session.pending.Load(); got > queueSize+80 {
		t.Errorf("%d events are waiting for a browser that reads nothing", got)
	}
	for {
		got, err := slow.next()
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(got, "snapshot ") {
			break
		}
	}
	if got := src.taken.Load(); got != 2 {
		t.Errorf("got %d snapshots, want 2", got)
	}
	hub.Broadcast("gone", []byte("{}"))
	slow.want("gone {}")
}

// TestClose ends all sessions at once, the stalled ones too, and admits no
// further ones.
func TestClose(t *testing.T) {
	hub := New(&source{}, options())
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(hub)
	defer server.Close()
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	for range 20 {
		b := connect(t, server.URL)
		if _, err := b.next(); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := server.Config.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("shutdown took %v", took)
	}
	w := httptest.NewRecorder()
	hub.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/events", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("after closing: got %d, want 503", w.Code)
	}
}
