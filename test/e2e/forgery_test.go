package e2e

import (
	"crypto/ed25519"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// forgeryTest is what is known of a run of TestTortureForgeries.
type forgeryTest struct {
	*victim
	random                                        *rand.Rand
	alice, stranger, revoked, elsewhere, outdated forger
}

// forgery is a way to make an envelope that must not run.
type forgery struct {
	name string
	make func(t *testing.T, f *forgeryTest, id string) []byte
}

// requestChange returns a forgery that is a good signature of a request that is
// not for this host, or not for this time.
func requestChange(name string, change func(*schema.Request)) forgery {
	return forgery{name, func(t *testing.T, f *forgeryTest, id string) []byte {
		text := inner(t, id, change)
		return envelope(t, text, f.alice.sign(text))
	}}
}

// signedBy returns a forgery that is a good signature by somebody who may not.
func signedBy(name string, who func(*forgeryTest) forger) forgery {
	return forgery{name, func(t *testing.T, f *forgeryTest, id string) []byte {
		text := inner(t, id)
		return envelope(t, text, who(f).sign(text))
	}}
}

// damaged returns a forgery that is a good envelope, changed. Changes that mean
// nothing are made again.
func damaged(name string, change func(*testing.T, *forgeryTest, string, string) []byte) forgery {
	return forgery{name, func(t *testing.T, f *forgeryTest, id string) []byte {
		text := inner(t, id)
		sig := f.alice.sign(text)
		good := envelope(t, text, sig)
		for {
			if bad := change(t, f, text, sig); !same(good, bad) {
				return bad
			}
		}
	}}
}

// forgeries are all ways.
var forgeries = []forgery{
	damaged("damaged request", func(t *testing.T, f *forgeryTest, text, sig string) []byte {
		return envelope(t, damage(f.random, text), sig)
	}),
	damaged("damaged signature", func(t *testing.T, f *forgeryTest, text, sig string) []byte {
		return envelope(t, text, damage(f.random, sig))
	}),
	damaged("damaged message", func(t *testing.T, f *forgeryTest, text, sig string) []byte {
		return []byte(damage(f.random, string(envelope(t, text, sig))))
	}),
	{"swapped signature", func(t *testing.T, f *forgeryTest, id string) []byte {
		return envelope(t, inner(t, id), f.alice.sign(inner(t, newID("other"))))
	}},
	{"unsigned", func(t *testing.T, _ *forgeryTest, id string) []byte { return []byte(inner(t, id)) }},
	{"no signature", func(t *testing.T, _ *forgeryTest, id string) []byte { return envelope(t, inner(t, id), "") }},
	{"another's key", func(t *testing.T, f *forgeryTest, id string) []byte {
		text := inner(t, id)
		return envelope(t, text, f.stranger.signAs(text, f.alice.key.Public().(ed25519.PublicKey)))
	}},
	signedBy("other namespace", func(f *forgeryTest) forger {
		other := f.alice
		names := []string{"git", "file", "", "systant-command", "systant-command@v10", "systant-command@v1\x00", "Systant-command@v1"}
		other.namespace = names[f.random.IntN(len(names))]
		return other
	}),
	signedBy("other hash", func(f *forgeryTest) forger {
		other := f.alice
		other.hash = []string{"sha256", "sha1", "md5", "", "SHA512"}[f.random.IntN(5)]
		return other
	}),
	signedBy("stranger", func(f *forgeryTest) forger { return f.stranger }),
	signedBy("revoked key", func(f *forgeryTest) forger { return f.revoked }),
	signedBy("key for other things", func(f *forgeryTest) forger { return f.elsewhere }),
	signedBy("outdated key", func(f *forgeryTest) forger { return f.outdated }),
	requestChange("expired", func(r *schema.Request) { r.ExpiresAt = new(time.Now().Add(-time.Millisecond)) }),
	requestChange("old", func(r *schema.Request) { r.IssuedAt = new(time.Now().Add(-time.Hour)) }),
	requestChange("from before the start", func(r *schema.Request) { r.IssuedAt = new(time.Now().Add(-4 * time.Minute)) }),
	requestChange("issued ahead", func(r *schema.Request) { r.IssuedAt = new(time.Now().Add(time.Minute)) }),
	requestChange("good for long", func(r *schema.Request) { r.ExpiresAt = new(time.Now().Add(time.Hour)) }),
	requestChange("never expires", func(r *schema.Request) { r.ExpiresAt = nil }),
	requestChange("never issued", func(r *schema.Request) { r.IssuedAt = nil }),
	requestChange("other host", func(r *schema.Request) { r.Host = "otherhost" }),
	requestChange("no host", func(r *schema.Request) { r.Host = "" }),
	requestChange("no id", func(r *schema.Request) { r.RequestID = "" }),
}

// newForgeryTest starts a host that wants signatures, and revokes a key.
func newForgeryTest(t *testing.T, seed uint64) *forgeryTest {
	t.Helper()
	f := &forgeryTest{random: rand.New(rand.NewPCG(seed, 0)), victim: newVictim(t, "")}
	var keys [4]string
	f.alice, keys[0] = newForger(t)
	f.revoked, keys[1] = newForger(t)
	f.elsewhere, keys[2] = newForger(t)
	f.outdated, keys[3] = newForger(t)
	f.stranger, _ = newForger(t)
	allowed := f.key(t, "keygen") + "anna " + keys[0] +
		"\nemil namespaces=\"git,file\" " + keys[2] + "\noskar valid-before=\"20240101\" " + keys[3] + "\n"
	f.allow(t, allowed+"rita "+keys[1]+"\n")
	f.reconfigure(t, "rate = 6000", "rate = 6000\nrequire_signature = true")
	f.valid(t, f.revoked) // it was good before
	f.allow(t, allowed)
	return f
}

// valid has a valid request run.
func (f *forgeryTest) valid(t *testing.T, who forger) {
	t.Helper()
	id := newID("valid")
	text := inner(t, id)
	if r := f.ask(t, id, string(envelope(t, text, who.sign(text)))); r.Status != schema.StatusOK {
		t.Errorf("a valid request: got %+v", r)
	}
}

// keygen returns a request that ssh-keygen has signed.
func (f *forgeryTest) keygen(t *testing.T, namespace, id string) []byte {
	t.Helper()
	text := inner(t, id)
	path := write(t, "request", text)
	command := exec.Command("ssh-keygen", "-Y", "sign", "-n", namespace, "-f", filepath.Join(f.folder, "keygen"), path)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	sig, err := os.ReadFile(path + ".sig")
	if err != nil {
		t.Fatal(err)
	}
	return envelope(t, text, string(sig))
}

// TestTortureForgeries sends signed requests that are damaged, stolen, stale or
// for somebody else: none runs. All valid ones run, once.
func TestTortureForgeries(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	f := newForgeryTest(t, seed)
	forged, valid, byKeygen := scale(300, 10_000), scale(50, 1000), scale(3, 30)
	for n := range forged {
		id := newID("forged")
		kind := n / 2 % len(forgeries)
		if n%2 == 0 {
			kind = f.random.IntN(3) // every other one is damaged
		}
		f.send(t, mqtt.Message{Payload: forgeries[kind].make(t, f, id)})
		if n%500 == 499 {
			f.valid(t, f.alice) // the agent keeps up, and still runs what is valid
			valid++
		}
	}
	for range byKeygen {
		f.send(t, mqtt.Message{Payload: f.keygen(t, "git", newID("forged"))})
	}
	for n := len(f.marks(t)); n < valid; n++ {
		f.valid(t, f.alice)
	}
	for range byKeygen {
		id := newID("valid")
		if r := f.ask(t, id, string(f.keygen(t, schema.SignatureNamespace, id))); r.Status != schema.StatusOK {
			t.Errorf("signed by ssh-keygen: got %+v", r)
		}
	}
	forged, valid = forged+byKeygen, valid+byKeygen
	f.kill(t, syscall.SIGTERM) // it tells how many requests it has not even answered
	all, torn := records(f.audit(t))
	started, answered, suppressed := accounted(all)
	if started != valid || answered+suppressed < forged || torn > 0 {
		t.Errorf("the audit log has %d starts, %d refusals and %d suppressed requests, %d torn lines; want %d starts and %d others",
			started, answered, suppressed, torn, valid, forged)
	}
	ran, twice := f.ran(t)
	if ran != valid || twice > 0 {
		t.Errorf("%d requests have run, %d of them twice; want %d, none", ran, twice, valid)
	}
	t.Logf("torture: forgeries: seed %d, %d forged in %d ways: %d refused, %d suppressed, %d ran; %d valid: %d ran, %d twice",
		seed, forged, len(forgeries)+1, answered, suppressed, started-valid, valid, ran, twice)
}

// ran returns how many valid requests have run, and how many of them more than
// once. Anything else that has run fails the test.
func (f *forgeryTest) ran(t *testing.T) (ran, twice int) {
	t.Helper()
	for id, n := range f.marks(t) {
		if !strings.HasPrefix(id, "valid-") {
			t.Errorf("%s has run", id)
		}
		if ran++; n > 1 {
			twice++
		}
	}
	return ran, twice
}
