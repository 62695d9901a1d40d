package mqtt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
)

// The bounds of what a link sends.
const (
	maxPayload = 256 << 10 // the largest message, whatever the broker takes
	maxTopic   = 1<<16 - 1 // MQTT 5.0, section 1.5.4; paho would cut it off
	// overhead is the most that a PUBLISH packet has besides topics, payload
	// and correlation data: header, length of the topic, packet id, length of
	// the properties, message expiry, and what goes before the other two.
	overhead = 1 + 4 + 2 + 2 + 4 + 5 + 3 + 3
)

// Link is a connection to a broker that is made again whenever it breaks. Its
// methods are safe for concurrent use. See [Open].
type Link struct {
	options  Options
	open     context.Context // as given to Open
	life     context.Context // ends with Close
	end      context.CancelFunc
	manager  *autopaho.ConnectionManager
	backoff  *backoff
	inbox    *inbox
	events   chan event // from paho's callbacks to supervise
	causes   chan error // why the present connection broke; holds one
	tasks    sync.WaitGroup
	closing  sync.Once
	closeErr error // written in closing
	dialed   bool  // the last attempt got as far as MQTT; of paho's goroutine alone

	mu      sync.Mutex // guards the fields below
	status  Status
	problem *ConnectError      // why the link is not up; nil while it is, or is first tried
	changed chan struct{}      // closed at each change of status or problem
	limit   uint32             // the broker's maximum packet size
	conn    *guard             // the newest connection
	session context.Context    // of the connection that is up; nil without one
	expire  context.CancelFunc // ends it
	abandon error              // why we broke the connection ourselves
}

// Status is how a link is doing.
type Status struct {
	Connected bool
	// Since is when that began.
	Since time.Time
	// Error tells why there is no connection; empty while there is one, and
	// before the first attempt has ended.
	Error string
	// Address is the broker's host and port.
	Address string
}

// Open starts a link and returns at once. When ctx ends, no lost connection is
// made again, but one that is up stays for what [Link.Close] has to say; Close
// must be called in any case.
func Open(ctx context.Context, o Options) *Link {
	o = o.withDefaults()
	l := &Link{
		options: o,
		open:    ctx,
		backoff: &backoff{awaited: o.Awaited},
		events:  make(chan event, 1),
		causes:  make(chan error, 1),
		changed: make(chan struct{}),
		status:  Status{Address: o.Address(), Since: time.Now()},
	}
	l.life, l.end = context.WithCancel(context.WithoutCancel(ctx))
	if o.OnMessage != nil {
		l.inbox = newInbox(o.OnMessage, o.Log)
		l.tasks.Go(func() { l.inbox.run(l.life.Done()) })
	}
	manager, err := autopaho.NewConnection(context.WithoutCancel(ctx), l.clientConfig())
	if err != nil {
		panic(fmt.Sprintf("autopaho refuses its configuration: %v", err)) // only without a server
	}
	l.manager = manager
	l.tasks.Go(l.supervise)
	return l
}

// Status returns how the link is doing.
func (l *Link) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// Dropped returns how many messages were dropped since Open because OnMessage
// was too slow.
func (l *Link) Dropped() uint64 {
	if l.inbox == nil {
		return 0
	}
	return l.inbox.droppedTotal()
}

// AwaitUp waits until the link is up. It returns a [*ConnectError] with the
// newest cause when ctx reaches its deadline, and at once for credentials and
// certificates, which waiting can't cure. A canceled ctx is returned as such.
func (l *Link) AwaitUp(ctx context.Context) error {
	for {
		l.mu.Lock()
		up, problem, changed := l.status.Connected, l.problem, l.changed
		l.mu.Unlock()
		switch {
		case up:
			return nil
		case problem != nil && problem.final():
			return problem
		}
		select {
		case <-changed:
		case <-l.life.Done():
			return ErrDown
		case <-ctx.Done():
			switch {
			case !errors.Is(ctx.Err(), context.DeadlineExceeded):
				return ctx.Err()
			case problem != nil:
				return problem
			}
			return l.options.problem(ctx.Err())
		}
	}
}

