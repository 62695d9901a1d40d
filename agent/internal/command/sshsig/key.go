package sshsig

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/ssh"
)

// minRSA is the fewest bits of an RSA key that is good enough.
const minRSA = 2048

// skRest is what follows the signature of a FIDO token, in bytes: its flags
// and its counter (PROTOCOL.u2f of OpenSSH).
const skRest = 5

// Faults of the signature within an envelope.
var (
	errInner     = errors.New("what the key signed can't be read")
	errAlgorithm = errors.New("its algorithm is not one of its key")
	errSpelling  = errors.New("its numbers are not spelled as they must be")
)

// checkKey returns an error for a key that is of no kind that may sign, or too
// weak. A key that comes from outside this package must be parsed first.
func checkKey(key ssh.PublicKey) error {
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256,
		ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
		return nil
	case ssh.KeyAlgoRSA:
		if bits := rsaKey(key).N.BitLen(); bits < minRSA {
			return fmt.Errorf("the RSA key has %d bits; at least %d are needed", bits, minRSA)
		}
		return nil
	}
	if _, is := key.(*ssh.Certificate); is {
		return errors.New("certificates can't sign here; use the key itself")
	}
	return fmt.Errorf("keys of the type %s can't sign here", key.Type())
}

// rsaKey returns the numbers of a parsed key of the type ssh-rsa.
func rsaKey(key ssh.PublicKey) *rsa.PublicKey {
	return key.(ssh.CryptoPublicKey).CryptoPublicKey().(*rsa.PublicKey)
}

// parseInner returns the signature of a key within an envelope. It has one
// spelling only: package ssh would also take numbers with leading zeros, and
// short ones of RSA, which it pads.
func parseInner(key ssh.PublicKey, data []byte) (*ssh.Signature, error) {
	sig := new(ssh.Signature)
	if err := ssh.Unmarshal(data, sig); err != nil {
		return nil, errInner
	}
	return sig, checkInner(key, sig)
}

// checkInner returns an error for a signature that can't be one of the key, or
// has another spelling than OpenSSH gives it.
func checkInner(key ssh.PublicKey, sig *ssh.Signature) error {
	rest := 0
	good := sig.Format == key.Type()
	switch key.Type() {
	case ssh.KeyAlgoRSA:
		good = sig.Format == ssh.KeyAlgoRSASHA256 || sig.Format == ssh.KeyAlgoRSASHA512
	case ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256:
		rest = skRest
	}
	switch {
	case !good:
		return errAlgorithm
	case len(sig.Rest) != rest:
		return errInner
	}
	switch key.Type() {
	case ssh.KeyAlgoRSA:
		if len(sig.Blob) != rsaKey(key).Size() {
			return errSpelling
		}
	case ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKECDSA256:
		var point struct{ R, S *big.Int }
		if err := ssh.Unmarshal(sig.Blob, &point); err != nil || !bytes.Equal(ssh.Marshal(point), sig.Blob) {
			return errSpelling
		}
	}
	return nil
}
