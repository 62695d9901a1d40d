package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"systant/agent/internal/command/sshsig"
	"systant/pkg/schema"
)

// maxSigners bounds the allowed_signers file, in bytes.
const maxSigners = 1 << 20

// errNoSigners is returned for a signed request on a host that knows no keys.
var errNoSigners = errors.New("this host has no allowed_signers file")

// signers checks signatures against a file of keys. The file is read again
// when it changes, so that a key can be revoked at once; while it can't be
// read, nobody's signature is good. It is safe for concurrent use.
type signers struct {
	path string // empty: there is no file

	mu    sync.Mutex // guards the fields below
	known *sshsig.Signers
	stamp stamp
}

// stamp tells whether a file is still the one that was read.
type stamp struct {
	inode          uint64
	size           int64
	changed, moved syscall.Timespec
}

// newSigners reads the file, if path names one.
func newSigners(path string) (*signers, error) {
	s := &signers{path: path}
	if path == "" {
		return s, nil
	}
	_, err := s.load()
	return s, err
}

// CheckSigners tells what is wrong with an allowed_signers file.
func CheckSigners(path string) error {
	_, err := newSigners(path)
	return err
}

// load returns the signers of the file as it is now.
func (s *signers) load() (*sshsig.Signers, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := Trusted(s.path); err != nil {
		return nil, fmt.Errorf("reading the allowed signers: %w", err)
	}
	file, err := os.Open(s.path)
	if err != nil {
		return nil, fmt.Errorf("reading the allowed signers: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading the allowed signers: %w", err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	now := stamp{stat.Ino, stat.Size, stat.Mtim, stat.Ctim}
	if s.known != nil && now == s.stamp {
		return s.known, nil
	}
	data, err := io.ReadAll(io.LimitReader(file, maxSigners+1))
	if err != nil {
		return nil, fmt.Errorf("reading the allowed signers: %w", err)
	}
	known, err := sshsig.ParseSigners(s.path, data)
	if err != nil {
		return nil, err
	}
	s.known, s.stamp = known, now
	return known, nil
}

// verify returns who signed a request.
func (s *signers) verify(signed []byte, signature string, now time.Time) (sshsig.Signer, error) {
	if s.path == "" {
		return sshsig.Signer{}, errNoSigners
	}
	known, err := s.load()
	if err != nil {
		return sshsig.Signer{}, errors.New("the host can't read its allowed signers at present")
	}
	return known.Verify(signed, signature, schema.SignatureNamespace, now)
}
