package broker

import (
	"crypto/sha256"
	"slices"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// gate decides who connects and what is granted, and bounds the number of retained messages:
// mochi has no limit of its own, and each new topic would stay for ever.
type gate struct {
	mochi.HookBase
	open               bool
	username, password [sha256.Size]byte
	maxRetained        int
	retained           *packets.Packets
}

// ID names the hook in the library's log.
func (g *gate) ID() string { return "gate" }

// Provides tells the library which of the hook's methods to call.
func (g *gate) Provides(method byte) bool {
	switch method {
	case mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnPublish, mochi.OnSubscribe:
		return true
	}
	return false
}

// OnConnectAuthenticate accepts a client that knows the name and password, or
// any where none is configured.
func (g *gate) OnConnectAuthenticate(_ *mochi.Client, pk packets.Packet) bool {
	if g.open {
		return true
	}
	name := sameSecret(g.username, pk.Connect.Username)
	return sameSecret(g.password, pk.Connect.Password) && name
}

// OnACLCheck lets a client that is in read and write every topic but the
// broker's own.
func (g *gate) OnACLCheck(_ *mochi.Client, topic string, write bool) bool {
	return !write || topic == "" || topic[0] != '$'
}

// OnPublish passes a message on without retaining it where its topic is new
// and too many are retained already.
func (g *gate) OnPublish(_ *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if !pk.FixedHeader.Retain || len(pk.Payload) == 0 || g.retained.Len() < g.maxRetained {
		return pk, nil
	}
	if _, known := g.retained.Get(pk.TopicName); !known {
		pk.FixedHeader.Retain = false
	}
	return pk, nil
}

// OnSubscribe grants QoS 0, whatever is asked. mochi 2.7.9 takes the lock of a
// client's unacknowledged packets twice in Inflight.NextImmediate; when a
// publisher waits for it between, that client and with it every publisher
// stands still for ever. Without packets to acknowledge it is never called.
// Publishers are still acknowledged, and delivery is as good as the connection.
func (g *gate) OnSubscribe(_ *mochi.Client, pk packets.Packet) packets.Packet {
	filters := slices.Clone(pk.Filters)
	for i := range filters {
		filters[i].Qos = 0
	}
	pk.Filters = filters
	return pk
}
