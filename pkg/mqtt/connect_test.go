package mqtt

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// authority signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // PEM
}

// newAuthority returns an authority of its own.
func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{file: filepath.Join(t.TempDir(), "ca.pem")}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	a.cert, a.key = a.sign(t, template, a.file)
	return a
}

// sign makes a certificate, and writes it and its key to a file.
func (a *authority) sign(t *testing.T, template *x509.Certificate, file string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// leaf returns the file of a certificate and key for 127.0.0.1 and a name.
func (a *authority) leaf(t *testing.T, name string, lasts time.Duration) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "leaf.pem")
	a.sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(lasts),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, file)
	return file
}

// tlsBroker serves MQTT over TLS with a certificate's file.
func tlsBroker(t *testing.T, file string, clients *authority) (address string) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(file, file)
	if err != nil {
		t.Fatal(err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}}
	if clients != nil {
		c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		c.ClientCAs.AddCert(clients.cert)
	}
	l := listen(t, "127.0.0.1:0")
	startBroker(t, tls.NewListener(l, c))
	return l.Addr().String()
}

// port returns the port of an address.
func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// failsAs checks what a link that a section describes gives as its reason, or
// as one of its reasons.
func failsAs(t *testing.T, section string, kind Kind, want ...string) {
	t.Helper()
	link := open(t, mustRead(t, "connect_timeout = 3\n"+section))
	within := 500 * time.Millisecond
	if (kind == KindTLS || kind == KindCredentials) && len(want) == 1 {
		within = time.Hour // it is told at once, as waiting can't cure it
	}
	var err error
	for start := time.Now(); time.Since(start) < patience; {
		err = awaitUp(t, link, within)
		e, ok := errors.AsType[*ConnectError](err)
		if ok && e.Server == link.options.Address() && slices.Contains(want, e.Problem) && (e.Kind == kind || e.Problem != want[0]) {
			return
		}
	}
	t.Errorf("%s:\ngot  %v\nwant %s: %q (%s)", section, err, link.options.Address(), want, kind)
}

// A broker that refuses a certificate may close before its reason is read.
const (
	certificateRequired = "TLS: the broker says: certificate required; see mqtt.tls_cert_file"
	closedAfterwards    = "connection closed after the TLS handshake; does the broker ask for a certificate? see mqtt.tls_cert_file"
)

func TestConnectErrors(t *testing.T) {
	silent := listen(t, "127.0.0.1:0").Addr().String()
	website := httptest.NewServer(http.NotFoundHandler())
	defer website.Close()
	ca, other := newAuthority(t), newAuthority(t)
	secure := tlsBroker(t, ca.leaf(t, "broker.test", time.Hour), nil)
	failsAs(t, "host = 'nohost.invalid'", KindDNS, "no such host")
	failsAs(t, "host = '127.0.0.1:1'", KindRefused, "connection refused")
	failsAs(t, "host = '"+silent+"'", KindTimeout, "no answer in time")
	failsAs(t, "host = '"+strings.TrimPrefix(website.URL, "http://")+"'", KindProtocol,
		"the answer is not MQTT; is this a TLS port? use mqtts://")
	failsAs(t, "host = '"+strings.Replace(website.URL, "http", "ws", 1)+"'", KindProtocol,
		"no MQTT over WebSocket there: HTTP status 404 for /mqtt")
	host := "host = 'mqtts://127.0.0.1:" + port(secure) + "'\ntls_server_name = 'broker.test'\n"
	failsAs(t, host, KindTLS, "TLS: certificate signed by unknown authority; set mqtt.tls_ca_file to its CA")
	failsAs(t, host+"tls_ca_file = '"+other.file+"'", KindTLS, "TLS: certificate signed by unknown authority; set mqtt.tls_ca_file to its CA")
	failsAs(t, strings.Replace(host, "broker.test", "else.test", 1)+"tls_ca_file = '"+ca.file+"'", KindTLS,
		"TLS: certificate is valid for broker.test, not else.test; see mqtt.tls_server_name")
	plain := listen(t, "127.0.0.1:0")
	startBroker(t, plain)
	o := optionsFor(t, plain.Addr().String())
	o.Scheme, o.TLS = "mqtts", &tls.Config{ServerName: "x"}
	if err := awaitUp(t, open(t, o), 5*time.Second); err == nil || !strings.HasSuffix(err.Error(), "is this a port without TLS? use mqtt://") {
		t.Errorf("TLS to a plain port: got %v", err)
	}
}

