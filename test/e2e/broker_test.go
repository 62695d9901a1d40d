package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"systant/pkg/config"
	"systant/pkg/mqtt"
)

// mosquitto is a real broker.
type mosquitto struct {
	*program
	port int
	conf string
}

// startMosquitto starts a broker on a free port, with further lines in its
// configuration, and waits until it accepts connections.
func startMosquitto(t *testing.T, lines string) *mosquitto {
	t.Helper()
	m := &mosquitto{port: freePort(t)}
	m.conf = write(t, "mosquitto.conf", fmt.Sprintf("user root\nlistener %d 127.0.0.1\n%s", m.port, lines))
	m.restart(t)
	return m
}

// open is the configuration of a broker that lets everybody in.
const open = "allow_anonymous true\n"

// restart starts the broker, on its port; one that runs must be stopped before.
func (m *mosquitto) restart(t *testing.T) {
	t.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto" // not in everybody's PATH
		if _, err := os.Stat(path); err != nil {
			lacking(t, "mosquitto is not installed")
		}
	}
	m.program = launch(t, path, nil, "-c", m.conf)
	eventually(t, "mosquitto accepts connections", func() bool {
		m.alive(t)
		conn, err := net.Dial("tcp", m.address())
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
}

// address returns where the broker listens.
func (m *mosquitto) address() string {
	return fmt.Sprintf("127.0.0.1:%d", m.port)
}

// lacking skips a test for want of something that CI has.
func lacking(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// connect returns a link to the broker whose messages arrive on a channel.
func (m *mosquitto) connect(t *testing.T, filters ...string) (*mqtt.Link, <-chan mqtt.Message) {
	t.Helper()
	f, err := config.Parse("test", nil)
	if err != nil {
		t.Fatal(err)
	}
	section := mqtt.DefaultSection()
	section.Host, section.Port = "127.0.0.1", m.port
	o, err := section.Options(f, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	arrived := make(chan mqtt.Message, 10_000)
	o.OnMessage = func(message mqtt.Message) { arrived <- message }
	o.MaxPacket = 16 << 20
	for _, filter := range filters {
		o.Subscriptions = append(o.Subscriptions, mqtt.Subscription{Filter: filter, QoS: 1})
	}
	link := mqtt.Open(t.Context(), o)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = link.Close(ctx) // the broker may be gone
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := link.AwaitUp(ctx); err != nil {
		t.Fatal(err)
	}
	return link, arrived
}

// expect waits for a message on a topic with a payload; any will do for "".
func expect(t *testing.T, arrived <-chan mqtt.Message, topic, payload string) mqtt.Message {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case m := <-arrived:
			if m.Topic == topic && (payload == "" || string(m.Payload) == payload) {
				return m
			}
		case <-deadline:
			t.Fatalf("no message %q on %s after %v", payload, topic, patience)
		}
	}
}

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string // the certificate, as PEM
}

// newAuthority returns an authority of its own.
func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{certificate: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	a.file, _, a.key = issue(t, a.certificate, a.certificate, nil)
	return a
}

// server issues a certificate for a name, and returns its and its key's file.
func (a *authority) server(t *testing.T, name string, ips ...net.IP) (certificate, key string) {
	t.Helper()
	certificate, key, _ = issue(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: ips,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.certificate, a.key)
	return certificate, key
}

// issue makes a key and a certificate for it, signed by signer, or by the key
// itself where that is nil.
func issue(t *testing.T, template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (certificate, keyFile string, key *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	certificate, keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for path, block := range map[string]*pem.Block{
		certificate: {Type: "CERTIFICATE", Bytes: der},
		keyFile:     {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, keyFile, key
}
