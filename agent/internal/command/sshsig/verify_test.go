package sshsig

import (
	"bytes"
	"crypto/dsa" //nolint:staticcheck // to see that it is refused
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"math/big"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"
)

// mutants calls try with each text that differs from one by a bit, by a byte
// that is missing, doubled, exchanged with the next or inserted, or by a
// missing end or start.
func mutants(text string, try func(string)) {
	for i := range len(text) {
		for bit := range 8 {
			try(text[:i] + string([]byte{text[i] ^ 1<<bit}) + text[i+1:])
		}
		try(text[:i] + text[i+1:])
		try(text[:i+1] + text[i:])
		if i > 0 {
			try(text[:i-1] + text[i:i+1] + text[i-1:i] + text[i+1:])
		}
		try(text[:i])
		try(text[i+1:])
	}
	for i := range len(text) + 1 {
		for _, extra := range []string{"\n", "\r", "\r\n", " ", "\t", "\x00", "=", "A", "/", "-", armorHead, armorFoot} {
			try(text[:i] + extra + text[i:])
		}
	}
	for _, other := range []string{text + text, strings.ReplaceAll(text, "\n", "\r\n"), strings.ReplaceAll(text, "\n", ""), strings.ToLower(text)} {
		try(other)
	}
}

func TestNoMutantIsGood(t *testing.T) {
	var total atomic.Int64
	t.Run("of", func(t *testing.T) {
		for kind, signer := range mutable(t) {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				s := mustParse(t, lineOf(signer, "alice"))
				armored := mustSign(t, signer)
				try := func(text, armored string) {
					total.Add(1)
					if got, err := s.Verify([]byte(text), armored, purpose, noon); err == nil {
						t.Errorf("got %+v for %q of\n%q", got, text, armored)
					}
				}
				mutants(armored, func(m string) {
					// Some mutations change nothing, such as an exchange of two bytes
					// that are alike.
					if m != armored {
						try(message, m)
					}
				})
				mutants(message, func(m string) {
					if m != message {
						try(m, armored)
					}
				})
				if _, err := s.Verify([]byte(message), armored, purpose, noon); err != nil {
					t.Errorf("got %v for %q", err, armored)
				}
			})
		}
	})
	if got := total.Load(); got < 80_000 {
		t.Errorf("got %d mutants, want at least 80000", got)
	} else {
		t.Logf("%d mutants", got)
	}
}

// TestNoMutantOfBlobIsGood changes what is within the armor, which stays as it
// must be.
func TestNoMutantOfBlobIsGood(t *testing.T) {
	var total atomic.Int64
	t.Run("of", func(t *testing.T) {
		for kind, signer := range mutable(t) {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				s := mustParse(t, lineOf(signer, "alice"))
				blob := string(ssh.Marshal(envelopeOf(t, signer)))
				mutants(blob, func(m string) {
					if m == blob {
						return
					}
					total.Add(1)
					if got, err := s.Verify([]byte(message), armor([]byte(m)), purpose, noon); err == nil {
						t.Errorf("got %+v for %q", got, m)
					}
				})
			})
		}
	})
	if got := total.Load(); got < 40_000 {
		t.Errorf("got %d mutants, want at least 40000", got)
	} else {
		t.Logf("%d mutants", got)
	}
}

// mutable returns a signer of each kind, without those by ECDSA whose keys are
// longer: they differ in nothing but that, and take minutes.
func mutable(t *testing.T) map[string]ssh.Signer {
	all := allSigners(t)
	for _, kind := range []string{"ecdsa-384", "ecdsa-521"} {
		delete(all, kind)
	}
	return all
}

func TestExchangedSignaturesAreRefused(t *testing.T) {
	for kind, signer := range allSigners(t) {
		s := mustParse(t, lineOf(signer, "alice"))
		one, err := Sign(signer, purpose, []byte("one"))
		if err != nil {
			t.Fatal(err)
		}
		two, err := Sign(signer, purpose, []byte("two"))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			text, armored string
			want          error
		}{{"one", one, nil}, {"two", two, nil}, {"one", two, ErrSignature}, {"two", one, ErrSignature}} {
			if _, err := s.Verify([]byte(c.text), c.armored, purpose, noon); !errors.Is(err, c.want) {
				t.Errorf("%s: %s: got %v, want %v", kind, c.text, err, c.want)
			}
		}
	}
}

