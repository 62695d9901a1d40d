package mqtt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"

	"github.com/eclipse/paho.golang/autopaho"
)

// ErrDown is returned by [Link.Publish] while there is no connection.
var ErrDown = errors.New("not connected to the broker")

// ErrTooLarge is returned by [Link.Publish] for a message that the broker
// does not take.
var ErrTooLarge = errors.New("message is larger than the broker takes")

// Cause is what kind of thing keeps a link from coming up.
type Cause string

// The causes that a [ConnectError] can have.
const (
	CauseDNS         Cause = "dns"         // the host has no address
	CauseRefused     Cause = "refused"     // nothing listens on the port
	CauseUnreachable Cause = "unreachable" // no way to the host
	CauseTimeout     Cause = "timeout"     // no answer
	CauseTLS         Cause = "tls"         // the certificates don't fit
	CauseCredentials Cause = "credentials" // the broker wants another user or password
	CauseRejected    Cause = "rejected"    // the broker says no for another reason
	CauseProtocol    Cause = "protocol"    // what answers does not speak as expected
)

// ConnectError tells why a link is not up. Its text is one line for people.
type ConnectError struct {
	// Server is the broker's host and port.
	Server string
	Cause  Cause
	// Advice says what happened and, where that is known, what to do.
	Advice string
	Err    error
}

// Error returns the server and the advice.
func (e *ConnectError) Error() string {
	return e.Server + ": " + e.Advice
}

// Unwrap returns the error of the attempt.
func (e *ConnectError) Unwrap() error {
	return e.Err
}

// final tells whether trying again can't help until somebody changes a
// configuration.
func (e *ConnectError) final() bool {
	return e.Cause == CauseTLS || e.Cause == CauseCredentials
}

// explain finds out what the error of an attempt means.
func explain(server *url.URL, err error) *ConnectError {
	cause, advice := diagnose(server, err)
	return &ConnectError{Server: server.Host, Cause: cause, Advice: advice, Err: err}
}

// diagnose returns the cause of an attempt's error, and words for it.
func diagnose(server *url.URL, err error) (Cause, string) {
	secure := server.Scheme == "mqtts" || server.Scheme == "wss"
	var connack *autopaho.ConnackError
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &connack):
		return diagnoseConnack(connack)
	case errors.As(err, &dns) && dns.IsNotFound:
		return CauseDNS, fmt.Sprintf("no such host: DNS knows no address of %q", server.Hostname())
	case errors.As(err, &dns):
		return CauseDNS, "DNS gives no answer: " + dns.Err
	case errors.Is(err, syscall.ECONNREFUSED):
		return CauseRefused, "connection refused: no broker listens there"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return CauseUnreachable, "no route to the host"
	case isCertificate(err):
		return CauseTLS, "TLS: " + certificateAdvice(err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return CauseTimeout, "no answer in time"
	case secure && errors.As(err, new(tls.RecordHeaderError)):
		return CauseProtocol, "what answers does not speak TLS: is this a plain port? (mqtt://)"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.EPIPE):
		if secure {
			return CauseProtocol, "connection closed at once: is this a plain port? (mqtt://)"
		}
		return CauseProtocol, "connection closed at once: is this a TLS port? (mqtts://)"
	}
	return CauseProtocol, err.Error()
}

// isCertificate tells whether TLS failed because of a certificate, on either
// side.
func isCertificate(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(tls.AlertError)) ||
		errors.As(err, new(x509.UnknownAuthorityError)) || errors.As(err, new(x509.HostnameError)) ||
		errors.As(err, new(x509.CertificateInvalidError))
}

// certificateAdvice says which certificate is wrong, and what may help.
func certificateAdvice(err error) string {
	var hostname x509.HostnameError
	switch {
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "the broker's certificate is signed by an unknown authority: name its CA in mqtt.tls_ca_file"
	case errors.As(err, &hostname):
		return "the broker's certificate is for another name than " + hostname.Host + ": see mqtt.tls_server_name"
	case errors.As(err, new(tls.AlertError)):
		return "the broker refuses our side (" + err.Error() + "): see mqtt.tls_cert_file"
	}
	var invalid *tls.CertificateVerificationError
	if errors.As(err, &invalid) {
		return "the broker's certificate is not valid: " + invalid.Err.Error()
	}
	return err.Error()
}

// diagnoseConnack explains a refusal by its reason code (MQTT 5.0, section
// 3.2.2.2), since Mosquitto 2.0 sends no reason string.
func diagnoseConnack(e *autopaho.ConnackError) (Cause, string) {
	reasons := map[byte]string{
		0x84: "the broker does not speak MQTT 5",
		0x85: "the broker does not take this client id: see mqtt.client_id",
		0x88: "the broker is not available",
		0x89: "the broker is busy",
		0x8a: "the broker has banned this client",
		0x95: "the packet is too large for the broker",
		0x97: "the broker's quota is exceeded",
		0x9f: "the broker takes no more connections at this rate",
	}
	switch e.ReasonCode {
	case 0x86, 0x87, 0x8c:
		return CauseCredentials, "not authorized: check mqtt.username and mqtt.password"
	}
	if text, ok := reasons[e.ReasonCode]; ok {
		return CauseRejected, text
	}
	return CauseRejected, fmt.Sprintf("the broker refuses the connection, reason code 0x%02x %s", e.ReasonCode, e.Reason)
}
