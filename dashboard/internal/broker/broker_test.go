package broker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
)

// patience bounds each wait for something that should be quick.
const patience = 10 * time.Second

// start returns the address of a running broker.
func start(t *testing.T, o Options) (*Broker, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Log = slog.New(slog.DiscardHandler)
	b, err := New(l, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Wait(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return b, b.Addr().String()
}

// dial connects a client with a name and password, and returns what it
// receives, or the broker's refusal.
func dial(t *testing.T, address, id, username, password string) (*paho.Client, <-chan *paho.Publish, error) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	received := make(chan *paho.Publish, 100)
	client := paho.NewClient(paho.ClientConfig{
		Conn: conn,
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){
			func(p paho.PublishReceived) (bool, error) {
				received <- p.Packet
				return true, nil
			},
		},
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err = client.Connect(ctx, &paho.Connect{
		ClientID: id, CleanStart: true, KeepAlive: 30,
		Username: username, UsernameFlag: username != "",
		Password: []byte(password), PasswordFlag: password != "",
	})
	t.Cleanup(func() { conn.Close() })
	return client, received, err
}

// publish sends a message at QoS 1.
func publish(t *testing.T, client *paho.Client, m *paho.Publish) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	m.QoS = 1
	if _, err := client.Publish(ctx, m); err != nil {
		t.Fatalf("publishing on %s: %v", m.Topic, err)
	}
}

// retained returns what a new subscriber to filter gets, up to a message that
// is published afterwards.
func retained(t *testing.T, address, filter string) map[string]*paho.Publish {
	t.Helper()
	client, received, err := dial(t, address, "reader-"+fmt.Sprint(time.Now().UnixNano()), "", "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{
		{Topic: filter, QoS: 1}, {Topic: "end", QoS: 1},
	}})
	if err != nil {
		t.Fatal(err)
	}
	publish(t, client, &paho.Publish{Topic: "end"})
	defer func() { _ = client.Disconnect(&paho.Disconnect{}) }()
	found := map[string]*paho.Publish{}
	for {
		select {
		case m := <-received:
			if m.Topic == "end" {
				return found
			}
			found[m.Topic] = m
		case <-time.After(patience):
			t.Fatal("the end did not arrive")
		}
	}
}

// TestExpiry keeps retained messages for ever unless their publisher asks for
// less, and counts that time down.
func TestExpiry(t *testing.T) {
	_, address := start(t, Options{MaxClients: 100})
	client, _, err := dial(t, address, "a", "", "")
	if err != nil {
		t.Fatal(err)
	}
	publish(t, client, &paho.Publish{Topic: "t/kept", Retain: true, Payload: []byte("x")})
	for topic, seconds := range map[string]uint32{"t/long": 90, "t/short": 1} {
		publish(t, client, &paho.Publish{Topic: topic, Retain: true, Payload: []byte("x"),
			Properties: &paho.PublishProperties{MessageExpiry: &seconds}})
	}
	found := retained(t, address, "t/#")
	if m := found["t/kept"]; m == nil || m.Properties.MessageExpiry != nil {
		t.Errorf("message without expiry: got %+v", m)
	}
	if m := found["t/long"]; m == nil || m.Properties.MessageExpiry == nil || *m.Properties.MessageExpiry > 90 {
		t.Errorf("message with an expiry of 90 s: got %+v", m)
	}
	for end := time.Now().Add(patience); found["t/short"] != nil; found = retained(t, address, "t/#") {
		if time.Now().After(end) {
			t.Fatal("message with an expiry of 1 s is still there")
		}
		time.Sleep(100 * time.Millisecond) // the broker's own clock
	}
	if len(found) != 2 {
		t.Errorf("got %d messages, want 2", len(found))
	}
}

