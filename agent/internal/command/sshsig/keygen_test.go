package sshsig

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// lacking skips a test for want of something, or fails it where CI has
// promised to install that.
func lacking(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("this machine has no %s", what)
	}
	t.Skipf("this machine has no %s", what)
}

// tool returns the path of a program, or skips the test.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		lacking(t, name)
	}
	return path
}

// keygen runs ssh-keygen with an input, and returns what it prints.
func keygen(t *testing.T, input []byte, args ...string) ([]byte, error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), tool(t, "ssh-keygen"), args...)
	c.Stdin = bytes.NewReader(input)
	var problem bytes.Buffer
	c.Stderr = &problem
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("ssh-keygen %s: %w: %s%s", strings.Join(args, " "), err, problem.String(), out)
	}
	return out, err
}

// mustKeygen is keygen, of which the test needs that it succeeds.
func mustKeygen(t *testing.T, input []byte, args ...string) []byte {
	t.Helper()
	out, err := keygen(t, input, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// newKey makes a key by ssh-keygen, and returns its file and the line of its
// public half.
func newKey(t *testing.T, passphrase string, args ...string) (path, public string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "key")
	mustKeygen(t, nil, append([]string{"-q", "-N", passphrase, "-C", "test", "-f", path}, args...)...)
	data, err := os.ReadFile(path + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return path, strings.TrimSpace(string(data))
}

// write returns a new file with the text.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// open returns the private key in a file.
func open(t *testing.T, path string, env map[string]string) ssh.Signer {
	t.Helper()
	signer, closer, err := OpenKey(path, func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closer.Close(); err != nil {
			t.Error(err)
		}
	})
	return signer
}

// kinds are the arguments with which ssh-keygen makes each kind of key.
var kinds = map[string][]string{
	"ed25519":   {"-t", "ed25519"},
	"ecdsa-256": {"-t", "ecdsa", "-b", "256"},
	"ecdsa-384": {"-t", "ecdsa", "-b", "384"},
	"ecdsa-521": {"-t", "ecdsa", "-b", "521"},
	"rsa-3072":  {"-t", "rsa", "-b", "3072"},
	"rsa-pem":   {"-t", "rsa", "-b", "2048", "-m", "PEM"},
	"ec-pkcs8":  {"-t", "ecdsa", "-b", "256", "-m", "PKCS8"},
}

func TestOpenSSHVerifiesOurs(t *testing.T) {
	for kind, args := range kinds {
		t.Run(kind, func(t *testing.T) {
			path, public := newKey(t, "", args...)
			armored, err := Sign(open(t, path, nil), "purpose", []byte("message\n"))
			if err != nil {
				t.Fatal(err)
			}
			verify := []string{"-Y", "verify", "-f", write(t, "alice "+public), "-I", "alice", "-s", write(t, armored), "-n"}
			mustKeygen(t, []byte("message\n"), append(verify, "purpose")...)
			if _, err := keygen(t, []byte("message"), append(verify, "purpose")...); err == nil {
				t.Error("another message: got no error")
			}
			if _, err := keygen(t, []byte("message\n"), append(verify, "other")...); err == nil {
				t.Error("another namespace: got no error")
			}
		})
	}
}

func TestWeVerifyOpenSSH(t *testing.T) {
	for kind, args := range kinds {
		t.Run(kind, func(t *testing.T) {
			path, public := newKey(t, "", args...)
			signers := mustParse(t, "alice,bob "+public)
			fields := strings.Fields(string(mustKeygen(t, nil, "-l", "-f", path)))
			for _, hash := range []string{"sha256", "sha512"} {
				armored := string(mustKeygen(t, []byte("message\n"), "-Y", "sign", "-O", "hashalg="+hash, "-n", "purpose", "-f", path))
				got, err := signers.Verify([]byte("message\n"), armored, "purpose", time.Now())
				if err != nil || got.Principal != "alice" || len(got.Principals) != 2 || got.Fingerprint != fields[1] {
					t.Errorf("%s: got %+v, %v; want alice of alice and bob with %s", hash, got, err, fields[1])
				}
				refused(t, signers, ErrSignature, "message\n", strings.TrimSuffix(armored, "\n"), "purpose")
				refused(t, signers, ErrSignature, "message", armored, "purpose")
				refused(t, signers, ErrNamespace, "message\n", armored, "other")
				refused(t, new(Signers), ErrUnknownKey, "message\n", armored, "purpose")
			}
		})
	}
}

// startAgent runs an ssh-agent until the test ends, and returns its socket.
func startAgent(t *testing.T) string {
	t.Helper()
	// The path of a socket has at most 107 bytes.
	folder, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	socket := filepath.Join(folder, "s")
	child := exec.Command(tool(t, "ssh-agent"), "-D", "-a", socket)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	var problem error // once it has ended
	go func() {
		defer close(ended)
		problem = child.Wait()
	}()
	t.Cleanup(func() {
		if err := child.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		<-ended
	})
	for deadline := time.Now().Add(10 * time.Second); ; {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
			return socket
		}
		select {
		case <-ended:
			t.Fatalf("ssh-agent ended: %v", problem)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("ssh-agent does not answer: %v", err)
		}
	}
}

// addKey adds an encrypted key to an agent, to which ssh-add is told the
// passphrase by a script.
func addKey(t *testing.T, socket, path, passphrase string) {
	t.Helper()
	script := filepath.Join(t.TempDir(), "ask")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho '"+passphrase+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	add := exec.CommandContext(t.Context(), tool(t, "ssh-add"), "-q", path)
	add.Env = append(os.Environ(), agentVariable+"="+socket, "SSH_ASKPASS="+script, "SSH_ASKPASS_REQUIRE=force")
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("ssh-add: %v: %s", err, out)
	}
}

func TestAgentSigns(t *testing.T) {
	env := map[string]string{agentVariable: startAgent(t)}
	for kind, args := range kinds {
		t.Run(kind, func(t *testing.T) {
			path, public := newKey(t, "secret", args...)
			_, _, err := OpenKey(path, func(name string) string { return env[name] })
			if err == nil || !strings.Contains(err.Error(), "the ssh-agent lacks the key SHA256:") {
				t.Errorf("before the key is added: got %v, want that the agent lacks it", err)
			}
			addKey(t, env[agentVariable], path, "secret")
			for _, file := range []string{path, path + ".pub", write(t, public+"\n")} {
				armored, err := Sign(open(t, file, env), "purpose", []byte("message"))
				if err != nil {
					t.Fatalf("%s: got %v", file, err)
				}
				if _, err := mustParse(t, "alice "+public).Verify([]byte("message"), armored, "purpose", time.Now()); err != nil {
					t.Errorf("%s: got %v", file, err)
				}
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			open(t, path, env) // by the .pub file beside it
		})
	}
}
