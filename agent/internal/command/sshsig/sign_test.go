package sshsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// purpose is the namespace of the tests.
const purpose = "systant-command@v1"

// message is what the tests sign.
const message = `{"command":"restart","host":"web1","params":["nginx"]}`

// noon is a moment.
var noon = time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)

// mustParse returns the signers of a file.
func mustParse(t testing.TB, text string) *Signers {
	t.Helper()
	s, err := ParseSigners("signers", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mustSign returns the signature of the message.
func mustSign(t testing.TB, signer ssh.Signer) string {
	t.Helper()
	armored, err := Sign(signer, purpose, []byte(message))
	if err != nil {
		t.Fatal(err)
	}
	return armored
}

// refused checks that a signature is refused with an error.
func refused(t *testing.T, s *Signers, want error, message, armored, namespace string) {
	t.Helper()
	if got, err := s.Verify([]byte(message), armored, namespace, noon); !errors.Is(err, want) || got.Principal != "" {
		t.Errorf("got %+v, %v; want %v", got, err, want)
	}
}

// newSigner returns a signer with a private key.
func newSigner(t testing.TB, key any, err error) ssh.Signer {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// newEd25519 returns a new signer by Ed25519.
func newEd25519(t testing.TB) ssh.Signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return newSigner(t, key, err)
}

// newECDSA returns a new signer by ECDSA.
func newECDSA(t testing.TB, curve elliptic.Curve) ssh.Signer {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	return newSigner(t, key, err)
}

// newRSA returns a new signer by RSA.
func newRSA(t testing.TB, bits int) ssh.Signer {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	return newSigner(t, key, err)
}

// token is a FIDO token in software, as PROTOCOL.u2f of OpenSSH has it.
type token struct {
	key   crypto.Signer
	flags byte
	count uint32
	extra []byte // what it adds to its signatures, against the rules
}

// newToken returns a token that was touched, with a key by Ed25519 or ECDSA.
func newToken(t testing.TB, kind string) *token {
	t.Helper()
	var key crypto.Signer
	var err error
	if kind == ssh.KeyAlgoSKED25519 {
		_, key, err = ed25519.GenerateKey(rand.Reader)
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &token{key: key, flags: 1, count: 7}
}

// application is what the tokens' keys are for.
const application = "ssh:"

// PublicKey returns the token's public key.
func (k *token) PublicKey() ssh.PublicKey {
	var data []byte
	switch public := k.key.Public().(type) {
	case ed25519.PublicKey:
		data = ssh.Marshal(struct {
			Name        string
			Key         []byte
			Application string
		}{ssh.KeyAlgoSKED25519, public, application})
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			panic(err)
		}
		data = ssh.Marshal(struct {
			Name, Curve string
			Key         []byte
			Application string
		}{ssh.KeyAlgoSKECDSA256, "nistp256", point, application})
	}
	key, err := ssh.ParsePublicKey(data)
	if err != nil {
		panic(err)
	}
	return key
}

// Sign returns the token's signature of data.
func (k *token) Sign(random io.Reader, data []byte) (*ssh.Signature, error) {
	app, sum := sha256.Sum256([]byte(application)), sha256.Sum256(data)
	rest := binary.BigEndian.AppendUint32([]byte{k.flags}, k.count)
	signed := slices.Concat(app[:], rest, sum[:])
	sig := &ssh.Signature{Format: k.PublicKey().Type(), Rest: append(rest, k.extra...)}
	switch key := k.key.(type) {
	case ed25519.PrivateKey:
		sig.Blob = ed25519.Sign(key, signed)
	case *ecdsa.PrivateKey:
		digest := sha256.Sum256(signed)
		r, s, err := ecdsa.Sign(random, key, digest[:])
		if err != nil {
			return nil, err
		}
		sig.Blob = ssh.Marshal(struct{ R, S *big.Int }{r, s})
	}
	return sig, nil
}

// allSigners returns a signer of each kind, by name.
func allSigners(t testing.TB) map[string]ssh.Signer {
	return map[string]ssh.Signer{
		"ed25519":    newEd25519(t),
		"ecdsa-256":  newECDSA(t, elliptic.P256()),
		"ecdsa-384":  newECDSA(t, elliptic.P384()),
		"ecdsa-521":  newECDSA(t, elliptic.P521()),
		"rsa-2048":   newRSA(t, 2048),
		"rsa-3072":   newRSA(t, 3072),
		"sk-ed25519": newToken(t, ssh.KeyAlgoSKED25519),
		"sk-ecdsa":   newToken(t, ssh.KeyAlgoSKECDSA256),
	}
}

// lineOf returns the line of a file for a signer.
func lineOf(signer ssh.Signer, before string) string {
	return before + " " + string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
}

func TestSignAndVerify(t *testing.T) {
	for kind, signer := range allSigners(t) {
		s := mustParse(t, lineOf(signer, "alice"))
		got, err := s.Verify([]byte(message), mustSign(t, signer), purpose, noon)
		if err != nil || got.Principal != "alice" || got.Fingerprint != ssh.FingerprintSHA256(signer.PublicKey()) {
			t.Errorf("%s: got %+v, %v; want alice", kind, got, err)
		}
	}
}

func TestThousandAreGood(t *testing.T) {
	signers := []ssh.Signer{newEd25519(t), newECDSA(t, elliptic.P256()), newToken(t, ssh.KeyAlgoSKED25519), newToken(t, ssh.KeyAlgoSKECDSA256)}
	var file strings.Builder
	for i, signer := range signers {
		file.WriteString(lineOf(signer, fmt.Sprintf("signer%d", i)))
	}
	s := mustParse(t, file.String())
	good := 0
	for i := range 1000 {
		text := fmt.Appendf(nil, "%d%s", i, strings.Repeat("x", i))
		armored, err := Sign(signers[i%len(signers)], purpose, text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Verify(text, armored, purpose, noon)
		if err != nil || got.Principal != fmt.Sprintf("signer%d", i%len(signers)) {
			t.Errorf("message %d: got %+v, %v", i, got, err)
			continue
		}
		good++
	}
	if good != 1000 {
		t.Errorf("got %d good signatures, want 1000", good)
	}
}

func TestSignRefuses(t *testing.T) {
	check := func(signer ssh.Signer, namespace, want string) {
		t.Helper()
		if got, err := Sign(signer, namespace, []byte(message)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, %v; want an error with %q", got, err, want)
		}
	}
	check(newEd25519(t), "", "namespace is empty")
	check(newEd25519(t), strings.Repeat("x", maxArmor), "at most 8192 are good")
	check(newRSA(t, 1024), purpose, "has 1024 bits")
	check(struct{ ssh.Signer }{newRSA(t, 2048)}, purpose, "can't sign by rsa-sha2-512")
	check(oldSigner{newRSA(t, 2048).(ssh.AlgorithmSigner)}, purpose, "algorithm is not one of its key")
	check(&token{key: newToken(t, ssh.KeyAlgoSKED25519).key, extra: []byte{0}}, purpose, "can't be read")
}

// oldSigner signs by SHA-1 whatever it is asked for, as old agents do.
type oldSigner struct{ ssh.AlgorithmSigner }

// SignWithAlgorithm signs by SHA-1.
func (s oldSigner) SignWithAlgorithm(random io.Reader, data []byte, _ string) (*ssh.Signature, error) {
	return s.AlgorithmSigner.SignWithAlgorithm(random, data, ssh.KeyAlgoRSA)
}

// tokenFile returns the file that ssh-keygen makes for a key on a token, which
// has a handle in place of the private key (PROTOCOL.key of OpenSSH).
func tokenFile(k *token) []byte {
	private := ssh.Marshal(struct {
		Check1, Check2 uint32
		Type           string
		Rest           []byte `ssh:"rest"`
	}{1, 1, k.PublicKey().Type(), []byte("handle")})
	body := ssh.Marshal(struct {
		Cipher, Kdf, Options string
		Keys                 uint32
		Public, Private      []byte
	}{"none", "none", "", 1, k.PublicKey().Marshal(), private})
	return pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: append([]byte("openssh-key-v1\x00"), body...)})
}
