package mqtt

import (
	"bytes"
	"context"
	"crypto/pbkdf2"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mosquitto runs a Mosquitto with a configuration after its listener's line,
// and returns its address and process. Tests are skipped where it is absent.
func mosquitto(t *testing.T, configuration ...string) (string, *os.Process) {
	t.Helper()
	program, err := exec.LookPath("mosquitto")
	if err != nil {
		program = "/usr/sbin/mosquitto" // not in every user's PATH
	}
	if _, err := os.Stat(program); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("Mosquitto is not installed")
		}
		t.Skip("Mosquitto is not installed")
	}
	l := listen(t, "127.0.0.1:0")
	address := l.Addr().String()
	l.Close() // Mosquitto can't choose a port itself
	file := filepath.Join(t.TempDir(), "mosquitto.conf")
	text := "user root\n" // where root runs it: otherwise it could not read the test's files
	text += "listener " + port(address) + " 127.0.0.1\n" + strings.Join(configuration, "\n") + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	command := exec.Command(program, "-c", file)
	command.Stderr = &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // it was killed
	})
	for start := time.Now(); time.Since(start) < patience/3; {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return address, command.Process
		}
		time.Sleep(10 * time.Millisecond) // until it listens
	}
	_ = command.Process.Kill()
	_ = command.Wait() // its output is complete now
	t.Fatalf("Mosquitto does not listen:\n%s", &output)
	return "", nil
}

func TestMosquittoRefusesPassword(t *testing.T) {
	passwords := filepath.Join(t.TempDir(), "passwords")
	if err := os.WriteFile(passwords, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	address, _ := mosquitto(t, "allow_anonymous false", "password_file "+passwords)
	for _, section := range []string{"", "username = 'a'\npassword = 'canary'\n"} {
		failsAs(t, section+"host = '"+address+"'", KindCredentials, "not authorized: check mqtt.username and mqtt.password")
	}
}

// TestMosquittoPasswordIsReplaced has a link start with a password that the
// broker does not take, and puts the right one into its file.
func TestMosquittoPasswordIsReplaced(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	salt := []byte("twelve bytes")
	key, err := pbkdf2.Key(sha512.New, "right", salt, 101, sha512.Size)
	if err != nil {
		t.Fatal(err)
	}
	base64 := base64.StdEncoding.EncodeToString
	list := write("list", "a:$7$101$"+base64(salt)+"$"+base64(key)+"\n") // as mosquitto_passwd(1) writes it
	address, _ := mosquitto(t, "allow_anonymous false", "password_file "+list)
	replaced(t, "host = '"+address+"'\nusername = 'a'\npassword_file = 'FILE'", write("wrong", "wrong"), write("right", "right\n"), KindCredentials)
}

func TestMosquittoWithTLS(t *testing.T) {
	ca := newAuthority(t)
	leaf := ca.leaf(t, "broker.test", time.Hour)
	address, _ := mosquitto(t, "allow_anonymous true", "cafile "+ca.file, "certfile "+leaf, "keyfile "+leaf, "require_certificate true")
	base := "host = 'mqtts://" + address + "'\ntls_server_name = 'broker.test'\ntls_ca_file = '" + ca.file + "'\n"
	client := ca.leaf(t, "client", time.Hour)
	link := openUp(t, mustRead(t, base+"tls_cert_file = '"+client+"'\ntls_key_file = '"+client+"'"))
	publish(t, link, Message{Topic: "a", Payload: make([]byte, 50_000), QoS: 1})
	failsAs(t, base, KindTLS, certificateRequired, closedAfterwards)

	err := awaitUp(t, open(t, mustRead(t, "host = '"+address+"'")), 5*time.Second)
	if e, ok := errors.AsType[*ConnectError](err); !ok || e.Kind != KindProtocol || !strings.HasSuffix(err.Error(), "is this a TLS port? use mqtts://") {
		t.Errorf("no TLS to a TLS port: got %v", err)
	}
}

func TestMosquittoStopsAndGoesOn(t *testing.T) {
	address, process := mosquitto(t, "allow_anonymous true")
	o := optionsFor(t, address)
	o.KeepAlive = time.Second
	down, up := make(chan error, 100), make(chan struct{}, 100)
	o.OnDown = func(err error, _ *Link) { down <- err }
	o.OnUp = func(context.Context, *Link) { up <- struct{}{} }
	link := openUp(t, o)
	next(t, up, "up")
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := next(t, down, "down"); !strings.HasSuffix(err.Error(), "the broker stopped answering") {
		t.Errorf("got %v, want that the broker stopped answering", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := link.Publish(ctx, Message{Topic: "a", QoS: 1}); !errors.Is(err, ErrDown) {
		t.Errorf("publishing meanwhile: got %v, want %v", err, ErrDown)
	}
	if err := process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	next(t, up, "up again")
}

func TestMosquittoTakeover(t *testing.T) {
	address, _ := mosquitto(t, "allow_anonymous true")
	o := optionsFor(t, address)
	o.ClientID = "same"
	down := make(chan error, 100)
	o.OnDown = func(err error, _ *Link) { down <- err }
	openUp(t, o)
	openUp(t, o)
	for range 5 { // each loss of one is a win of the other, until both wait longer
		if err := next(t, down, "takeover"); strings.HasSuffix(err.Error(), ", again and again: does another client use the id same?") {
			return
		}
	}
	t.Error("nothing says that another client has the same id")
}

// TestMosquittoRefusesSubscription has a link go on without an optional
// subscription, and not without another.
func TestMosquittoRefusesSubscription(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "acl")
	if err := os.WriteFile(rules, []byte("topic readwrite a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(rules, 0o644); err != nil { // Mosquitto drops its rights
		t.Fatal(err)
	}
	address, _ := mosquitto(t, "allow_anonymous true", "acl_file "+rules)
	o := optionsFor(t, address)
	o.Subscriptions = []Subscription{{Filter: "a", QoS: 1}, {Filter: "b/+", QoS: 1, Optional: true}}
	received := sink(&o)
	link := openUp(t, o)
	publish(t, link, Message{Topic: "a", Payload: []byte("1"), QoS: 1})
	if m := next(t, received, "message"); string(m.Payload) != "1" {
		t.Errorf("got %q, want 1", m.Payload)
	}
	o.Subscriptions[0].NoLocal = true
	quiet := sink(&o)
	own := openUp(t, o)
	publish(t, own, Message{Topic: "a", Payload: []byte("2"), QoS: 1})
	publish(t, link, Message{Topic: "a", Payload: []byte("3"), QoS: 1})
	if m := next(t, quiet, "message of another link"); string(m.Payload) != "3" {
		t.Errorf("got %q, want 3, and nothing that the link published itself", m.Payload)
	}
}
