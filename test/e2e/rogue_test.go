package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"systant/pkg/mqtt"
)

// rogue is a broker that means the agent harm. It lets the agent in, grants
// its subscription and hands its answers to a victim.
type rogue struct {
	victim *victim
	up     chan struct{} // holds a token after each subscription

	mu     sync.Mutex        // guards the fields below, and keeps packets apart
	conn   net.Conn          // of the agent that has subscribed; nil without one
	topics map[string]string // of what the agent has published, by correlation data
}

// startRogue starts a rogue broker, and the victim's agent anew with it.
func startRogue(t *testing.T, v *victim) *rogue {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rogue{victim: v, up: make(chan struct{}, 1), topics: make(map[string]string)}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { r.serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		r.mu.Lock()
		if r.conn != nil {
			r.conn.Close()
		}
		r.mu.Unlock()
		serving.Wait()
	})
	v.through(t, listener.Addr().(*net.TCPAddr).Port)
	r.await(t)
	return r
}

// through has the agent reach its broker on another port.
func (v *victim) through(t *testing.T, port int) {
	t.Helper()
	text, err := os.ReadFile(v.config)
	if err != nil {
		t.Fatal(err)
	}
	v.config = write(t, "systant.toml", regexp.MustCompile(`(?m)^port = \d+$`).ReplaceAllString(string(text), fmt.Sprintf("port = %d", port)))
	v.restart(t, syscall.SIGTERM)
}

// serve answers what an agent sends until it leaves.
func (r *rogue) serve(conn net.Conn) {
	defer conn.Close()
	for {
		p, err := packets.ReadPacket(conn)
		if err != nil {
			return
		}
		switch c := p.Content.(type) {
		case *packets.Connect:
			r.write(conn, []byte{0x20, 3, 0, 0, 0})
		case *packets.Subscribe:
			r.write(conn, append([]byte{0x90, byte(3 + len(c.Subscriptions)), byte(c.PacketID >> 8), byte(c.PacketID), 0}, make([]byte, len(c.Subscriptions))...))
			r.mu.Lock()
			r.conn = conn
			r.mu.Unlock()
			select {
			case r.up <- struct{}{}:
			default:
			}
		case *packets.Publish:
			if c.QoS == 1 {
				r.write(conn, []byte{0x40, 2, byte(c.PacketID >> 8), byte(c.PacketID)})
			}
			r.mu.Lock()
			r.topics[string(c.Properties.CorrelationData)] = c.Topic
			r.mu.Unlock()
			if c.Topic == responses {
				r.victim.take(mqtt.Message{Topic: c.Topic, Payload: c.Payload})
			}
		case *packets.Pingreq:
			r.write(conn, []byte{0xd0, 0})
		case *packets.Disconnect:
			return
		}
	}
}

// write sends bytes to an agent; one that has gone gets nothing.
func (r *rogue) write(conn net.Conn, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = conn.SetWriteDeadline(time.Now().Add(patience))
	_, _ = conn.Write(data) // the next read tells
}

// push sends bytes to the agent that has subscribed.
func (r *rogue) push(data []byte) {
	r.mu.Lock()
	conn := r.conn
	r.mu.Unlock()
	r.write(conn, data)
}

// await waits until an agent has subscribed.
func (r *rogue) await(t *testing.T) {
	t.Helper()
	select {
	case <-r.up:
	case <-time.After(patience):
		t.Fatalf("the agent has not subscribed after %v", patience)
	}
}

// packet returns a PUBLISH of a request, at QoS 1 if it has an identifier.
func packet(t *testing.T, identifier uint16, payload []byte) []byte {
	t.Helper()
	p := packets.NewControlPacket(packets.PUBLISH)
	content := p.Content.(*packets.Publish)
	content.Topic, content.Payload, content.PacketID = requests, payload, identifier
	if identifier > 0 {
		content.QoS = 1
	}
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// list asks the agent for its offer, again and again, and returns after what
// time an answer came.
func (r *rogue) list(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	for time.Since(began) < patience {
		id := newID("list")
		r.push(packet(t, 0, fmt.Appendf(nil, `{"command":"list","request_id":%q}`, id)))
		for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
			r.victim.mu.Lock()
			_, ok := r.victim.got[id]
			r.victim.mu.Unlock()
			if ok {
				return time.Since(began)
			}
		}
		r.victim.agent.alive(t)
	}
	t.Fatalf("the agent does not answer for %v", patience)
	return 0
}

