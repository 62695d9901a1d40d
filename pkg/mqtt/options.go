package mqtt

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"time"

	"systant/pkg/schema"
)

// Options say what a link is to do. [Section.Options] fills what a
// configuration can say; the program adds the rest.
type Options struct {
	// Scheme is mqtt, mqtts, ws or wss.
	Scheme string
	// Host is a name or an IP address.
	Host string
	// Port is the broker's TCP port.
	Port int
	// Path is the URL's path, for ws and wss.
	Path string
	// TLS is used for mqtts and wss, and nil for the others.
	TLS *tls.Config
	// Username is sent unless it is empty.
	Username string
	// Password is sent unless it is empty. Where PasswordFile is named, its
	// content at each attempt to connect goes before it, as passwords change.
	Password     Secret
	PasswordFile string
	// ClientID names the link at the broker. Where it is empty, ClientName and
	// 16 random digits do.
	ClientID, ClientName string
	// ConnectTimeout is how long one attempt to connect may take.
	ConnectTimeout time.Duration
	// KeepAlive is the time without traffic after which the link is probed; a
	// dead one is noticed within twice that.
	KeepAlive time.Duration
	// Topics are the topics below the configured prefix.
	Topics schema.Topics

	// MaxPacket is the most bytes of a packet that the link takes, 64 KiB if 0.
	// The broker is told, and one that sends more is left.
	MaxPacket int
	// Will, if not nil, is what the broker publishes when the link breaks.
	Will *Message
	// Subscriptions are made at each connect.
	Subscriptions []Subscription
	// OnMessage takes what arrives, one message after the other. Up to 4096
	// messages wait for it; then the oldest are dropped.
	OnMessage func(Message)
	// OnUp runs after each connect, once the subscriptions are made. It may
	// publish; its context ends with the connection and with Open's. Nothing else of the
	// link's callbacks runs meanwhile, and it must not close the link.
	OnUp func(context.Context, *Link)
	// OnDown hears a [*ConnectError] when the link is lost or can't be made,
	// and whenever the reason changes. What holds for OnUp holds for it.
	OnDown func(error, *Link)
	// Awaited says that the program waits for the first connection with
	// [Link.AwaitUp]. Until it is there, attempts follow each other quickly, as
	// at boot the broker may be about to start, and only AwaitUp tells why they
	// fail.
	Awaited bool
	// Log receives the start, the changes and the end of outages.
	Log *slog.Logger
}

// Subscription is a topic filter to receive messages for.
type Subscription struct {
	Filter string
	QoS    byte
	// Live leaves out what the broker had retained, and keeps the retain flag
	// of what is published from now on (MQTT 5.0, section 3.8.3.1).
	Live bool
	// NoLocal leaves out what this link publishes itself.
	NoLocal bool
	// Optional has the link go on when the broker refuses the subscription.
	Optional bool
}

// Message is one message, to publish or received.
type Message struct {
	Topic   string
	Payload []byte
	// QoS is 0 for at most once, or 1 for at least once.
	QoS byte
	// Retain asks the broker to keep the message for later subscribers. Of a
	// received message it says that it was kept; see [Subscription.Live].
	Retain bool
	// Expiry is how long the message is of use; 0 is for ever. It travels in
	// whole seconds, rounded up. Of a received message it counts from Arrived.
	Expiry time.Duration
	// ResponseTopic is where the sender wants an answer (MQTT 5.0, section
	// 4.10), and CorrelationData what the answer has to have.
	ResponseTopic   string
	CorrelationData []byte
	// Arrived is when the message was received; zero in one to publish.
	Arrived time.Time
}

// Secret is text that shows itself to nobody who only prints it.
type Secret string

// String returns a placeholder.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[hidden]"
}

// GoString returns a placeholder, for %#v.
func (s Secret) GoString() string {
	return strconv.Quote(s.String())
}

// MarshalText returns a placeholder, for JSON and logs.
func (s Secret) MarshalText() ([]byte, error) {
	return []byte(s.String()), nil
}

// Address returns the broker's host and port.
func (o Options) Address() string {
	return net.JoinHostPort(o.Host, strconv.Itoa(o.Port))
}

// url returns the broker as a URL. It never holds a password.
func (o *Options) url() *url.URL {
	return &url.URL{Scheme: o.Scheme, Host: o.Address(), Path: o.Path}
}

// secure tells whether the scheme uses TLS.
func (o *Options) secure() bool {
	return o.Scheme == "mqtts" || o.Scheme == "wss"
}

// withDefaults returns the options with values for what may be left out.
func (o Options) withDefaults() Options {
	if o.MaxPacket == 0 {
		o.MaxPacket = 64 << 10
	}
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = 10 * time.Second
	}
	if o.KeepAlive == 0 {
		o.KeepAlive = 15 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.ClientID == "" {
		var random [8]byte
		_, _ = rand.Read(random[:]) // never fails, as its documentation says
		o.ClientID = o.ClientName + "-" + hex.EncodeToString(random[:])
	}
	return o
}
