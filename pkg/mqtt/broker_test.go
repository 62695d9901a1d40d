package mqtt

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

// patience bounds each wait for something that should be quick.
const patience = 15 * time.Second

// startBroker serves MQTT on l, and returns what ends that.
func startBroker(t *testing.T, l net.Listener) (stop func()) {
	t.Helper()
	tracked := &tracked{Listener: l, conns: make(map[net.Conn]bool)}
	return serve(t, &settled{Net: listeners.NewNet("test", tracked), tracked: tracked})
}

// settled is mochi's listener, but closing it waits for every connection:
// mochi 2.7 counts a new one while it waits for the count to reach zero, which
// is a race.
type settled struct {
	*listeners.Net
	tracked *tracked
	served  sync.WaitGroup
}

// Serve hands connections to the broker until the listener is closed.
func (s *settled) Serve(establish listeners.EstablishFn) {
	s.served.Add(1)
	defer s.served.Done()
	s.Net.Serve(func(id string, conn net.Conn) error {
		s.served.Add(1)
		defer s.served.Done()
		return establish(id, conn)
	})
}

// Close ends the listener and every connection.
func (s *settled) Close(closeClients listeners.CloseFn) {
	s.Net.Close(closeClients)
	s.tracked.cut()
	s.served.Wait()
}

// tracked is a listener that can end the connections it has accepted.
type tracked struct {
	net.Listener

	mu    sync.Mutex // guards conns
	conns map[net.Conn]bool
}

// Accept returns the next connection.
func (l *tracked) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.mu.Lock()
		l.conns[conn] = true
		l.mu.Unlock()
	}
	return conn, err
}

// cut ends all connections.
func (l *tracked) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.conns {
		conn.Close()
	}
}

// serve runs a broker, and returns what ends that.
func serve(t *testing.T, l listeners.Listener) (stop func()) {
	t.Helper()
	capabilities := mochi.NewDefaultServerCapabilities()
	capabilities.MaximumPacketSize = 100_000
	server := mochi.New(&mochi.Options{Capabilities: capabilities, Logger: slog.New(slog.DiscardHandler)})
	if err := server.AddHook(new(auth.AllowHook), nil); err != nil {
		t.Fatal(err)
	}
	if err := server.AddListener(l); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			_ = server.Close()
		}
	}
	t.Cleanup(stop)
	return stop
}

// listen takes an address of the loopback interface; "127.0.0.1:0" for any.
func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// optionsFor returns options for a broker at an address.
func optionsFor(t *testing.T, address string) Options {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Scheme: "mqtt", Host: host, Port: number, ClientName: "test", ConnectTimeout: 5 * time.Second}
}

// open starts a link that ends with the test.
func open(t *testing.T, o Options) *Link {
	t.Helper()
	l := Open(t.Context(), o)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := l.Close(ctx); err != nil {
			t.Errorf("closing the link: %v", err)
		}
	})
	return l
}

// openUp starts a link and waits until it is up.
func openUp(t *testing.T, o Options) *Link {
	t.Helper()
	l := open(t, o)
	if err := awaitUp(t, l, patience); err != nil {
		t.Fatal(err)
	}
	return l
}

// awaitUp waits for a link to come up.
func awaitUp(t *testing.T, l *Link, within time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	return l.AwaitUp(ctx)
}

// next returns what a channel delivers.
func next[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s within %v", what, patience)
		panic("not reached")
	}
}

// sink returns a channel that takes what a handler hears.
func sink(o *Options) <-chan Message {
	received := make(chan Message, 1000)
	o.OnMessage = func(m Message) { received <- m }
	return received
}

// publish sends a message and fails the test if that does not work.
func publish(t *testing.T, l *Link, m Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := l.Publish(ctx, m); err != nil {
		t.Fatal(err)
	}
}
