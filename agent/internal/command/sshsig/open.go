package sshsig

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// maxKeyFile bounds the file of a key, in bytes.
const maxKeyFile = 1 << 20

// agentWithin is how long a connection to the ssh-agent may take. What follows
// may take as long as its user does.
const agentWithin = 5 * time.Second

// agentVariable is the environment variable with the agent's socket.
const agentVariable = "SSH_AUTH_SOCK"

// OpenKey returns the private key in a file, of any format that ssh-keygen
// writes. Where the file does not do by itself, the same key of the ssh-agent
// at $SSH_AUTH_SOCK is returned: for one that is encrypted or on a FIDO token,
// and where there is only the public key, in the file or in the one with .pub
// after its name. No passphrase is asked for. The key must be closed after use.
func OpenKey(path string, getenv func(string) string) (ssh.Signer, io.Closer, error) {
	data, err := readKey(path)
	var signer ssh.Signer
	if err == nil {
		if signer, err = ssh.ParsePrivateKey(data); err == nil {
			return checkSigner(path, signer, nothing{})
		}
	}
	public := publicHalf(path, data)
	if public == nil {
		return nil, nil, fmt.Errorf("reading the key %s: %w", path, err)
	}
	signer, closer, fault := fromAgent(public, getenv(agentVariable))
	switch {
	case fault == nil:
		return checkSigner(path, signer, closer)
	case errors.Is(err, fs.ErrNotExist) || isPublic(data):
		return nil, nil, fmt.Errorf("there is only the public key of %s, and %w", path, fault)
	}
	return nil, nil, fmt.Errorf("the key in %s can't be used by itself (%w), and %w", path, err, fault)
}

// checkSigner returns a signer whose key may sign, and closes any other.
func checkSigner(path string, signer ssh.Signer, closer io.Closer) (ssh.Signer, io.Closer, error) {
	key, err := ssh.ParsePublicKey(signer.PublicKey().Marshal())
	if err == nil {
		err = checkKey(key)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("the key in %s is of no use: %w", path, err), closer.Close())
	}
	return signer, closer, nil
}

// nothing is what is left open of a key that was in a file.
type nothing struct{}

// Close does nothing.
func (nothing) Close() error { return nil }

// readKey returns the contents of a file, or an error if they can't be a key.
func readKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxKeyFile:
		return nil, fmt.Errorf("the file has more than %d bytes", maxKeyFile)
	}
	return data, nil
}

// publicHalf returns the public key that belongs to a file: the file itself, a
// part of it that is not encrypted, or the file beside it; nil if there is none.
func publicHalf(path string, data []byte) ssh.PublicKey {
	if key, _, _, _, err := ssh.ParseAuthorizedKey(data); err == nil {
		return key
	}
	if key := unsealed(data); key != nil {
		return key
	}
	data, err := readKey(path + ".pub")
	if err != nil {
		return nil
	}
	if key, _, _, _, err := ssh.ParseAuthorizedKey(data); err == nil {
		return key
	}
	return nil
}

// isPublic tells whether a file is that of a public key.
func isPublic(data []byte) bool {
	_, _, _, _, err := ssh.ParseAuthorizedKey(data)
	return err == nil
}

// unsealed returns the public key in a private key of OpenSSH, which stands
// there unencrypted (PROTOCOL.key of OpenSSH), or nil if there is none. It is
// all that such a file has to say about a key on a FIDO token.
func unsealed(data []byte) ssh.PublicKey {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil
	}
	body, is := bytes.CutPrefix(block.Bytes, []byte("openssh-key-v1\x00"))
	var file struct {
		Cipher, Kdf, KdfOptions string
		Keys                    uint32
		Public                  []byte
		Rest                    []byte `ssh:"rest"`
	}
	if !is || ssh.Unmarshal(body, &file) != nil || file.Keys != 1 {
		return nil
	}
	key, err := ssh.ParsePublicKey(file.Public)
	if err != nil {
		return nil
	}
	return key
}

// fromAgent returns the private key of a public one from the ssh-agent at
// a socket. Its errors go on from "and".
func fromAgent(public ssh.PublicKey, socket string) (ssh.Signer, io.Closer, error) {
	if socket == "" {
		return nil, nil, fmt.Errorf("there is no ssh-agent: %s is not set", agentVariable)
	}
	conn, err := net.DialTimeout("unix", socket, agentWithin)
	if err != nil {
		return nil, nil, fmt.Errorf("the ssh-agent does not answer: %w", err)
	}
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("the ssh-agent does not tell its keys: %w", err), conn.Close())
	}
	for _, signer := range signers {
		if bytes.Equal(signer.PublicKey().Marshal(), public.Marshal()) {
			return signer, conn, nil
		}
	}
	fault := fmt.Errorf("the ssh-agent lacks the key %s; ssh-add takes it in", ssh.FingerprintSHA256(public))
	return nil, nil, errors.Join(fault, conn.Close())
}
