package mqtt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/gorilla/websocket"
)

// ErrDown is returned by [Link.Publish] while there is no connection.
var ErrDown = errors.New("not connected to the broker")

// ErrLost is returned by [Link.Publish] when the connection is lost before the
// broker has acknowledged the message, which may be because of it. It is an
// [ErrDown] too.
var ErrLost = fmt.Errorf("%w any more", ErrDown)

// ErrTooLarge is returned by [Link.Publish] for a message that the broker
// would not take.
var ErrTooLarge = errors.New("message is too large")

// ErrTopic is returned by [Link.Publish] for a topic that no message can have.
var ErrTopic = errors.New("not a topic to publish on")

// Kind is what keeps a link from being up.
type Kind string

// The kinds of a [ConnectError].
const (
	KindDNS         Kind = "dns"         // the host has no address
	KindRefused     Kind = "refused"     // nothing listens on the port
	KindUnreachable Kind = "unreachable" // there is no way to the host
	KindTimeout     Kind = "timeout"     // there is no answer
	KindTLS         Kind = "tls"         // the certificates don't fit
	KindCredentials Kind = "credentials" // the broker wants another user or password
	KindRejected    Kind = "rejected"    // the broker says no for another reason
	KindProtocol    Kind = "protocol"    // what answers does not speak as expected
)

// ConnectError tells why a link is not up. Its text is one line for people.
type ConnectError struct {
	// Server is the broker's host and port.
	Server string
	Kind   Kind
	// Problem says what is wrong and, where that is known, what to do.
	Problem string
	// Err is the error of the attempt; it may be nil.
	Err error
}

// Error returns the server and the problem.
func (e *ConnectError) Error() string {
	return e.Server + ": " + e.Problem
}

// Unwrap returns the error of the attempt.
func (e *ConnectError) Unwrap() error {
	return e.Err
}

// final tells whether trying again can't help until somebody changes a
// configuration.
func (e *ConnectError) final() bool {
	return e.Kind == KindTLS || e.Kind == KindCredentials
}

// problem makes a ConnectError of an error of the link.
func (o *Options) problem(err error) *ConnectError {
	kind, text := o.diagnose(err)
	return &ConnectError{Server: o.Address(), Kind: kind, Problem: text, Err: err}
}

// diagnose returns the kind of an error, and words for it.
func (o *Options) diagnose(err error) (Kind, string) {
	if kind, text := network(err); kind != "" {
		return kind, text
	}
	other := "is this a TLS port? use mqtts://"
	if o.secure() {
		other = "is this a port without TLS? use mqtt://"
	}
	var refused *autopaho.ConnackError
	var left *disconnectError
	var unsubscribed *subscribeError
	switch {
	case errors.As(err, &refused):
		return reason(refused.ReasonCode, refused.Reason)
	case errors.As(err, &left):
		return reason(left.code, left.reason)
	case errors.As(err, &unsubscribed):
		return KindRejected, unsubscribed.Error()
	case certificate(err) != "":
		return KindTLS, "TLS: " + certificate(err)
	case errors.As(err, new(tls.RecordHeaderError)), errors.Is(err, errNotMQTT):
		return KindProtocol, "the answer is not MQTT; " + other
	case errors.Is(err, websocket.ErrBadHandshake):
		return KindProtocol, "no MQTT over WebSocket there: " + strings.TrimPrefix(err.Error(), websocket.ErrBadHandshake.Error()+": ")
	case errors.As(err, new(*lostError)):
		return lost(err)
	case closed(err) && o.secure() && errors.As(err, new(*unansweredError)):
		// With TLS 1.3 the broker checks our certificate after the handshake,
		// and what it says about it may be lost when it closes.
		return KindProtocol, "connection closed after the TLS handshake; does the broker ask for a certificate? see mqtt.tls_cert_file"
	case errors.Is(err, syscall.ECONNRESET):
		return KindProtocol, "connection reset; " + other
	case closed(err):
		return KindProtocol, "connection closed before an answer; " + other
	}
	return KindProtocol, err.Error()
}

// lost explains the end of a connection that was up.
func lost(err error) (Kind, string) {
	switch {
	case closed(err):
		return KindUnreachable, "connection closed by the broker"
	case strings.Contains(err.Error(), "PINGRESP timed out"): // paho.golang 0.23 has no value for it
		return KindTimeout, "the broker stopped answering"
	}
	return KindUnreachable, "connection lost: " + err.Error()
}