// TestTortureRogue lets a broker do its worst: replay a signed request, send
// more requests at once than the agent has room for, and huge packets.
func TestTortureRogue(t *testing.T) {
	r := startRogue(t, newVictim(t, ""))
	v := r.victim
	replays, floods, huge := scale(1000, 10_000), scale(3, 15), scale(1, 4)
	signed := r.replays(t, replays)
	sent := make(map[string]bool)
	var delays []time.Duration
	for range floods {
		delays = append(delays, r.flood(t, 10_000, sent))
	}
	slices.Sort(delays)
	for range huge {
		r.huge()
		r.await(t)
		v.agent.alive(t)
	}
	r.list(t)
	r.astray(t, "systant/+/x", "systant/#", "systant/x/#", "+/x/y", "#")
	control := newID("control")
	r.push(packet(t, 1, mark(control)))
	v.answer(t, control)
	marks := v.marks(t)
	if marks[signed] != 1 || marks[control] != 1 {
		t.Errorf("the replayed request ran %d times and the last one %d times, want once each", marks[signed], marks[control])
	}
	ran := 0
	for id, n := range marks {
		if sent[id] {
			ran++
		}
		if n > 1 {
			t.Errorf("%s ran %d times", id, n)
		}
	}
	peak := float64(v.memory(t, "VmHWM")) / (1 << 20)
	if peak > 64 {
		t.Errorf("the agent took %.1f MiB, want at most 64", peak)
	}
	t.Logf("torture: rogue: %d replays of a signed request, %d ran; %d floods of 10000 requests, %d ran, none twice, list answered after %v, at most %v; %d packets of 100 MB; peak of resident memory %.1f MiB",
		2*replays, marks[signed], floods, ran, delays[floods/2].Round(time.Millisecond), delays[floods-1].Round(time.Millisecond), huge, peak)
}

// replays sends one signed request so often, and again once the agent has been
// killed, and returns its id.
func (r *rogue) replays(t *testing.T, times int) string {
	t.Helper()
	id := newID("signed")
	envelope := r.victim.signed(t, "alice", id)
	var data bytes.Buffer
	for n := range times {
		data.Write(packet(t, uint16(n%1000), envelope))
	}
	r.push(data.Bytes())
	r.list(t)
	r.victim.restart(t, syscall.SIGKILL) // what it remembers must outlive it
	r.await(t)
	r.push(data.Bytes())
	r.list(t)
	return id
}

// flood sends so many requests at once, notes their ids and returns after what
// time the agent answers again.
func (r *rogue) flood(t *testing.T, count int, sent map[string]bool) time.Duration {
	t.Helper()
	var data bytes.Buffer
	for n := range count {
		id := newID("flood")
		sent[id] = true
		data.Write(packet(t, uint16(n%1000), mark(id)))
	}
	r.push(data.Bytes())
	return r.list(t)
}

// astray asks for answers on topics that no honest broker lets a request name,
// and checks that they go to the usual one.
func (r *rogue) astray(t *testing.T, topics ...string) {
	t.Helper()
	for _, topic := range topics {
		p := packets.NewControlPacket(packets.PUBLISH)
		id := newID("astray")
		content := p.Content.(*packets.Publish)
		content.Topic, content.Payload = requests, fmt.Appendf(nil, `{"command":"list","request_id":%q}`, id)
		content.Properties.ResponseTopic, content.Properties.CorrelationData = topic, []byte(id)
		var b bytes.Buffer
		if _, err := p.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		eventually(t, fmt.Sprintf("the request with the response topic %q is answered", topic), func() bool {
			r.push(b.Bytes()) // again, as after a flood few are answered
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.topics[id] != ""
		})
		r.mu.Lock()
		if got := r.topics[id]; got != responses {
			t.Errorf("the answer to a request with the response topic %q went to %q", topic, got)
		}
		r.mu.Unlock()
	}
}

// huge sends a packet of 100 MB, as far as the agent takes it.
func (r *rogue) huge() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := r.conn.Write([]byte{0x30, 0x80, 0xc2, 0xd7, 0x2f}); err != nil { // 100,000,000 bytes to come
		return
	}
	_, _ = io.CopyN(r.conn, zeros{}, 100_000_000) // the agent leaves meanwhile
}

// zeros reads as zeros.
type zeros struct{}

// Read fills p.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