// TestKeyOfAnotherIsRefused exchanges the key in a signature with that of
// another signer, who did not sign.
func TestKeyOfAnotherIsRefused(t *testing.T) {
	alice, bob := newEd25519(t), newEd25519(t)
	s := mustParse(t, lineOf(alice, "alice")+lineOf(bob, "bob"))
	e := envelopeOf(t, alice)
	e.PublicKey = bob.PublicKey().Marshal()
	refused(t, s, ErrSignature, message, armor(ssh.Marshal(e)), purpose)
}

// envelopeOf returns the envelope of the message's signature.
func envelopeOf(t *testing.T, signer ssh.Signer) *envelope {
	t.Helper()
	blob, err := unarmor(mustSign(t, signer))
	if err != nil {
		t.Fatal(err)
	}
	e, err := parseEnvelope(blob)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// resign signs the message anew with what the envelope says.
func (e *envelope) resign(t *testing.T, signer ssh.Signer) string {
	t.Helper()
	sig, err := signData(signer, signer.PublicKey(), e.signed([]byte(message)))
	if err != nil {
		t.Fatal(err)
	}
	e.Signature = ssh.Marshal(sig)
	return armor(ssh.Marshal(e))
}

func TestBadEnvelopes(t *testing.T) {
	signer := newEd25519(t)
	s := mustParse(t, lineOf(signer, "alice"))
	check := func(name string, want, detail error, change func(*envelope)) {
		t.Helper()
		e := envelopeOf(t, signer)
		change(e)
		_, err := s.Verify([]byte(message), e.resign(t, signer), purpose, noon)
		if !errors.Is(err, want) || !errors.Is(err, detail) {
			t.Errorf("%s: got %v, want %v and %v", name, err, want, detail)
		}
	}
	check("as it is", nil, nil, func(*envelope) {})
	check("sha256", nil, nil, func(e *envelope) { e.Hash = "sha256" })
	check("magic", ErrSignature, errEnvelope, func(e *envelope) { e.Magic[5]++ })
	check("version 0", ErrSignature, errVersion, func(e *envelope) { e.Version = 0 })
	check("version 2", ErrSignature, errVersion, func(e *envelope) { e.Version = 2 })
	check("reserved", ErrSignature, errReserved, func(e *envelope) { e.Reserved = "x" })
	check("sha1", ErrSignature, errHash, func(e *envelope) { e.Hash = "sha1" })
	check("no hash", ErrSignature, errHash, func(e *envelope) { e.Hash = "" })
	check("hash in upper case", ErrSignature, errHash, func(e *envelope) { e.Hash = "SHA512" })
	check("no namespace", ErrSignature, errUnnamed, func(e *envelope) { e.Namespace = "" })
	check("namespace", ErrNamespace, ErrNamespace, func(e *envelope) { e.Namespace = "git" })
	check("longer namespace", ErrNamespace, ErrNamespace, func(e *envelope) { e.Namespace = purpose + "\x00" })
	check("no key", ErrUnknownKey, ErrUnknownKey, func(e *envelope) { e.PublicKey = nil })
	check("longer key", ErrUnknownKey, ErrUnknownKey, func(e *envelope) { e.PublicKey = append(e.PublicKey, 0) })
}

func TestBadArmor(t *testing.T) {
	signer := newEd25519(t)
	s := mustParse(t, lineOf(signer, "alice"))
	good := mustSign(t, signer)
	blob := ssh.Marshal(envelopeOf(t, signer))
	body := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(good, armorHead), armorFoot), "\n", "")
	check := func(text string, detail error) {
		t.Helper()
		_, err := s.Verify([]byte(message), text, purpose, noon)
		if !errors.Is(err, ErrSignature) || !errors.Is(err, detail) {
			t.Errorf("%q: got %v, want %v and %v", text, err, ErrSignature, detail)
		}
	}
	for _, text := range []string{"", "\n", armorHead, armorFoot, armorHead + armorFoot + "\n", " " + good, good + "\n", good + " ", good + good,
		"x\n" + good, good + "x\n", "\ufeff" + good, strings.ReplaceAll(good, "\n", "\r\n"), strings.ReplaceAll(good, "SSH", "ssh"),
		armorHead + body + "\n" + armorFoot, armorHead + body[:64] + "\n" + body[64:] + "\n" + armorFoot, armorHead + "\n" + body + armorFoot, body} {
		check(text, errArmor)
	}
	check(armorHead+armorFoot, errEnvelope)
	check(armor(append(blob, 0)), errEnvelope)
	check(armor(blob[:len(blob)-1]), errEnvelope)
	check(armor(append(blob, blob...)), errEnvelope)
	check(armor(bytes.Repeat([]byte{0xff}, 300)), errEnvelope)
	check(strings.Repeat("A", maxArmor+1), errTooLong)
	check(strings.Repeat("A", maxArmor), errArmor)
	check(armor(make([]byte, maxArmor)), errTooLong)
}

