package mqtt

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
)

// The bounds of a link that are not configured.
const (
	defaultMaxPacket = 256 << 10 // bytes of a packet, to take and to send
	receiveMaximum   = 64        // QoS 1 messages that the broker may have on the way
	subscribeTimeout = 10 * time.Second
)

// Options say what a link is to do. Server is needed; [Section.Options] makes
// all that a configuration can say.
type Options struct {
	// Server is the broker: mqtt, mqtts, ws or wss, with a port.
	Server *url.URL
	// Name starts the client id, and 16 random digits end it, unless ClientID
	// is set.
	Name, ClientID     string
	Username, Password string
	// TLS is used for mqtts and wss.
	TLS *tls.Config
	// ConnectTimeout is how long one attempt may take.
	ConnectTimeout time.Duration
	// KeepAlive is the time without traffic after which the link is probed.
	KeepAlive time.Duration
	// MaxPacket bounds packets both ways, in bytes; 0 means 256 KiB.
	MaxPacket uint32
	// Will is what the broker publishes when the link breaks.
	Will *Message
	// Subscriptions are topic filters, with QoS 1, asked for at each connect.
	Subscriptions []string
	// OnMessage takes what arrives, one message at a time. While it works,
	// nothing else is read: that is how a flood is held up.
	OnMessage func(Message)
	// OnUp runs after each connect, in a goroutine of its own that
	// [Link.Close] waits for; it may publish.
	OnUp func(context.Context, *Link)
	// OnStatus hears of each change, one at a time. It must not block.
	OnStatus func(Status)
}

// Message is one message, to publish or received.
type Message struct {
	Topic   string
	Payload []byte
	QoS     byte
	// Retain asks the broker to keep the message for later subscribers. Of a
	// received message it says that it was kept.
	Retain bool
	// Expiry is how long the message is of use; 0 means for ever. It is sent
	// in whole seconds, rounded up.
	Expiry time.Duration
}

// Status is how a link is doing.
type Status struct {
	Connected bool
	// Since is when that began.
	Since time.Time
	// Server is the broker's host and port.
	Server string
	// Err is why there is no connection; nil while there is one, and before
	// the first attempt has ended.
	Err *ConnectError
}

// Log writes a change of status for an operator.
func (s Status) Log(log *slog.Logger) {
	log = log.With("server", s.Server)
	switch {
	case s.Connected:
		log.Info("connected to the broker")
	case s.Err != nil:
		log.Warn("no connection to the broker, trying again", "err", s.Err.Advice)
	}
}

// Link is a connection to a broker that comes back by itself. It is safe for
// concurrent use. See [Open].
type Link struct {
	options Options
	manager *autopaho.ConnectionManager
	backoff backoff
	// life ends when the link is closed.
	life    context.Context
	end     context.CancelFunc
	tasks   sync.WaitGroup
	changed chan struct{} // a token for a change of status, for AwaitUp

	// mu guards the fields below, and keeps calls of OnStatus in order.
	mu        sync.Mutex
	status    Status
	maxPacket uint32 // what the broker takes
}

// Open starts a link, which connects in the background until [Link.Close]
// ends it. It fails only for options that can't be.
func Open(o Options) (*Link, error) {
	if o.MaxPacket == 0 {
		o.MaxPacket = defaultMaxPacket
	}
	if o.ClientID == "" {
		o.ClientID = o.Name + "-" + randomDigits()
	}
	l := &Link{options: o, changed: make(chan struct{}, 1)}
	l.status = Status{Since: time.Now(), Server: o.Server.Host}
	l.life, l.end = context.WithCancel(context.Background())
	manager, err := autopaho.NewConnection(l.life, l.clientConfig())
	if err != nil {
		l.end()
		return nil, fmt.Errorf("starting the MQTT link: %w", err)
	}
	l.manager = manager
	return l, nil
}

// randomDigits returns 16 hexadecimal digits.
func randomDigits() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, as its documentation says
	return hex.EncodeToString(b[:])
}

// clientConfig translates the options for paho.
func (l *Link) clientConfig() autopaho.ClientConfig {
	o := l.options
	c := autopaho.ClientConfig{
		ServerUrls:                    []*url.URL{o.Server},
		KeepAlive:                     uint16(o.KeepAlive.Seconds()),
		CleanStartOnInitialConnection: true,
		ReconnectBackoff:              l.backoff.delay,
		ConnectTimeout:                o.ConnectTimeout,
		ConnectUsername:               o.Username,
		ConnectPassword:               []byte(o.Password),
		AttemptConnection: func(ctx context.Context, _ autopaho.ClientConfig, server *url.URL) (net.Conn, error) {
			// paho 0.23 passes a context without the timeout of the attempt.
			ctx, cancel := context.WithTimeout(ctx, o.ConnectTimeout)
			defer cancel()
			return dial(ctx, server, o.TLS, o.MaxPacket)
		},
		ConnectPacketBuilder: func(c *paho.Connect, _ *url.URL) (*paho.Connect, error) {
			c.CleanStart = true
			c.Properties = &paho.ConnectProperties{
				MaximumPacketSize: &o.MaxPacket,
				ReceiveMaximum:    new(uint16(receiveMaximum)),
			}
			return c, nil
		},
		OnConnectionUp:   l.connected,
		OnConnectionDown: l.disconnected,
		OnConnectError:   l.refused,
	}
	c.ClientID = o.ClientID
	c.OnPublishReceived = []func(paho.PublishReceived) (bool, error){l.received}
	if w := o.Will; w != nil {
		c.WillMessage = &paho.WillMessage{Topic: w.Topic, Payload: w.Payload, QoS: w.QoS, Retain: w.Retain}
	}
	return c
}