// TestPassword lets in who knows name and password, and nobody else.
func TestPassword(t *testing.T) {
	_, address := start(t, Options{MaxClients: 10, Username: "u", Password: "p"})
	for _, test := range []struct {
		username, password string
		want               bool
	}{
		{"u", "p", true}, {"u", "", false}, {"", "", false}, {"", "p", false}, {"u", "P", false}, {"v", "p", false},
	} {
		_, _, err := dial(t, address, "a", test.username, test.password)
		if got := err == nil; got != test.want {
			t.Errorf("%q, %q: got in %v (%v), want %v", test.username, test.password, got, err, test.want)
		}
	}
}

// TestBounds refuses packets that are too large, clients that are too many,
// and to retain without end.
func TestBounds(t *testing.T) {
	b, address := start(t, Options{MaxClients: 3})
	client, _, err := dial(t, address, "a", "", "")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * retainedPerHost * 2 {
		publish(t, client, &paho.Publish{Topic: fmt.Sprintf("t/%d", i), Retain: true, Payload: []byte("x")})
	}
	publish(t, client, &paho.Publish{Topic: "t/0", Retain: true, Payload: []byte("y")})
	found := retained(t, address, "t/#")
	if got, most := len(found), 3*retainedPerHost; got == 0 || got > most {
		t.Errorf("%d messages are retained, want 1 to %d", got, most)
	}
	if m := found["t/0"]; m == nil || string(m.Payload) != "y" {
		t.Errorf("a known topic was not updated: %+v", m)
	}
	refused := false // any of them: the reader above may leave in between
	for i := range 3 {
		_, _, err := dial(t, address, fmt.Sprintf("b%d", i), "", "")
		refused = refused || err != nil
	}
	if !refused {
		t.Errorf("a client beyond the bound was let in; %d are connected", b.Clients())
	}

	raw, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	// The header of a PUBLISH of 100 MiB before any CONNECT.
	if _, err := raw.Write([]byte{byte(packets.PUBLISH) << 4, 0x80, 0x80, 0x80, 0x32}); err != nil {
		t.Fatal(err)
	}
	if err := raw.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, raw); err != nil {
		t.Errorf("the connection was not closed: %v", err)
	}
}

// TestTooLarge closes the connection of a client that sends more than a
// sample can be, and serves the others.
func TestTooLarge(t *testing.T) {
	_, address := start(t, Options{MaxClients: 10})
	client, _, err := dial(t, address, "a", "", "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() {
		_, _ = client.Publish(ctx, &paho.Publish{Topic: "t", QoS: 1, Payload: bytes.Repeat([]byte("x"), 10<<20)})
	}()
	select {
	case <-client.Done():
	case <-ctx.Done():
		t.Error("10 MiB were taken")
	}
	if _, _, err := dial(t, address, "b", "", ""); err != nil {
		t.Errorf("another client: %v", err)
	}
}

// TestClose ends at once although a connection never said who it is.
func TestClose(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(l, Options{MaxClients: 10, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := dial(t, b.Addr().String(), "a", "", ""); err != nil {
		t.Fatal(err)
	}
	silent, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	began := time.Now()
	if err := b.Wait(ctx); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > connectTimeout/2 {
		t.Errorf("closing took %v", took)
	}
}

// TestManyPublishers delivers from many publishers at once to a subscriber
// that asked for QoS 1. With QoS 1 granted, mochi 2.7.9 stands still within
// seconds.
func TestManyPublishers(t *testing.T) {
	const publishers, each = 20, 300
	_, address := start(t, Options{MaxClients: 100})
	reader, received, err := dial(t, address, "reader", "", "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = reader.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "t/#", QoS: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range publishers {
		client, _, err := dial(t, address, fmt.Sprintf("p%d", i), "", "")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for range each {
				_, err := client.Publish(t.Context(), &paho.Publish{Topic: fmt.Sprintf("t/%d", i), QoS: 1, Payload: []byte("x")})
				if err != nil {
					return
				}
			}
		}()
	}
	for n := range publishers * each {
		select {
		case m := <-received:
			if m.QoS != 0 {
				t.Fatalf("got QoS %d, want 0", m.QoS)
			}
		case <-time.After(patience):
			t.Fatalf("stood still after %d messages", n)
		}
	}
}