// TestBadInnerSignatures gives what a key signed in spellings that package
// ssh takes, or by algorithms that it still has.
func TestBadInnerSignatures(t *testing.T) {
	check := func(name string, signer ssh.Signer, want error, change func(*ssh.Signature)) {
		t.Helper()
		s := mustParse(t, lineOf(signer, "alice"))
		e := envelopeOf(t, signer)
		sig := new(ssh.Signature)
		if err := ssh.Unmarshal(e.Signature, sig); err != nil {
			t.Fatal(err)
		}
		change(sig)
		e.Signature = ssh.Marshal(sig)
		_, err := s.Verify([]byte(message), armor(ssh.Marshal(e)), purpose, noon)
		if !errors.Is(err, ErrSignature) || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v and %v", name, err, ErrSignature, want)
		}
	}
	small, p256, touched := newEd25519(t), newECDSA(t, elliptic.P256()), newToken(t, ssh.KeyAlgoSKECDSA256)
	check("rest", small, errInner, func(s *ssh.Signature) { s.Rest = []byte{0} })
	check("format", small, errAlgorithm, func(s *ssh.Signature) { s.Format = ssh.KeyAlgoSKED25519 })
	check("no format", small, errAlgorithm, func(s *ssh.Signature) { s.Format = "" })
	check("no bytes", small, nil, func(s *ssh.Signature) { s.Blob = nil })
	check("longer", small, nil, func(s *ssh.Signature) { s.Blob = append(s.Blob, 0) })
	check("longer", p256, errSpelling, func(s *ssh.Signature) { s.Blob = append(s.Blob, 0) })
	check("leading zeros", p256, errSpelling, zeroFirst)
	check("leading zeros", touched, errSpelling, zeroFirst)
	check("rest", p256, errInner, func(s *ssh.Signature) { s.Rest = []byte{1, 0, 0, 0, 7} })
	check("longer rest", touched, errInner, func(s *ssh.Signature) { s.Rest = append(s.Rest, 0) })
	check("no rest", touched, errInner, func(s *ssh.Signature) { s.Rest = nil })
	check("counter", touched, nil, func(s *ssh.Signature) { s.Rest[4]++ })
	check("flags", touched, nil, func(s *ssh.Signature) { s.Rest[0] |= 4 })
	check("curve", newECDSA(t, elliptic.P384()), errAlgorithm, func(s *ssh.Signature) { s.Format = ssh.KeyAlgoECDSA256 })
	check("SHA-1", newRSA(t, 2048), errAlgorithm, func(s *ssh.Signature) { s.Format = ssh.KeyAlgoRSA })
	check("other hash", newRSA(t, 2048), nil, func(s *ssh.Signature) { s.Format = ssh.KeyAlgoRSASHA256 })
	check("short", newRSA(t, 2048), errSpelling, func(s *ssh.Signature) { s.Blob = s.Blob[1:] })
	check("longer", newRSA(t, 2048), errSpelling, func(s *ssh.Signature) { s.Blob = append([]byte{0}, s.Blob...) })
}

