package mqtt

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/google/go-cmp/cmp"
)

func TestMessagesArriveUnchanged(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	startBroker(t, l)
	o := optionsFor(t, l.Addr().String())
	o.Subscriptions = []Subscription{{Filter: "a/#", QoS: 1}, {Filter: "live/#", QoS: 1, Live: true}}
	received := sink(&o)
	link := openUp(t, o)
	publish(t, link, Message{Topic: "a/b", Payload: []byte("1"), QoS: 1, Expiry: 1500 * time.Millisecond, ResponseTopic: "a/r", CorrelationData: []byte{0, 255}})
	publish(t, link, Message{Topic: "a/c", Payload: []byte("2"), Retain: true})
	publish(t, link, Message{Topic: "live/c", Payload: []byte("3"), QoS: 1, Retain: true})
	var got []Message
	for range 3 {
		m := next(t, received, "message")
		if age := time.Since(m.Arrived); age < 0 || age > patience {
			t.Errorf("a message has arrived %v ago", age)
		}
		m.Arrived = time.Time{}
		got = append(got, m)
	}
	got[0].Expiry = got[0].Expiry.Round(2 * time.Second) // the broker counts it down
	got[1].Expiry, got[2].Expiry = 0, 0                  // mochi stamps its own maximum of a day on
	want := []Message{
		{Topic: "a/b", Payload: []byte("1"), QoS: 1, Expiry: 2 * time.Second, ResponseTopic: "a/r", CorrelationData: []byte{0, 255}},
		{Topic: "a/c", Payload: []byte("2")},
		{Topic: "live/c", Payload: []byte("3"), QoS: 1, Retain: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}

	late := sink(&o)
	openUp(t, o)
	if m := next(t, late, "retained message"); m.Topic != "a/c" || !m.Retain {
		t.Errorf("first message of a later subscriber: got %+v, want the retained a/c", m)
	}
	publish(t, link, Message{Topic: "a/end", QoS: 1})
	if m := next(t, late, "end"); m.Topic != "a/end" {
		t.Errorf("second message of a later subscriber: got %+v, want a/end, and none of live/#", m)
	}
}

func TestPublishRefuses(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	startBroker(t, l)
	link := openUp(t, optionsFor(t, l.Addr().String()))
	check := func(topic string, size int, want error) {
		t.Helper()
		if err := link.Publish(t.Context(), Message{Topic: topic, Payload: make([]byte, size), QoS: 1}); !errors.Is(err, want) {
			t.Errorf("publishing %d bytes on %.20q: got %v, want %v", size, topic, err, want)
		}
	}
	check("a", 99_000, nil)
	check("a", maxPayload+1, ErrTooLarge)
	for _, topic := range []string{"", "a/+", "#", "a\x00b", "a\xff", strings.Repeat("a", maxTopic+1)} {
		check(topic, 1, ErrTopic)
	}
	if s := link.Status(); !s.Connected {
		t.Errorf("status afterwards: got %+v, want the link up", s)
	}
	start := time.Now()
	check("a", 100_000, ErrLost) // mochi has a limit that it does not tell
	if waited := time.Since(start); waited > 5*time.Second {
		t.Errorf("the loss of the connection was told after %v", waited)
	}
}

func TestPublishHeedsTheBrokersLimit(t *testing.T) {
	hello := []byte{0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 100} // CONNACK with a maximum packet size of 100
	link := openUp(t, optionsFor(t, rogue(t, hello, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })))
	check := func(m Message, want error) {
		t.Helper()
		if err := link.Publish(t.Context(), m); !errors.Is(err, want) {
			t.Errorf("publishing %d bytes: got %v, want %v", len(m.Payload), err, want)
		}
	}
	check(Message{Topic: "a", Payload: make([]byte, 100-overhead-1), Expiry: time.Hour}, nil)
	check(Message{Topic: "a", Payload: make([]byte, 100-overhead), Expiry: time.Hour}, ErrTooLarge)
}

