package sshsig

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// publicKey is a key that belongs to nobody.
const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

func TestGoodLines(t *testing.T) {
	check := func(text, want string) {
		t.Helper()
		s, err := ParseSigners("signers", []byte(text))
		if err != nil {
			t.Errorf("%q: got %v", text, err)
			return
		}
		var got []string
		for _, lines := range s.byKey {
			for _, l := range lines {
				got = append(got, fmt.Sprintf("%d %q %q", l.number, l.principals, l.namespaces))
			}
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	check("", "")
	check("\n \t\n# comment\n  # another\r\n\r\n", "")
	check("alice "+publicKey, `1 ["alice"] []`)
	check("alice "+publicKey+" a comment, of \"any\" kind\n", `1 ["alice"] []`)
	check("\n  alice,bob@example.org\t"+publicKey+"\r\n", `2 ["alice" "bob@example.org"] []`)
	check(`"alice b,bob" `+publicKey, `1 ["alice b" "bob"] []`)
	check(`"alice"	`+publicKey, `1 ["alice"] []`)
	check("ålice "+publicKey, `1 ["ålice"] []`)
	check(`alice namespaces="git,systant-*" `+publicKey, `1 ["alice"] ["git" "systant-*"]`)
	check(`alice Namespaces="git",VALID-AFTER="20260101Z",Valid-Before="20270101z" `+publicKey, `1 ["alice"] ["git"]`)
	check(`alice namespaces="a b"   `+publicKey, `1 ["alice"] ["a b"]`)
	check("alice namespaces=\"a\" "+publicKey+"\nalice,bob namespaces=\"b\" "+publicKey, `1 ["alice"] ["a"]; 2 ["alice" "bob"] ["b"]`)
	check(strings.Repeat("#\n", maxLines-1)+"alice "+publicKey+"\n", fmt.Sprintf(`%d ["alice"] []`, maxLines))
}

func TestBadLines(t *testing.T) {
	check := func(text string, line int, want string) {
		t.Helper()
		_, err := ParseSigners("signers", []byte(text))
		var fault *LineError
		if !errors.As(err, &fault) || fault.File != "signers" || fault.Line != line || !strings.Contains(fault.Problem, want) {
			t.Errorf("%.300q: got %v; want signers:%d with %q", text, err, line, want)
		}
	}
	check("\n\nalice", 3, "nothing after the principals")
	check("alice \n", 1, "nothing after the principals")
	check("alice ssh-ed25519", 1, "no key")
	check("alice ssh-ed25519 AAAA", 1, "no key")
	check("alice # "+publicKey, 1, "no key")
	check(publicKey, 1, "no key")
	check("alice ssh-rsa "+strings.Fields(publicKey)[1], 1, "no key")
	check("alice "+publicKey[:len(publicKey)-4], 1, "no key")
	check("alice "+publicKey+"AAAA", 1, "no key")
	check(`alice namespaces="x `+publicKey, 1, "no key")
	check("*@example.org "+publicKey, 1, `"*@example.org" is a pattern`)
	check("alice,!bob "+publicKey, 1, `"!bob" is a pattern`)
	check("alice,bo? "+publicKey, 1, `"bo?" is a pattern`)
	check("alice,,bob "+publicKey, 1, "a principal is empty")
	check("alice, bob "+publicKey, 1, "a principal is empty")
	check(`"" `+publicKey, 1, "a principal is empty")
	check(`"alice `+publicKey, 1, "quote")
	check(`"alice"`+publicKey, 1, "quote")
	check(`"alice"`, 1, "quote")
	check(`al"ice" `+publicKey, 1, "quote")
	check("al\x1b[31mice "+publicKey, 1, "can't be printed")
	check("al\u202eice "+publicKey, 1, "can't be printed")
	check("al\xffice "+publicKey, 1, "can't be printed")
	check(strings.Repeat("a", maxPrincipal+1)+" "+publicKey, 1, "has 257 bytes")
	check("alice cert-authority "+publicKey, 1, "certificates are not supported")
	check(`alice namespaces="x",Cert-Authority `+publicKey, 1, "certificates are not supported")
	check("alice no-touch-required "+publicKey, 1, `no option "no-touch-required"`)
	check(`alice valid_after="20260101" `+publicKey, 1, `no option "valid_after"`)
	check("alice namespaces "+publicKey, 1, "namespaces: needs a value in quotes")
	check("alice namespaces=x "+publicKey, 1, "namespaces: needs a value in quotes")
	check(`alice namespaces="" `+publicKey, 1, "namespaces: has an empty name")
	check(`alice namespaces="a,,b" `+publicKey, 1, "namespaces: has an empty name")
	check(`alice namespaces="a,!" `+publicKey, 1, "namespaces: has an empty name")
	check(`alice namespaces="a\"b" `+publicKey, 1, "namespaces: has a quote")
	check(`alice namespaces="a""b" `+publicKey, 1, "namespaces: has a quote")
	check(`alice namespaces="a",namespaces="b" `+publicKey, 1, "namespaces: stands twice")
	check(`alice valid-after="20260101",valid-after="20260101" `+publicKey, 1, "valid-after: stands twice")
	for _, moment := range []string{"", "Z", "2026", "20261301", "20260230", "2026010124", "202601012400", "20260101120060", "2026-01-01",
		"20260101T000000Z", "20260101ZZ", "20260101000000.5", "+2026010", "00010101Z", "2026010100000٠"} {
		check(`alice valid-before="`+moment+`" `+publicKey, 1, "valid-before: ")
	}
	check(`alice valid-after="20260102Z",valid-before="20260102Z" `+publicKey, 1, "is not later than valid-after")
	check("alice "+publicKey+"\n\nbob "+publicKey, 3, "the key is that of alice, by line 1")
	check("alice "+publicKey+"\nbob,alice "+publicKey, 2, "the key is that of alice, by line 1")
	check(strings.Repeat("\n", maxLines+1), maxLines+1, "more than 10000 lines")
	check(strings.Repeat("\n", maxFile+1), 0, "at most 1048576 are read")
}

func TestLineErrorText(t *testing.T) {
	for want, e := range map[string]*LineError{
		"signers:3: no": {"signers", 3, "no"},
		"signers: no":   {"signers", 0, "no"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestNamespacesOfLines(t *testing.T) {
	signer := newEd25519(t)
	armored := mustSign(t, signer)
	check := func(list string, want error) {
		t.Helper()
		s := mustParse(t, lineOf(signer, `alice namespaces="`+list+`"`))
		if _, err := s.Verify([]byte(message), armored, purpose, noon); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", list, err, want)
		}
	}
	check(purpose, nil)
	check("git,"+purpose, nil)
	check("*", nil)
	check("systant-*", nil)
	check("systant-command@v?", nil)
	check("s*t*-*@v1*", nil)
	check("**1", nil)
	check("git", ErrNamespace)
	check("SYSTANT-COMMAND@V1", ErrNamespace)
	check("systant-command@v", ErrNamespace)
	check("systant-command@v1?", ErrNamespace)
	check("*2", ErrNamespace)
	check("?", ErrNamespace)
	check("!git", ErrNamespace)
	check("!git,*", nil)
	check("*,!systant-*", ErrNamespace)
	check("!systant-*,*", ErrNamespace)
}

func TestTimesOfLines(t *testing.T) {
	was := time.Local
	time.Local = time.FixedZone("east", 3600)
	t.Cleanup(func() { time.Local = was })
	signer := newEd25519(t)
	armored := mustSign(t, signer)
	check := func(options string, now time.Time, want error) {
		t.Helper()
		s := mustParse(t, lineOf(signer, "alice "+options))
		if _, err := s.Verify([]byte(message), armored, purpose, now); !errors.Is(err, want) {
			t.Errorf("%s at %v: got %v, want %v", options, now, err, want)
		}
	}
	check(`valid-after="20260517120000Z"`, noon, nil)
	check(`valid-after="20260517120000Z"`, noon.Add(-1), ErrValidity)
	check(`valid-after="202605171201Z"`, noon, ErrValidity)
	check(`valid-after="20260518Z"`, noon, ErrValidity)
	check(`valid-before="20260517120000Z"`, noon, ErrValidity)
	check(`valid-before="20260517120000Z"`, noon.Add(-1), nil)
	check(`valid-before="202605171201Z"`, noon, nil)
	check(`valid-before="20260517Z"`, noon, ErrValidity)
	check(`valid-after="20260101Z",valid-before="20270101Z"`, noon, nil)
	local := time.Date(2026, 5, 17, 12, 0, 0, 0, time.Local)
	check(`valid-after="202605171200"`, local, nil)
	check(`valid-after="202605171200"`, local.Add(-1), ErrValidity)
}

// TestSeveralLinesOfAKey checks that any line that is good for all is enough.
func TestSeveralLinesOfAKey(t *testing.T) {
	signer := newEd25519(t)
	armored := mustSign(t, signer)
	const old, other, now = `alice,old valid-before="20260101Z"`, `alice,other namespaces="git"`, `alice,now valid-after="20260101Z",namespaces="systant-*"`
	check := func(want string, fault error, lines ...string) {
		t.Helper()
		var file strings.Builder
		for _, l := range lines {
			file.WriteString(lineOf(signer, l))
		}
		got, err := mustParse(t, file.String()).Verify([]byte(message), armored, purpose, noon)
		if strings.Join(got.Principals, ",") != want || !errors.Is(err, fault) {
			t.Errorf("%q: got %+v, %v; want %s, %v", lines, got, err, want, fault)
		}
	}
	check("alice,now", nil, old, other, now)
	check("alice,now", nil, now, other, old)
	check("alice", nil, old, "alice", now)
	check("", ErrValidity, other, old)
	check("", ErrValidity, old, other)
	check("", ErrNamespace, other)
}

// TestSignersOfOpenSSH gives the same file to ssh-keygen.
func TestSignersOfOpenSSH(t *testing.T) {
	path, public := newKey(t, "", "-t", "ed25519")
	armored := string(mustKeygen(t, []byte(message), "-Y", "sign", "-n", purpose, "-f", path))
	check := func(before string, want bool) {
		t.Helper()
		text := before + " " + public + "\n"
		file, sig := write(t, text), write(t, armored)
		_, err := keygen(t, []byte(message), "-Y", "verify", "-f", file, "-I", "alice", "-n", purpose, "-s", sig, "-O", "verify-time=20260517120000")
		s, fault := ParseSigners("signers", []byte(text))
		if fault == nil {
			_, fault = s.Verify([]byte(message), armored, purpose, time.Date(2026, 5, 17, 12, 0, 0, 0, time.Local))
		}
		if (err == nil) != want || (fault == nil) != want {
			t.Errorf("%s: got %v of ssh-keygen and %v of ours; want that it is good: %v", before, err, fault, want)
		}
	}
	for before, want := range map[string]bool{
		"alice": true, "bob,alice": true, `"alice"`: true, `"bob b,alice"`: true,
		`alice namespaces="systant-*"`: true, `alice NAMESPACES="git,?ystant-command@v1"`: true, `alice namespaces="git"`: false,
		`alice namespaces="*,!systant-*"`: false, `alice namespaces="!git,*"`: true, `alice namespaces="!git"`: false, `alice namespaces=git`: false,
		`alice valid-after="20260517120000"`: true, `alice valid-after="20260517120001"`: false, `alice valid-after="202605171201"`: false,
		`alice valid-before="20260517115959"`: false, `alice valid-before="20260517120001"`: true, `alice valid-before="20260517"`: false,
		`alice valid-before="20260601",valid-after="20260501"`: true, `alice valid-before="20260501",valid-after="20260601"`: false,
		`alice valid-after="2026-05-01"`: false, `alice valid-after="20260501",valid-after="20260501"`: false,
		`alice namespaces="*",unknown`: false, `alice cert-authority`: false, `alice namespaces="*" ,`: false, `"alice`: false,
	} {
		check(before, want)
	}
}

func TestOpenKeyFails(t *testing.T) {
	check := func(path, socket, want string) {
		t.Helper()
		signer, _, err := OpenKey(path, func(string) string { return socket })
		if signer != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v; want an error with %q", signer, err, want)
		}
	}
	sealed, public := newKey(t, "secret", "-t", "ed25519")
	check(sealed+"x", "", "no such file")
	check(sealed, "", "SSH_AUTH_SOCK is not set")
	check(sealed, "/nonexistent", "does not answer")
	check(sealed, "", "passphrase")
	check(write(t, public), "", "there is only the public key of ")
	check(write(t, "nothing"), "", "no key found")
	check(write(t, strings.Repeat("x", maxKeyFile+1)), "", "more than 1048576 bytes")
	check(t.TempDir(), "", "is a directory")
	weak, _ := newKey(t, "", "-t", "rsa", "-b", "1024")
	check(weak, "", "has 1024 bits")
	if err := os.Remove(sealed); err != nil {
		t.Fatal(err)
	}
	check(sealed, "", "there is only the public key of ")
}

// TestUnsealed reads the public key in the file of a key on a FIDO token.
func TestUnsealed(t *testing.T) {
	k := newToken(t, ssh.KeyAlgoSKED25519)
	file := tokenFile(k)
	if got := unsealed(file); got == nil || got.Type() != ssh.KeyAlgoSKED25519 {
		t.Errorf("got %v, want the token's key", got)
	}
	_, _, err := OpenKey(write(t, string(file)), func(string) string { return "" })
	if err == nil || !strings.Contains(err.Error(), "can't be used by itself") {
		t.Errorf("got %v, want that the key can't be used by itself", err)
	}
	for _, bad := range []string{"", "x", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"} {
		if got := unsealed([]byte(bad)); got != nil {
			t.Errorf("%q: got %v, want no key", bad, got)
		}
	}
}
