package e2e

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"systant/pkg/mqtt"
)

// proxy stands between an agent and its broker, and breaks what they have.
type proxy struct {
	target string
	port   int

	mu      sync.Mutex // guards the fields below
	conns   map[net.Conn]bool
	closed  bool      // no connection is taken
	stalled time.Time // until when nothing is handed on
}

// startProxy starts a proxy to an address, which ends with the test.
func startProxy(t *testing.T, target string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{target: target, port: listener.Addr().(*net.TCPAddr).Port, conns: make(map[net.Conn]bool)}
	var tasks sync.WaitGroup
	tasks.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			tasks.Go(func() { p.join(near) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		p.cut(true)
		tasks.Wait()
	})
	return p
}

// join connects an agent with the broker until one of them, or cut, ends it.
func (p *proxy) join(near net.Conn) {
	defer near.Close()
	far, err := net.DialTimeout("tcp", p.target, time.Second)
	if err != nil {
		return
	}
	defer far.Close()
	p.mu.Lock()
	closed := p.closed
	p.conns[near], p.conns[far] = true, true
	p.mu.Unlock()
	if !closed {
		var back sync.WaitGroup
		back.Go(func() { p.carry(near, far) })
		p.carry(far, near)
		back.Wait()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, near)
	delete(p.conns, far)
}

// carry hands on what one side sends, and ends both when it has ended.
func (p *proxy) carry(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		wait := time.Until(p.stalled)
		p.mu.Unlock()
		time.Sleep(wait)
		if err != nil {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// cut ends all connections, and takes no new ones if it stays closed.
func (p *proxy) cut(closed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed, p.stalled = closed, time.Time{}
	for conn := range p.conns {
		conn.Close()
	}
}

// reopen takes connections again.
func (p *proxy) reopen() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = false
}

// stall hands on nothing for some time, and then all of it.
func (p *proxy) stall(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = time.Now().Add(d)
}

// wire is an MQTT client that does what others don't: it sets the DUP flag,
// repeats a packet, and connects again at once. It is for one goroutine.
type wire struct {
	address string
	hear    func(mqtt.Message) // takes answers
	conn    net.Conn           // nil while there is none
	acks    chan struct{}      // closed when the connection ends
	number  uint16             // the last packet's
}

// errGone says that the broker is away.
var errGone = errors.New("the broker is away")

// connect opens a connection that hears answers.
func (w *wire) connect() error {
	w.leave()
	conn, err := net.DialTimeout("tcp", w.address, time.Second)
	if err != nil {
		return err
	}
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second)) // nothing takes as long
	hello, subscribe := packets.NewControlPacket(packets.CONNECT), packets.NewControlPacket(packets.SUBSCRIBE)
	hello.Content.(*packets.Connect).CleanStart = true
	subscribe.Content = &packets.Subscribe{PacketID: 1, Properties: &packets.Properties{}, Subscriptions: []packets.SubOptions{{Topic: responses}}}
	for _, p := range []*packets.ControlPacket{hello, subscribe} {
		_, err = p.WriteTo(conn)
		if err == nil {
			_, err = packets.ReadPacket(conn)
		}
		if err != nil {
			return errors.Join(err, conn.Close())
		}
	}
	_ = conn.SetDeadline(time.Time{})
	w.conn, w.acks, w.number = conn, make(chan struct{}, 1), 1
	go listenOn(conn, w.hear, w.acks)
	return nil
}

// listenOn reads from a connection until it ends.
func listenOn(conn net.Conn, hear func(mqtt.Message), acks chan<- struct{}) {
	defer close(acks)
	for {
		p, err := packets.ReadPacket(conn)
		if err != nil {
			return
		}
		switch c := p.Content.(type) {
		case *packets.Publish:
			hear(mqtt.Message{Topic: c.Topic, Payload: c.Payload})
		case *packets.Puback:
			select {
			case acks <- struct{}{}:
			default:
			}
		}
	}
}

// leave ends the connection.
func (w *wire) leave() {
	if w.conn == nil {
		return
	}
	w.conn.Close()
	for range w.acks { // until the reader has ended
	}
	w.conn = nil
}

// publish sends a request at QoS 1 and waits until the broker has it; so often
// as copies says, with the same packet, all but the first with the DUP flag.
func (w *wire) publish(content packets.Publish, copies int) error {
	if w.conn == nil {
		if err := w.connect(); err != nil {
			return err
		}
	}
	w.number = max(w.number+1, 1)
	content.Topic, content.QoS, content.PacketID = requests, 1, w.number
	if content.Properties == nil {
		content.Properties = &packets.Properties{}
	}
	for n := range copies {
		p := packets.NewControlPacket(packets.PUBLISH)
		content.Duplicate = n > 0
		p.Content = &content
		if err := w.exchange(p); err != nil {
			w.leave()
			return fmt.Errorf("publishing: %w", err)
		}
	}
	return nil
}

// exchange sends a packet and waits for its acknowledgement.
func (w *wire) exchange(p *packets.ControlPacket) error {
	_ = w.conn.SetWriteDeadline(time.Now().Add(time.Second))
	if _, err := p.WriteTo(w.conn); err != nil {
		return err
	}
	select {
	case _, ok := <-w.acks:
		if ok {
			return nil
		}
	case <-time.After(time.Second):
	}
	return errGone
}
