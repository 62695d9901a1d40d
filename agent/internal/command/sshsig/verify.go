package sshsig

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Errors that [Signers.Verify] returns, wrapped with what is the matter.
var (
	// ErrSignature is returned for what is no signature, or not one of the
	// message by its key.
	ErrSignature = errors.New("the signature is not good")
	// ErrNamespace is returned for a signature for another purpose, and for a
	// key that may not sign for this one.
	ErrNamespace = errors.New("the signature is not for this purpose")
	// ErrUnknownKey is returned for a key that is not in the file.
	ErrUnknownKey = errors.New("the key is none of an allowed signer")
	// ErrValidity is returned for a key that is not valid yet, or no longer.
	ErrValidity = errors.New("the key is not valid now")
)

// Signer is who signed a message.
type Signer struct {
	// Principal is the first name on the line of the key, and the same for all
	// lines of that key.
	Principal string
	// Principals are all names on the line.
	Principals []string
	// Fingerprint tells the key, such as SHA256:bRUW...; ssh-keygen -l has it.
	Fingerprint string
}

// Verify returns who signed a message in a namespace, by the first line of
// the file that has the key, the namespace and the moment. The armored
// signature must be as ssh-keygen prints it. What costs little is checked
// first, and no arithmetic is done for a key that is not in the file. It is
// safe for concurrent use.
//
// That a message has one signature is not promised: for the same message, the
// signer can make many, and anybody can turn one by ECDSA into another.
func (s *Signers) Verify(message []byte, armored, namespace string, now time.Time) (Signer, error) {
	blob, err := unarmor(armored)
	if err != nil {
		return Signer{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	e, err := parseEnvelope(blob)
	switch {
	case err != nil:
		return Signer{}, fmt.Errorf("%w: %w", ErrSignature, err)
	case e.Namespace != namespace:
		return Signer{}, fmt.Errorf("%w: its namespace is not %q", ErrNamespace, namespace)
	}
	lines, known := s.byKey[string(e.PublicKey)]
	if !known {
		return Signer{}, fmt.Errorf("%w: %s", ErrUnknownKey, fingerprint(e.PublicKey))
	}
	l, err := choose(lines, namespace, now)
	if err != nil {
		return Signer{}, err
	}
	sig, err := parseInner(l.key, e.Signature)
	if err == nil {
		err = l.key.Verify(e.signed(message), sig)
	}
	if err != nil {
		return Signer{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return Signer{l.principals[0], slices.Clone(l.principals), fingerprint(e.PublicKey)}, nil
}

// choose returns the first of a key's lines that is good for a namespace at
// a moment, or what is wrong with the one that comes closest.
func choose(lines []*line, namespace string, now time.Time) (*line, error) {
	fault := fmt.Errorf("%w: %s may not sign for %q", ErrNamespace, lines[0].principals[0], namespace)
	for _, l := range lines {
		if !l.allows(namespace) {
			continue
		}
		switch {
		case !l.after.IsZero() && now.Before(l.after):
			fault = fmt.Errorf("%w: that of %s is from %s on", ErrValidity, l.principals[0], l.after.UTC().Format(time.RFC3339))
		case !l.before.IsZero() && !now.Before(l.before):
			fault = fmt.Errorf("%w: that of %s was until %s", ErrValidity, l.principals[0], l.before.UTC().Format(time.RFC3339))
		default:
			return l, nil
		}
	}
	return nil, fault
}

// fingerprint returns what ssh-keygen -l tells a key by.
func fingerprint(key []byte) string {
	sum := sha256.Sum256(key)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}