// Publish sends a message, and at QoS 1 waits until the broker has it. It
// returns [ErrDown] without a connection, [ErrLost] for one that is lost meanwhile,
// so that nobody knows whether the message arrived; and [ErrTooLarge] or [ErrTopic] for a
// message for which the broker would end the connection. At QoS 0 it may
// outlast ctx, by at most ten seconds, while the broker does not read.
func (l *Link) Publish(ctx context.Context, m Message) error {
	if m.Topic == "" || len(m.Topic) > maxTopic || strings.ContainsAny(m.Topic, "+#\x00") || !utf8.ValidString(m.Topic) {
		return fmt.Errorf("publishing on %.80q: %w", m.Topic, ErrTopic)
	}
	l.mu.Lock()
	limit, session := l.limit, l.session
	l.mu.Unlock()
	if session == nil {
		return ErrDown
	}
	if size := len(m.Topic) + len(m.ResponseTopic) + len(m.CorrelationData) + len(m.Payload) + overhead; len(m.Payload) > maxPayload || uint64(size) > uint64(limit) {
		return fmt.Errorf("publishing %d bytes on %s, at most %d go: %w", len(m.Payload), m.Topic, min(maxPayload, limit), ErrTooLarge)
	}
	// Paho 0.23 lets a publisher wait on when the connection is lost.
	wait, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(session, cancel)()
	p := &paho.Publish{Topic: m.Topic, Payload: m.Payload, QoS: m.QoS, Retain: m.Retain}
	p.Properties = &paho.PublishProperties{ResponseTopic: m.ResponseTopic, CorrelationData: m.CorrelationData}
	if m.Expiry > 0 {
		p.Properties.MessageExpiry = seconds(m.Expiry)
	}
	if wait.Err() != nil {
		return fmt.Errorf("publishing on %s: %w", m.Topic, wait.Err())
	}
	_, err := l.manager.Publish(wait, p)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, autopaho.ConnectionDownError), session.Err() != nil && ctx.Err() == nil:
		return ErrLost
	default:
		return fmt.Errorf("publishing on %s: %w", m.Topic, err)
	}
}

// Close publishes the farewell messages if the link is up, says goodbye to the
// broker, so that it does not publish the will, and waits for all of the
// link's goroutines. When ctx ends before, the connection is cut and the error
// of ctx is returned. Further calls return what the first did.
func (l *Link) Close(ctx context.Context, farewell ...Message) error {
	l.closing.Do(func() { l.closeErr = l.close(ctx, farewell) })
	return l.closeErr
}

// close does what Close says, once.
func (l *Link) close(ctx context.Context, farewell []Message) error {
	stop := context.AfterFunc(ctx, l.cut)
	defer stop()
	var faults []error
	for _, m := range farewell {
		if err := l.Publish(ctx, m); err != nil && !errors.Is(err, ErrDown) {
			faults = append(faults, fmt.Errorf("saying farewell: %w", err))
		}
	}
	l.end()
	l.endSession()
	if err := l.manager.Disconnect(ctx); err != nil {
		faults = append(faults, fmt.Errorf("closing the link: %w", err))
	}
	ended := make(chan struct{})
	go func() {
		l.tasks.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		faults = append(faults, fmt.Errorf("waiting for the link's callbacks: %w", ctx.Err()))
	}
	return errors.Join(faults...)
}

// cut breaks the newest connection.
func (l *Link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.Close() // it may be closed already; paho notices either way
	}
}

// endSession ends the context of the connection that is up.
func (l *Link) endSession() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session != nil {
		l.expire()
	}
	l.session = nil
}

// seconds returns a duration as MQTT has it: whole seconds, rounded up.
func seconds(d time.Duration) *uint32 {
	return new(uint32(min((d+time.Second-1)/time.Second, 1<<32-1)))
}
