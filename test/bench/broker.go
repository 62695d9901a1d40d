package main

import (
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// broker is the MQTT broker that both programs publish to.
type broker struct {
	server *mochi.Server
	port   int
	tally  *tally
}

// tally is a hook that counts messages and their bytes by the first level of
// the topic: "systant" is the agent's, "floor" the floor's.
type tally struct {
	mochi.HookBase
	mu       sync.Mutex // guards the maps
	messages map[string]int
	bytes    map[string]int
}

// ID names the hook.
func (t *tally) ID() string { return "tally" }

// Provides tells which of the hook's methods to call.
func (t *tally) Provides(b byte) bool { return b == mochi.OnPublished }

// OnPublished counts a message.
func (t *tally) OnPublished(_ *mochi.Client, p packets.Packet) {
	name, rest, _ := strings.Cut(p.TopicName, "/")
	if name == "systant" && !strings.HasSuffix(rest, "/stats") {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.messages[name]++
	t.bytes[name] += len(p.Payload)
}

// mean returns the number of messages of a program and their mean size.
func (t *tally) mean(name string) (messages, bytes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.messages[name] == 0 {
		return 0, 0
	}
	return t.messages[name], t.bytes[name] / t.messages[name]
}

// startBroker starts a broker on a free port of the loopback interface.
func startBroker() (*broker, error) {
	b := &broker{
		server: mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)}),
		tally:  &tally{messages: make(map[string]int), bytes: make(map[string]int)},
	}
	if err := b.server.AddHook(new(auth.AllowHook), nil); err != nil {
		return nil, err
	}
	if err := b.server.AddHook(b.tally, nil); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.port = l.Addr().(*net.TCPAddr).Port
	if err := b.server.AddListener(listeners.NewNet("loopback", l)); err != nil {
		return nil, err
	}
	return b, b.server.Serve()
}

// address returns where the broker listens.
func (b *broker) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(b.port)) }