func TestLinkComesBack(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	address := l.Addr().String()
	stop := startBroker(t, l)
	o := optionsFor(t, address)
	o.Subscriptions = []Subscription{{Filter: "news", QoS: 1}}
	received := sink(&o)
	down := make(chan error, 100)
	o.OnDown = func(err error, _ *Link) { down <- err }
	up := make(chan struct{}, 100)
	o.OnUp = func(ctx context.Context, link *Link) {
		if err := link.Publish(ctx, Message{Topic: "news", Payload: []byte("born"), QoS: 1}); err != nil {
			t.Errorf("publishing in OnUp: %v", err)
		}
		up <- struct{}{}
	}
	link := openUp(t, o)
	next(t, up, "first up")
	next(t, received, "first birth")

	stop()
	first := next(t, down, "down")
	if e, ok := errors.AsType[*ConnectError](first); !ok || e.Server != address {
		t.Errorf("reason for the loss: got %v, want a *ConnectError of %s", first, address)
	}
	refused := next(t, down, "refusal")
	if want := address + ": connection refused"; refused.Error() != want {
		t.Errorf("reason during the outage: got %v, want %s", refused, want)
	}
	if err := link.Publish(t.Context(), Message{Topic: "news", QoS: 1}); !errors.Is(err, ErrDown) {
		t.Errorf("publishing during the outage: got %v, want %v", err, ErrDown)
	}
	if s := link.Status(); s.Connected || s.Error != refused.Error() || s.Address != address {
		t.Errorf("status during the outage: got %+v", s)
	}

	startBroker(t, listen(t, address))
	next(t, up, "up again")
	if m := next(t, received, "second birth"); string(m.Payload) != "born" {
		t.Errorf("after the outage: got %s, want born", m.Payload)
	}
	if len(down) > 0 {
		t.Errorf("an unchanged reason was told again: %v", <-down)
	}
}

func TestWillAndFarewell(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	startBroker(t, l)
	o := optionsFor(t, l.Addr().String())
	o.Subscriptions = []Subscription{{Filter: "status", QoS: 1}}
	received := sink(&o)
	watcher := openUp(t, o)

	o = optionsFor(t, l.Addr().String())
	o.Will = &Message{Topic: "status", Payload: []byte("will"), QoS: 1, Expiry: time.Minute}
	ctx, cancel := context.WithCancel(t.Context())
	first := Open(ctx, o)
	if err := awaitUp(t, first, patience); err != nil {
		t.Fatal(err)
	}
	cancel() // the program was told to stop: it still says farewell
	if err := first.Close(t.Context(), Message{Topic: "status", Payload: []byte("bye"), QoS: 1}); err != nil {
		t.Fatal(err)
	}
	if err := first.Publish(t.Context(), Message{Topic: "status"}); !errors.Is(err, ErrDown) {
		t.Errorf("publishing on a closed link: got %v, want %v", err, ErrDown)
	}
	// The broker acknowledges a message before it hands it on.
	got := []string{string(next(t, received, "farewell").Payload)}
	openUp(t, o).cut()
	got = append(got, string(next(t, received, "will").Payload))
	if diff := cmp.Diff([]string{"bye", "will"}, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if !watcher.Status().Connected {
		t.Error("the watcher's link went down")
	}
}

func TestCloseLeavesNoGoroutines(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	silent := listen(t, "127.0.0.1:0") // accepts, and never answers
	startBroker(t, l)
	for _, address := range []string{l.Addr().String(), silent.Addr().String(), "127.0.0.1:1"} {
		link := Open(t.Context(), optionsFor(t, address))
		_ = awaitUp(t, link, 50*time.Millisecond)
		if err := link.Close(t.Context()); err != nil {
			t.Errorf("closing a link to %s: %v", address, err)
		}
		// A goroutine that has told that it is done may not have returned yet.
		left := leftovers()
		for end := time.Now().Add(5 * time.Second); len(left) > 0 && time.Now().Before(end); left = leftovers() {
			time.Sleep(time.Millisecond)
		}
		for _, stack := range left {
			t.Errorf("left after closing a link to %s:\n%s", address, stack)
		}
	}
}

// leftovers returns the stacks of goroutines that belong to a link.
func leftovers() []string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var left []string
	for stack := range bytes.SplitSeq(stacks, []byte("\n\n")) {
		if bytes.Contains(stack, []byte("pkg/mqtt.(*Link)")) || bytes.Contains(stack, []byte("autopaho")) {
			left = append(left, string(stack))
		}
	}
	return left
}