// zeroFirst puts a zero before the first number of a signature by ECDSA.
func zeroFirst(sig *ssh.Signature) {
	var numbers struct{ R, S *big.Int }
	if err := ssh.Unmarshal(sig.Blob, &numbers); err != nil {
		panic(err)
	}
	var r struct{ R []byte }
	r.R = append(make([]byte, 2), numbers.R.Bytes()...)
	sig.Blob = append(ssh.Marshal(r), ssh.Marshal(struct{ S *big.Int }{numbers.S})...)
}

// TestSHA1IsRefused signs by RSA with SHA-1 indeed.
func TestSHA1IsRefused(t *testing.T) {
	signer := newRSA(t, 2048).(ssh.AlgorithmSigner)
	e := envelopeOf(t, signer)
	for _, c := range []struct {
		algorithm string
		want      error
	}{{ssh.KeyAlgoRSASHA512, nil}, {ssh.KeyAlgoRSASHA256, nil}, {ssh.KeyAlgoRSA, errAlgorithm}} {
		sig, err := signer.SignWithAlgorithm(rand.Reader, e.signed([]byte(message)), c.algorithm)
		if err != nil {
			t.Fatal(err)
		}
		e.Signature = ssh.Marshal(sig)
		_, err = mustParse(t, lineOf(signer, "alice")).Verify([]byte(message), armor(ssh.Marshal(e)), purpose, noon)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.algorithm, err, c.want)
		}
	}
}

func TestUntouchedTokensAreRefused(t *testing.T) {
	for _, kind := range []string{ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256} {
		k := newToken(t, kind)
		s := mustParse(t, lineOf(k, "alice"))
		for flags, want := range map[byte]error{0: ErrSignature, 1: nil, 4: ErrSignature, 5: nil} {
			k.flags = flags
			if _, err := s.Verify([]byte(message), mustSign(t, k), purpose, noon); !errors.Is(err, want) {
				t.Errorf("%s with the flags %d: got %v, want %v", kind, flags, err, want)
			}
		}
	}
}

// TestUnknownKinds checks that keys of kinds that no line of a file can have
// are unknown keys, whatever they signed.
func TestUnknownKinds(t *testing.T) {
	var old dsa.PrivateKey
	if err := dsa.GenerateParameters(&old.Parameters, rand.Reader, dsa.L1024N160); err != nil {
		t.Fatal(err)
	}
	if err := dsa.GenerateKey(&old, rand.Reader); err != nil {
		t.Fatal(err)
	}
	authority := newEd25519(t)
	signer := newEd25519(t)
	certificate := &ssh.Certificate{Key: signer.PublicKey(), CertType: ssh.UserCert, ValidBefore: ssh.CertTimeInfinity}
	if err := certificate.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	certified, err := ssh.NewCertSigner(certificate, signer)
	if err != nil {
		t.Fatal(err)
	}
	s := mustParse(t, lineOf(signer, "alice")+lineOf(authority, "bob"))
	for _, unknown := range []ssh.Signer{newSigner(t, &old, nil), certified, newRSA(t, 1024), newEd25519(t)} {
		e := envelopeOf(t, signer)
		e.PublicKey = unknown.PublicKey().Marshal()
		sig, err := unknown.Sign(rand.Reader, e.signed([]byte(message)))
		if err != nil {
			t.Fatal(err)
		}
		e.Signature = ssh.Marshal(sig)
		refused(t, s, ErrUnknownKey, message, armor(ssh.Marshal(e)), purpose)
		if _, err := ParseSigners("x", []byte(lineOf(unknown, "alice"))); (err == nil) != (unknown.PublicKey().Type() == ssh.KeyAlgoED25519) {
			t.Errorf("a line with %s: got %v", unknown.PublicKey().Type(), err)
		}
	}
}
