// Package broker is the MQTT 5 broker that the dashboard runs itself when no
// other one is configured, so that a first fleet needs nothing else.
//
// It holds retained messages and sessions in memory only: agents publish
// theirs again whenever they connect. The dashboard itself connects to it
// over TCP like any other client, so that there is one way in. It is not a
// broker for hostile networks: use Mosquitto or EMQX there.
package broker

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
)

// The bounds of what one client, and all together, can make the broker hold.
const (
	maxPacketBytes   = 256<<10 + 1<<10 // the largest sample, with its topic and properties
	maxPending       = 2048            // packets waiting for one slow client; 8 bytes each are allocated at once
	maxInflight      = 1024            // unacknowledged packets of one client
	receiveMaximum   = 64              // unacknowledged packets a client may have under way to the broker
	maxSession       = 3600            // seconds that a session outlives its connection
	connectTimeout   = 10 * time.Second
	acceptPause      = 100 * time.Millisecond // before accept(2) is tried again after an error
	retainedPerHost  = 8                      // stats, status, offer of commands, discovery document, and room
	statisticsPeriod = 60                     // seconds between $SYS messages
)

// Options says who may connect and how much the broker may hold.
type Options struct {
	// Username and Password are asked of every client unless both are empty.
	Username, Password string
	// MaxClients is the number of connections held at once.
	MaxClients int
	// Log receives the library's errors, at debug level.
	Log *slog.Logger
}

// Broker is a running broker. See [New].
type Broker struct {
	server *mochi.Server
	addr   net.Addr
}

// New returns a broker that will serve l. It owns l from now on.
func New(l net.Listener, o Options) (*Broker, error) {
	capabilities := mochi.NewDefaultServerCapabilities()
	capabilities.MaximumClients = int64(o.MaxClients)
	// 0 means no maximum: the default of a day would be stamped on every
	// message, and take retained ones away. What a publisher asks still holds.
	capabilities.MaximumMessageExpiryInterval = 0
	capabilities.MaximumClientWritesPending = maxPending
	capabilities.MaximumSessionExpiryInterval = maxSession
	capabilities.MaximumPacketSize = maxPacketBytes
	capabilities.MaximumInflight = maxInflight
	capabilities.ReceiveMaximum = receiveMaximum
	capabilities.TopicAliasMaximum = 0
	capabilities.MaximumQos = 1 // QoS 2 would bring back what OnSubscribe avoids
	server := mochi.New(&mochi.Options{
		Capabilities:           capabilities,
		Logger:                 slog.New(errorsOnly{o.Log.Handler()}),
		SysTopicResendInterval: statisticsPeriod,
	})
	gate := &gate{
		open:        o.Username == "" && o.Password == "",
		username:    sha256.Sum256([]byte(o.Username)),
		password:    sha256.Sum256([]byte(o.Password)),
		maxRetained: retainedPerHost * o.MaxClients,
		retained:    server.Topics.Retained,
	}
	if err := server.AddHook(gate, nil); err != nil {
		return nil, fmt.Errorf("adding the gate to the broker: %w", err)
	}
	if err := server.AddListener(newListener(l)); err != nil {
		return nil, fmt.Errorf("adding the listener to the broker: %w", err)
	}
	return &Broker{server: server, addr: l.Addr()}, nil
}

// Addr returns the address that clients connect to.
func (b *Broker) Addr() net.Addr { return b.addr }

// Start begins to serve and returns. It is called once.
func (b *Broker) Start() error {
	if err := b.server.Serve(); err != nil {
		return fmt.Errorf("starting the broker: %w", err)
	}
	return nil
}

// Wait serves until ctx ends, then closes every connection.
func (b *Broker) Wait(ctx context.Context) error {
	<-ctx.Done()
	if err := b.server.Close(); err != nil {
		return fmt.Errorf("closing the broker: %w", err)
	}
	return nil
}

// Clients returns the number of connections.
func (b *Broker) Clients() int64 { return b.server.Info.Clone().ClientsConnected }

// sameSecret compares a hash with a client's text in constant time.
func sameSecret(want [sha256.Size]byte, got []byte) bool {
	hash := sha256.Sum256(got)
	return subtle.ConstantTimeCompare(want[:], hash[:]) == 1
}
