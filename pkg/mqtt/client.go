package mqtt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
)

// receiveMaximum is how many QoS 1 messages the broker may have on the way to
// us; paho takes room for as many.
const receiveMaximum = 64

// subscribeTimeout is how long the answer to a subscription may take.
const subscribeTimeout = 10 * time.Second

// causePatience bounds the wait for the reason of a loss. Paho 0.23 tells it in
// a goroutine of its own, started right before or after the loss itself.
const causePatience = time.Second

// event is something that happened to the connection: an up one has a
// session, the others a problem.
type event struct {
	session context.Context
	problem error
}

// clientConfig translates the options for paho.
func (l *Link) clientConfig() autopaho.ClientConfig {
	o := l.options
	c := autopaho.ClientConfig{
		ServerUrls:           []*url.URL{o.url()},
		KeepAlive:            uint16(min(o.KeepAlive/time.Second, 1<<16-1)),
		ReconnectBackoff:     l.backoff.delay,
		ConnectTimeout:       o.ConnectTimeout,
		ConnectUsername:      o.Username,
		ConnectPassword:      []byte(o.Password),
		AttemptConnection:    l.attempt,
		ConnectPacketBuilder: l.connectPacket,
		OnConnectionUp:       l.connected,
		OnConnectionDown:     l.disconnected,
		OnConnectError:       l.refused,
		ClientConfig: paho.ClientConfig{
			ClientID:      o.ClientID,
			PacketTimeout: max(o.ConnectTimeout, 10*time.Second), // paho applies it to the connect too
			OnClientError: l.broken,
			OnServerDisconnect: func(d *paho.Disconnect) {
				e := &disconnectError{code: d.ReasonCode}
				if d.Properties != nil {
					e.reason = d.Properties.ReasonString
				}
				l.broken(e)
			},
			PingHandler: pinger{paho.NewDefaultPinger(), l.broken},
			// A handler added to the manager would be lost at a reconnect.
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){l.received},
		},
	}
	if w := o.Will; w != nil {
		c.WillMessage = &paho.WillMessage{Topic: w.Topic, Payload: w.Payload, QoS: w.QoS, Retain: w.Retain}
		if w.Expiry > 0 {
			c.WillProperties = &paho.WillProperties{MessageExpiry: seconds(w.Expiry)}
		}
	}
	return c
}

// pinger is paho's, except that it says first why it ends a connection: what
// paho 0.23 tells may as well be that reading from it failed afterwards.
type pinger struct {
	*paho.DefaultPinger
	broken func(error)
}

// Run probes the connection until ctx ends or an answer is missing.
func (p pinger) Run(ctx context.Context, conn net.Conn, keepAlive uint16) error {
	err := p.DefaultPinger.Run(ctx, conn, keepAlive)
	if err != nil {
		p.broken(err)
	}
	return err
}

// attempt opens one connection.
func (l *Link) attempt(ctx context.Context, _ autopaho.ClientConfig, _ *url.URL) (net.Conn, error) {
	l.dialed = false
	if err := l.open.Err(); err != nil {
		return nil, err
	}
	conn, err := dial(ctx, &l.options)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.conn = conn
	l.mu.Unlock()
	l.dialed = true
	return conn, nil
}

// connectPacket completes a CONNECT: every session is new and ends with its
// connection, so that nothing stale arrives.
func (l *Link) connectPacket(c *paho.Connect, _ *url.URL) (*paho.Connect, error) {
	if secret, problem := readSecret(l.options.PasswordFile); problem == "" {
		c.Password = []byte(secret)
	}
	c.CleanStart = true
	c.Properties = &paho.ConnectProperties{
		MaximumPacketSize: new(uint32(l.options.MaxPacket)),
		ReceiveMaximum:    new(uint16(receiveMaximum)),
	}
	return c, nil
}

// received hands a message on. It must not block.
func (l *Link) received(p paho.PublishReceived) (bool, error) {
	if l.inbox == nil {
		return false, nil
	}
	m := Message{Topic: p.Packet.Topic, Payload: p.Packet.Payload, QoS: p.Packet.QoS, Retain: p.Packet.Retain, Arrived: time.Now()}
	if q := p.Packet.Properties; q != nil {
		m.ResponseTopic, m.CorrelationData = q.ResponseTopic, q.CorrelationData
		if q.MessageExpiry != nil { // one that has none left is of use for no time, and not for ever
			m.Expiry = max(time.Duration(*q.MessageExpiry)*time.Second, 1)
		}
	}
	l.inbox.put(m)
	return true, nil
}

// connected runs when the broker has accepted us. It must not block for long,
// and waiting for the answer to a subscription would.
func (l *Link) connected(_ *autopaho.ConnectionManager, ack *paho.Connack) {
	l.backoff.up()
	select {
	case <-l.causes: //nolint:errcheck // of a connection before
	default:
	}
	session, end := context.WithCancel(l.life)
	l.mu.Lock()
	l.session, l.expire, l.abandon, l.limit = session, end, nil, ^uint32(0)
	if p := ack.Properties; p != nil && p.MaximumPacketSize != nil {
		l.limit = *p.MaximumPacketSize
	}
	l.mu.Unlock()
	l.tell(event{session: session})
}

