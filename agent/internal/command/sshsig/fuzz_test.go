package sshsig

import (
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// fixed returns a signer that is the same at each run.
func fixed(t testing.TB) ssh.Signer {
	return newSigner(t, ed25519.NewKeyFromSeed([]byte(strings.Repeat("fuzz", 8))), nil)
}

// recorded returns a file of testdata.
func recorded(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestRecorded checks signatures that ssh-keygen 9.2 made, so that a machine
// without it has some.
func TestRecorded(t *testing.T) {
	s := mustParse(t, recorded(t, "allowed_signers"))
	for _, kind := range []string{"ed25519", "ecdsa", "rsa"} {
		armored := recorded(t, kind+".sig")
		got, err := s.Verify([]byte(message), armored, purpose, noon)
		if err != nil || got.Principal != kind+"@example.org" {
			t.Errorf("%s: got %+v, %v", kind, got, err)
		}
		refused(t, s, ErrSignature, message+" ", armored, purpose)
	}
}

// goods returns signers, and signatures of the message that they take.
func goods(t testing.TB) (*Signers, []string) {
	t.Helper()
	signer := fixed(t)
	texts := []string{mustSign(t, signer), recorded(t, "ed25519.sig"), recorded(t, "ecdsa.sig"), recorded(t, "rsa.sig")}
	return mustParse(t, lineOf(signer, "alice")+recorded(t, "allowed_signers")), texts
}

// checkArmor checks that no armor is good but those of goods, and that others
// are refused for a reason that callers can test for. Of the one by ECDSA there
// is another that is good, which takes more than chance to find.
func checkArmor(t *testing.T, s *Signers, good []string, armored string) {
	got, err := s.Verify([]byte(message), armored, purpose, noon)
	if want := slices.Contains(good, armored); (err == nil) != want {
		t.Fatalf("%q: got %+v, %v; want that it is good: %v", armored, got, err, want)
	}
	known := []error{nil, ErrSignature, ErrNamespace, ErrUnknownKey, ErrValidity}
	if !slices.ContainsFunc(known, func(one error) bool { return errors.Is(err, one) }) {
		t.Fatalf("got %v, want one of %v", err, known)
	}
}

// FuzzVerify gives armors.
func FuzzVerify(f *testing.F) {
	s, good := goods(f)
	for _, text := range good {
		f.Add(text)
		f.Add(strings.TrimSuffix(text, "\n"))
	}
	for _, bad := range []string{"", armorHead + armorFoot, armor([]byte(magic)), good[0] + "\n"} {
		f.Add(bad)
	}
	f.Fuzz(func(t *testing.T, armored string) { checkArmor(t, s, good, armored) })
}

// FuzzVerifyBlob gives what is within an armor, which is as it must be.
func FuzzVerifyBlob(f *testing.F) {
	s, good := goods(f)
	for _, text := range good {
		blob, err := unarmor(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(blob)
	}
	f.Fuzz(func(t *testing.T, blob []byte) { checkArmor(t, s, good, armor(blob)) })
}

// FuzzParseSigners checks that what is read has a name and a key for each line,
// and that what is wrong is told by its line.
func FuzzParseSigners(f *testing.F) {
	f.Add([]byte(recorded(f, "allowed_signers")))
	for _, seed := range []string{"", "# comment\n\n", "alice " + publicKey, `"a b,c" namespaces="x,!y*",valid-after="20260101",valid-before="202701010000Z" ` + publicKey + " comment\r\n",
		"alice cert-authority " + publicKey, "* " + publicKey, "alice " + publicKey + "\nbob " + publicKey, `a x="\"" ` + publicKey} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseSigners("signers", data)
		if err != nil {
			var fault *LineError
			if !errors.As(err, &fault) || fault.Line > strings.Count(string(data), "\n")+1 || fault.Problem == "" {
				t.Fatalf("got %#v, want an error with a line of the file", err)
			}
			return
		}
		for key, lines := range s.byKey {
			for _, l := range lines {
				if string(l.key.Marshal()) != key || checkKey(l.key) != nil || l.principals[0] != lines[0].principals[0] {
					t.Fatalf("got %+v among %+v", l, lines)
				}
				for _, name := range l.principals {
					if name == "" || strings.ContainsAny(name, "*?!,\"\n\x00") {
						t.Fatalf("got the principal %q", name)
					}
				}
				l.allows(purpose)
			}
		}
	})
}