// Status returns how the link is doing.
func (l *Link) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// AwaitUp waits until the link is up. It returns a [*ConnectError] when ctx
// ends before, or at once for a reason that waiting can't cure: credentials
// and certificates. It is for one goroutine, after [Open].
func (l *Link) AwaitUp(ctx context.Context) error {
	for {
		status := l.Status()
		switch {
		case status.Connected:
			return nil
		case status.Err != nil && (status.Err.final() || ctx.Err() != nil):
			return status.Err
		case ctx.Err() != nil:
			return explain(l.options.Server, context.DeadlineExceeded)
		}
		select {
		case <-l.changed:
		case <-ctx.Done():
		}
	}
}

// Publish sends a message, and with QoS 1 waits until the broker has it. It
// returns [ErrDown] without a connection and [ErrTooLarge] for a message that
// would end the connection; such a message is never tried again.
func (l *Link) Publish(ctx context.Context, m Message) error {
	l.mu.Lock()
	limit := l.maxPacket
	up := l.status.Connected || limit > 0
	l.mu.Unlock()
	if !up {
		return ErrDown
	}
	// The rest of the packet: fixed header, lengths, packet id, properties.
	const overhead = 32
	if size := len(m.Payload) + len(m.Topic) + overhead; uint64(size) > uint64(min(limit, l.options.MaxPacket)) {
		return fmt.Errorf("publishing %d bytes: %w", len(m.Payload), ErrTooLarge)
	}
	p := &paho.Publish{Topic: m.Topic, Payload: m.Payload, QoS: m.QoS, Retain: m.Retain}
	if m.Expiry > 0 {
		seconds := uint32((m.Expiry + time.Second - 1) / time.Second)
		p.Properties = &paho.PublishProperties{MessageExpiry: &seconds}
	}
	_, err := l.manager.Publish(ctx, p)
	if errors.Is(err, autopaho.ConnectionDownError) {
		return ErrDown
	}
	return err
}

// Close publishes the farewell messages, says goodbye to the broker, so that
// it does not publish the will, and waits for everything to end. It returns
// the error of ctx when that ends before.
func (l *Link) Close(ctx context.Context, farewell ...Message) error {
	var fault error
	for _, m := range farewell {
		if err := l.Publish(ctx, m); err != nil && !errors.Is(err, ErrDown) {
			fault = errors.Join(fault, fmt.Errorf("publishing the farewell: %w", err))
		}
	}
	l.end()
	if err := l.manager.Disconnect(ctx); err != nil {
		return errors.Join(fault, fmt.Errorf("closing the MQTT link: %w", err))
	}
	l.tasks.Wait()
	return fault
}

// received hands a message on.
func (l *Link) received(p paho.PublishReceived) (bool, error) {
	if l.options.OnMessage != nil {
		l.options.OnMessage(Message{Topic: p.Packet.Topic, Payload: p.Packet.Payload, QoS: p.Packet.QoS, Retain: p.Packet.Retain})
	}
	return true, nil
}

// connected runs when the broker has accepted us. It must not block, and
// waiting for the answer to a subscription would.
func (l *Link) connected(_ *autopaho.ConnectionManager, ack *paho.Connack) {
	l.backoff.up()
	l.mu.Lock()
	l.maxPacket = ^uint32(0)
	if p := ack.Properties; p != nil && p.MaximumPacketSize != nil {
		l.maxPacket = *p.MaximumPacketSize
	}
	l.mu.Unlock()
	l.tasks.Go(func() {
		if err := l.subscribe(); err != nil {
			l.set(&ConnectError{l.options.Server.Host, CauseRejected, "subscription refused: " + err.Error(), err}, false)
			return
		}
		l.set(nil, true)
		if l.options.OnUp != nil {
			l.options.OnUp(l.life, l)
		}
	})
}

// subscribe asks for the subscriptions.
func (l *Link) subscribe() error {
	if len(l.options.Subscriptions) == 0 {
		return nil
	}
	s := &paho.Subscribe{}
	for _, filter := range l.options.Subscriptions {
		s.Subscriptions = append(s.Subscriptions, paho.SubscribeOptions{Topic: filter, QoS: 1})
	}
	ctx, cancel := context.WithTimeout(l.life, subscribeTimeout)
	defer cancel()
	_, err := l.manager.Subscribe(ctx, s)
	return err
}

// disconnected runs when the connection was lost; the library reconnects.
func (l *Link) disconnected() bool {
	l.mu.Lock()
	l.maxPacket = 0
	l.mu.Unlock()
	l.set(&ConnectError{Server: l.options.Server.Host, Cause: CauseUnreachable, Advice: "connection lost", Err: ErrDown}, false)
	return true
}

// refused runs when an attempt to connect failed.
func (l *Link) refused(err error) {
	l.set(explain(l.options.Server, err), false)
}

// set notes and tells a change; what stays the same is not told again.
func (l *Link) set(err *ConnectError, connected bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.status
	same := before.Connected == connected && (err == nil) == (before.Err == nil) && (err == nil || err.Advice == before.Err.Advice)
	if same || l.life.Err() != nil {
		return
	}
	l.status.Connected, l.status.Err = connected, err
	if before.Connected != connected {
		l.status.Since = time.Now()
	}
	select {
	case l.changed <- struct{}{}:
	default:
	}
	if l.options.OnStatus != nil {
		l.options.OnStatus(l.status)
	}
}