// disconnected runs when a connection that was up is lost. It returns whether
// to connect again.
func (l *Link) disconnected() bool {
	l.endSession()
	var cause error
	select {
	case cause = <-l.causes:
	case <-time.After(causePatience):
		cause = errors.New("for a reason that is not known")
	}
	l.mu.Lock()
	if l.abandon != nil {
		cause = l.abandon
	}
	l.mu.Unlock()
	problem := l.options.problem(&lostError{cause})
	if l.backoff.down() > 2 && problem.Kind == KindUnreachable {
		problem.Problem += fmt.Sprintf(", again and again: does another client use the id %s?", l.options.ClientID)
	}
	l.tell(event{problem: problem})
	return l.open.Err() == nil
}

// broken notes why a connection broke; the first reason counts.
func (l *Link) broken(err error) {
	select {
	case l.causes <- err:
	default:
	}
}

// refused runs when an attempt to connect failed.
func (l *Link) refused(err error) {
	if _, ok := errors.AsType[*autopaho.ConnackError](err); !ok && errors.Unwrap(err) != nil {
		err = errors.Unwrap(err) // without "failed to connect to" and the URL
	}
	if l.dialed {
		err = &unansweredError{err}
	}
	if l.open.Err() == nil {
		l.tell(event{problem: l.options.problem(err)})
	}
}

// tell hands an event to supervise.
func (l *Link) tell(e event) {
	select {
	case l.events <- e:
	case <-l.life.Done():
	}
}

// supervise takes events one after the other until the link is closed, and
// calls the callbacks. It is the only one to change the status.
func (l *Link) supervise() {
	var trouble time.Time // when the present outage was logged first
	for {
		select {
		case <-l.life.Done():
			return
		case e := <-l.events:
			switch {
			case e.session != nil:
				trouble = l.goUp(e.session, trouble)
			default:
				trouble = l.goDown(e.problem, trouble)
			}
		}
	}
}

// goUp makes the subscriptions of a new connection and tells that it is up.
func (l *Link) goUp(session context.Context, trouble time.Time) time.Time {
	if err := l.subscribe(session); err != nil {
		l.giveUp(session, err)
		return trouble
	}
	l.set(nil)
	if trouble.IsZero() {
		l.options.Log.Debug("broker connected", "server", l.options.Address())
	} else {
		l.options.Log.Info("broker connected again", "server", l.options.Address(), "outage", time.Since(trouble).Round(time.Millisecond))
	}
	if l.options.OnUp != nil {
		ctx, cancel := context.WithCancel(session)
		defer cancel()
		defer context.AfterFunc(l.open, cancel)()
		l.options.OnUp(ctx, l)
	}
	return time.Time{}
}

// giveUp breaks a connection whose subscriptions can't be made, so that they
// are tried again with the next one.
func (l *Link) giveUp(session context.Context, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if session.Err() != nil {
		return // it is gone already, and the newest connection may be another
	}
	if _, ok := errors.AsType[*subscribeError](err); ok || errors.Is(err, context.DeadlineExceeded) {
		l.abandon = err
	}
	_ = l.conn.Close() // paho notices, whatever it returns
}

// goDown tells what keeps the link down, unless that is known.
func (l *Link) goDown(err error, trouble time.Time) time.Time {
	problem, _ := errors.AsType[*ConnectError](err)
	if !l.set(problem) {
		return trouble
	}
	if !l.backoff.starting() { // who waits for the first connection tells the user himself
		l.options.Log.Warn("broker not connected", "err", problem)
		if trouble.IsZero() {
			trouble = time.Now()
		}
	}
	if l.options.OnDown != nil {
		l.options.OnDown(problem, l)
	}
	return trouble
}

// subscribe makes the subscriptions.
func (l *Link) subscribe(session context.Context) error {
	if len(l.options.Subscriptions) == 0 {
		return nil
	}
	s := &paho.Subscribe{}
	for _, wanted := range l.options.Subscriptions {
		one := paho.SubscribeOptions{Topic: wanted.Filter, QoS: wanted.QoS, RetainAsPublished: wanted.Live, NoLocal: wanted.NoLocal}
		if wanted.Live {
			one.RetainHandling = 2 // send none at subscribe
		}
		s.Subscriptions = append(s.Subscriptions, one)
	}
	ctx, cancel := context.WithTimeout(session, subscribeTimeout)
	defer cancel()
	answer, err := l.manager.Subscribe(ctx, s)
	if answer == nil || len(answer.Reasons) != len(s.Subscriptions) {
		return err
	}
	for i, code := range answer.Reasons { // paho has made an error of any refusal
		if code < 0x80 {
			continue
		}
		refused := &subscribeError{filter: s.Subscriptions[i].Topic, err: subscribeReason(code)}
		if !l.options.Subscriptions[i].Optional {
			return refused
		}
		l.options.Log.Warn("the broker refuses a subscription that is not needed", "err", refused)
	}
	return nil
}

// subscribeReason explains why a subscription was refused (MQTT 5.0, section
// 3.9.3).
func subscribeReason(code byte) error {
	switch code {
	case 0x87:
		return errors.New("not authorized")
	case 0x8f:
		return errors.New("the broker does not take this filter")
	case 0x97:
		return errors.New("the broker's quota is exceeded")
	}
	return fmt.Errorf("reason 0x%02x", code)
}

// set notes a change: a problem, or none when the link is up. It returns
// false, and does nothing, if that is the present state.
func (l *Link) set(problem *ConnectError) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	up := problem == nil
	if !up && l.problem != nil && l.problem.Problem == problem.Problem || up && l.status.Connected {
		return false
	}
	if l.status.Connected != up {
		l.status.Since = time.Now()
	}
	l.status.Connected, l.status.Error, l.problem = up, "", problem
	if !up {
		l.status.Error = problem.Error()
	}
	close(l.changed)
	l.changed = make(chan struct{})
	return true
}
