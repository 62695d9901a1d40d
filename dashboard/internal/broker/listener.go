package broker

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// listener hands connections to mochi. It differs from the library's own in
// three ways: a connection must send its first packet in time, a moment
// without file descriptors does not end the broker, and closing ends every
// connection, also those that never said who they are.
type listener struct {
	net.Listener
	served sync.WaitGroup

	// mu guards all below.
	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool
}

// newListener returns a listener on l, which it owns.
func newListener(l net.Listener) *listener {
	return &listener{Listener: l, conns: map[net.Conn]struct{}{}}
}

// ID names the listener within the library.
func (l *listener) ID() string { return "tcp" }

// Protocol names the network.
func (l *listener) Protocol() string { return l.Addr().Network() }

// Address returns where the listener listens.
func (l *listener) Address() string { return l.Addr().String() }

// Init does nothing; the library calls it first.
func (l *listener) Init(*slog.Logger) error { return nil }

// Serve accepts connections until the listener is closed. Go switches Nagle's
// algorithm off for each, so that small acknowledgements leave at once.
func (l *listener) Serve(establish listeners.EstablishFn) {
	for {
		conn, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(acceptPause)
			continue
		case !l.add(conn):
			conn.Close()
			return
		}
		go func() {
			defer l.remove(conn)
			// A connection that can't be given a deadline is dead already.
			// mochi sets its own deadlines, but only after CONNECT.
			if conn.SetReadDeadline(time.Now().Add(connectTimeout)) == nil {
				// How a client's connection ends is the client's business.
				_ = establish(l.ID(), conn)
			}
		}()
	}
}

// add notes a connection, and returns false when the listener is closed.
func (l *listener) add(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.conns[conn] = struct{}{}
	l.served.Add(1)
	return true
}

// remove closes a connection that has been served.
func (l *listener) remove(conn net.Conn) {
	conn.Close()
	l.mu.Lock()
	delete(l.conns, conn)
	l.mu.Unlock()
	l.served.Done()
}

// Close ends the listener and all its connections; disconnect is the
// library's way to say goodbye to the clients it knows. It returns when none
// is served any more.
func (l *listener) Close(disconnect listeners.CloseFn) {
	l.Listener.Close()
	disconnect(l.ID())
	l.mu.Lock()
	l.closed = true
	for conn := range l.conns {
		conn.Close()
	}
	l.mu.Unlock()
	l.served.Wait()
}
