package e2e

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"systant/pkg/schema"
)

// forger signs requests as OpenSSH does (PROTOCOL.sshsig), by code of its own,
// so that the agent's is not measured by itself.
type forger struct {
	key       ed25519.PrivateKey
	namespace string
	hash      string // the name of the hash, which is SHA-512 in any case
}

// newForger returns a forger with a new key, and the key as a line of
// allowed_signers has it.
func newForger(t *testing.T) (f forger, public string) {
	t.Helper()
	key, secret, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	f = forger{key: secret, namespace: schema.SignatureNamespace, hash: "sha512"}
	return f, "ssh-ed25519 " + base64.StdEncoding.EncodeToString(sshStrings("ssh-ed25519", string(key)))
}

// sshStrings writes strings as RFC 4251, section 5, has it: each behind its
// length.
func sshStrings(all ...string) []byte {
	var b []byte
	for _, s := range all {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return b
}

// sign returns the signature of a text, as ssh-keygen prints it.
func (f forger) sign(text string) string {
	return f.signAs(text, f.key.Public().(ed25519.PublicKey))
}

// signAs returns a signature that says that it is by another key.
func (f forger) signAs(text string, public ed25519.PublicKey) string {
	sum := sha512.Sum512([]byte(text))
	made := ed25519.Sign(f.key, append([]byte("SSHSIG"), sshStrings(f.namespace, "", f.hash, string(sum[:]))...))
	blob := append([]byte("SSHSIG\x00\x00\x00\x01"), sshStrings(
		string(sshStrings("ssh-ed25519", string(public))), f.namespace, "", f.hash, string(sshStrings("ssh-ed25519", string(made))))...)
	encoded := base64.StdEncoding.EncodeToString(blob)
	var b strings.Builder
	b.WriteString("-----BEGIN SSH SIGNATURE-----\n")
	for line := range slices.Chunk([]byte(encoded), 70) {
		b.Write(append(line, '\n'))
	}
	b.WriteString("-----END SSH SIGNATURE-----\n")
	return b.String()
}

// inner returns a request to mark its id, good for a minute, with some changes.
func inner(t *testing.T, id string, changes ...func(*schema.Request)) string {
	t.Helper()
	now := time.Now().UTC()
	r := schema.Request{Command: "mark", Params: []string{id}, RequestID: id, Host: "testhost", IssuedAt: &now, ExpiresAt: new(now.Add(time.Minute))}
	for _, change := range changes {
		change(&r)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// envelope returns a signed request as it is sent.
func envelope(t *testing.T, signed, sig string) []byte {
	t.Helper()
	payload, err := json.Marshal(schema.Signed{Signed: signed, Sig: sig})
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// damage changes a few bits or bytes of a text.
func damage(random *rand.Rand, text string) string {
	b := []byte(text)
	for range 1 + random.IntN(2) {
		at := random.IntN(len(b))
		switch random.IntN(5) {
		case 0, 1:
			b[at] ^= 1 << random.IntN(8)
		case 2:
			b = slices.Insert(b, at, byte(random.IntN(256)))
		case 3:
			b = slices.Delete(b, at, at+1)
		case 4:
			other := random.IntN(len(b))
			b[at], b[other] = b[other], b[at]
		}
	}
	return string(b)
}

// same tells whether two payloads are one signed request to a strict reader. A
// signature may lack its last newline.
func same(one, two []byte) bool {
	var a, b schema.Signed
	return json.Unmarshal(one, &a) == nil && json.Unmarshal(two, &b) == nil &&
		a.Signed == b.Signed && strings.TrimSuffix(a.Sig, "\n") == strings.TrimSuffix(b.Sig, "\n")
}