// welcome is a CONNACK that lets the client in.
var welcome = []byte{0x20, 3, 0, 0, 0}

// rogue accepts connections, answers each with hello and sends what it wants.
func rogue(t *testing.T, hello []byte, send func(net.Conn)) string {
	t.Helper()
	l := listen(t, "127.0.0.1:0")
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := conn.Read(make([]byte, 4096)); err == nil {
				_, _ = conn.Write(hello)
				send(conn)
			}
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestHugePacketEndsTheLink(t *testing.T) {
	address := rogue(t, welcome, func(conn net.Conn) {
		_, _ = conn.Write([]byte{0x30, 0x80, 0x84, 0xaf, 0x5f}) // 200 MB to come
		_, _ = io.Copy(conn, neverEnding{})
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	o := optionsFor(t, address)
	down := make(chan error, 100)
	o.OnDown = func(err error, _ *Link) { down <- err }
	open(t, o)
	if err := next(t, down, "down"); !strings.Contains(err.Error(), "past the maximum of 65536") {
		t.Errorf("got %v, want that the packet is past the maximum", err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
		t.Errorf("got %d bytes allocated, want less than 4 MiB", used)
	}
}

// neverEnding reads as zeros.
type neverEnding struct{}

// Read fills p.
func (neverEnding) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestSilentBrokerIsNoticed(t *testing.T) {
	o := optionsFor(t, rogue(t, welcome, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }))
	o.KeepAlive = time.Second
	down := make(chan error, 100)
	o.OnDown = func(err error, _ *Link) { down <- err }
	open(t, o)
	err := next(t, down, "down")
	if e, ok := errors.AsType[*ConnectError](err); !ok || e.Kind != KindTimeout || !strings.HasSuffix(err.Error(), "the broker stopped answering") {
		t.Errorf("got %v, want that the broker stopped answering", err)
	}
}

func TestSlowHandlerKeepsTheLink(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	startBroker(t, l)
	o := optionsFor(t, l.Addr().String())
	o.KeepAlive = 2 * time.Second
	o.Subscriptions = []Subscription{{Filter: "a", QoS: 1}}
	entered, release := make(chan struct{}, 1000), make(chan struct{})
	o.OnMessage = func(Message) {
		entered <- struct{}{}
		<-release
	}
	o.OnDown = func(err error, _ *Link) { t.Errorf("link lost: %v", err) }
	link := openUp(t, o)
	for range 2 * receiveMaximum {
		publish(t, link, Message{Topic: "a", QoS: 1})
	}
	next(t, entered, "message")
	<-time.After(5 * o.KeepAlive / 2) // a link that answers no ping is lost after two
	close(release)
	for range 2*receiveMaximum - 1 {
		next(t, entered, "message")
	}
}

func TestRefusedSubscriptionIsTold(t *testing.T) {
	o := optionsFor(t, rogue(t, welcome, func(conn net.Conn) {
		for {
			p, err := packets.ReadPacket(conn)
			if err != nil {
				return
			}
			if s, ok := p.Content.(*packets.Subscribe); ok {
				_, _ = conn.Write([]byte{0x90, 5, byte(s.PacketID >> 8), byte(s.PacketID), 0, 0, 0x87})
			}
		}
	}))
	o.Subscriptions = []Subscription{{Filter: "granted"}, {Filter: "denied/#"}}
	o.OnUp = func(context.Context, *Link) { t.Error("OnUp was called") }
	link := open(t, o)
	err := awaitUp(t, link, 2*time.Second)
	if want := o.Address() + ": subscription to denied/# refused: not authorized"; text(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if s := link.Status(); s.Connected || s.Error != text(err) {
		t.Errorf("status: got %+v, want the link down because of %v", s, err)
	}
}