// network explains what the operating system's network says, or returns "".
func network(err error) (Kind, string) {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return KindDNS, "no such host"
	case errors.As(err, &dns):
		return KindDNS, "looking up the host: " + dns.Err
	case errors.Is(err, syscall.ECONNREFUSED):
		return KindRefused, "connection refused"
	case errors.Is(err, syscall.EHOSTUNREACH):
		return KindUnreachable, "no route to host"
	case errors.Is(err, syscall.ENETUNREACH):
		return KindUnreachable, "network is unreachable"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return KindTimeout, "no answer in time"
	}
	return "", ""
}

// closed tells whether the other side ended the connection.
func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.As(err, new(*websocket.CloseError))
}

// certificate says which certificate is wrong, on either side, or "".
func certificate(err error) string {
	var name x509.HostnameError
	var invalid *tls.CertificateVerificationError
	var alert *net.OpError
	switch {
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "certificate signed by unknown authority; set mqtt.tls_ca_file to its CA"
	case errors.As(err, &name):
		return strings.TrimPrefix(name.Error(), "x509: ") + "; see mqtt.tls_server_name"
	case errors.As(err, &invalid):
		return strings.TrimPrefix(invalid.Err.Error(), "x509: ")
	case errors.As(err, &alert) && alert.Op == "remote error":
		return "the broker says: " + strings.TrimPrefix(alert.Err.Error(), "tls: ") + "; see mqtt.tls_cert_file"
	}
	return ""
}

// reason explains the code with which a broker refuses or ends a connection
// (MQTT 5.0, sections 3.2.2.2 and 3.14.2.1): Mosquitto 2.0 sends no words.
func reason(code byte, words string) (Kind, string) {
	texts := map[byte]string{
		0x01: "the broker does not speak MQTT 5", // from one that speaks MQTT 3
		0x81: "the broker calls a packet malformed",
		0x82: "the broker calls a packet a protocol error",
		0x84: "the broker does not speak MQTT 5",
		0x85: "client id not accepted; see mqtt.client_id",
		0x88: "the broker is unavailable",
		0x89: "the broker is busy",
		0x8a: "the broker has banned this client",
		0x8b: "the broker is shutting down",
		0x8d: "the broker has heard nothing for too long",
		0x8e: "another client took over the client id; see mqtt.client_id",
		0x95: "packet too large for the broker",
		0x97: "the broker's quota is exceeded",
		0x98: "closed by the broker's administrator",
		0x9c: "the broker asks to use another server",
		0x9d: "the broker has moved",
		0x9f: "the broker takes no more connections at this rate",
	}
	switch code {
	case 0x86, 0x87, 0x8c:
		return KindCredentials, "not authorized: check mqtt.username and mqtt.password"
	}
	if text, ok := texts[code]; ok {
		return KindRejected, text
	}
	return KindRejected, strings.TrimSpace(fmt.Sprintf("the broker gives reason 0x%02x %.80q", code, words))
}

// disconnectError is how a broker ended a connection with a DISCONNECT.
type disconnectError struct {
	code   byte
	reason string
}

// Error returns the code.
func (e *disconnectError) Error() string {
	return fmt.Sprintf("disconnected by the broker with reason 0x%02x", e.code)
}

// lostError marks the error of a connection that was up.
type lostError struct{ err error }

// Error returns the error's own text.
func (e *lostError) Error() string { return e.err.Error() }

// Unwrap returns the error.
func (e *lostError) Unwrap() error { return e.err }

// unansweredError marks the error of a connection that was made, but on which
// the broker did not answer the CONNECT.
type unansweredError struct{ err error }

// Error returns the error's own text.
func (e *unansweredError) Error() string { return e.err.Error() }

// Unwrap returns the error.
func (e *unansweredError) Unwrap() error { return e.err }

// subscribeError is a refused subscription.
type subscribeError struct {
	filter string
	err    error
}

// Error names the filter.
func (e *subscribeError) Error() string {
	return fmt.Sprintf("subscription to %s refused: %v", e.filter, e.err)
}

// Unwrap returns the broker's answer.
func (e *subscribeError) Unwrap() error { return e.err }