func TestTLS(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	address := tlsBroker(t, ca.leaf(t, "broker.test", time.Hour), ca)
	base := "host = 'mqtts://127.0.0.1:" + port(address) + "'\ntls_server_name = 'broker.test'\ntls_ca_file = '" + ca.file + "'\n"
	with := func(a *authority) string {
		file := a.leaf(t, "client", time.Hour)
		return base + "tls_cert_file = '" + file + "'\ntls_key_file = '" + file + "'"
	}
	o, err := read("[mqtt]\n" + with(ca))
	if err != nil {
		t.Fatal(err)
	}
	o.Subscriptions = []Subscription{{Filter: "a", QoS: 1}}
	received := sink(&o)
	publish(t, openUp(t, o), Message{Topic: "a", Payload: make([]byte, 50_000), QoS: 1})
	if m := next(t, received, "message"); len(m.Payload) != 50_000 {
		t.Errorf("got %d bytes, want 50000", len(m.Payload))
	}
	failsAs(t, base, KindTLS, certificateRequired, closedAfterwards)
	failsAs(t, with(other), KindTLS, "TLS: the broker says: unknown certificate authority; see mqtt.tls_cert_file", closedAfterwards)
	expired := tlsBroker(t, ca.leaf(t, "broker.test", -time.Hour), nil)
	link := open(t, mustRead(t, strings.Replace(base, port(address), port(expired), 1)))
	if err := awaitUp(t, link, patience); err == nil || !strings.Contains(err.Error(), "certificate has expired") {
		t.Errorf("expired certificate: got %v", err)
	}
}

// TestCertificateIsReplaced has a link start with a certificate that the broker
// does not take, and puts another one into its file.
func TestCertificateIsReplaced(t *testing.T) {
	ca := newAuthority(t)
	address := tlsBroker(t, ca.leaf(t, "broker.test", time.Hour), ca)
	replaced(t, "host = 'mqtts://127.0.0.1:"+port(address)+"'\ntls_server_name = 'broker.test'\ntls_ca_file = '"+ca.file+"'\ntls_cert_file = 'FILE'\ntls_key_file = 'FILE'",
		newAuthority(t).leaf(t, "client", time.Hour), ca.leaf(t, "client", time.Hour), KindTLS)
}

// replaced checks that a link comes up when what a section's FILE holds is
// replaced, and is down before for a reason of the kind.
func replaced(t *testing.T, section, before, after string, kind Kind) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	put := func(from string) {
		t.Helper()
		data, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(file, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put(before)
	o := mustRead(t, strings.ReplaceAll(section, "FILE", file))
	down, up := make(chan error, 100), make(chan struct{}, 100)
	o.OnDown = func(err error, _ *Link) { down <- err }
	o.OnUp = func(context.Context, *Link) { up <- struct{}{} }
	open(t, o)
	if e, ok := errors.AsType[*ConnectError](next(t, down, "down")); !ok || e.Kind != kind {
		t.Errorf("before: got %v, want one of kind %s", e, kind)
	}
	put(after)
	next(t, up, "up")
}

func TestWebSocket(t *testing.T) {
	ca := newAuthority(t)
	leaf := ca.leaf(t, "broker.test", time.Hour)
	pair, err := tls.LoadX509KeyPair(leaf, leaf)
	if err != nil {
		t.Fatal(err)
	}
	for scheme, c := range map[string]*tls.Config{"ws": nil, "wss": {Certificates: []tls.Certificate{pair}}} {
		free := listen(t, "127.0.0.1:0")
		free.Close() // mochi can't say which port it chose itself
		serve(t, listeners.NewWebsocket(listeners.Config{ID: "test", Address: free.Addr().String(), TLSConfig: c}))
		section := "host = '" + scheme + "://" + free.Addr().String() + "'\n"
		if c != nil {
			section += "tls_server_name = 'broker.test'\ntls_ca_file = '" + ca.file + "'\n"
		}
		o := mustRead(t, section)
		o.Subscriptions = []Subscription{{Filter: "a", QoS: 1}}
		received := sink(&o)
		link := openUp(t, o)
		publish(t, link, Message{Topic: "a", Payload: make([]byte, 60_000), QoS: 1})
		if m := next(t, received, "message"); len(m.Payload) != 60_000 {
			t.Errorf("%s: got %d bytes, want 60000", scheme, len(m.Payload))
		}
	}
}

// mustRead returns the options of a section that is right.
func mustRead(t *testing.T, section string) Options {
	t.Helper()
	o, err := read("[mqtt]\n" + section)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestAwaitUpHeedsCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := open(t, optionsFor(t, "127.0.0.1:1")).AwaitUp(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
