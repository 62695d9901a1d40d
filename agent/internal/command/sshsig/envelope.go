package sshsig

import (
	"crypto/sha256"
	"crypto/sha512"
	"errors"

	"golang.org/x/crypto/ssh"
)

// What each signature, and all that is signed, starts with.
const (
	magic   = "SSHSIG"
	version = 1
)

// The hashes that a message may be signed by.
const (
	hashSHA256 = "sha256"
	hashSHA512 = "sha512"
)

// Faults of an envelope.
var (
	errEnvelope = errors.New("it is not as PROTOCOL.sshsig has it")
	errVersion  = errors.New("it has another version than 1")
	errReserved = errors.New("its reserved field is not empty")
	errHash     = errors.New("its hash is neither sha256 nor sha512")
	errUnnamed  = errors.New("it has no namespace")
)

// envelope is a signature with all that is needed to check it, in the order
// of PROTOCOL.sshsig, section 2.
type envelope struct {
	Magic     [len(magic)]byte
	Version   uint32
	PublicKey []byte
	Namespace string
	Reserved  string
	Hash      string
	Signature []byte
}

// parseEnvelope returns the envelope in a blob, which has nothing else. Its
// public key and signature are not parsed.
func parseEnvelope(blob []byte) (*envelope, error) {
	e := new(envelope)
	if err := ssh.Unmarshal(blob, e); err != nil || string(e.Magic[:]) != magic {
		return nil, errEnvelope
	}
	switch {
	case e.Version != version:
		return nil, errVersion
	case e.Reserved != "":
		return nil, errReserved
	case e.Hash != hashSHA256 && e.Hash != hashSHA512:
		return nil, errHash
	case e.Namespace == "":
		return nil, errUnnamed
	}
	return e, nil
}

// signed returns what a key signs to sign message (PROTOCOL.sshsig, section 3).
func (e *envelope) signed(message []byte) []byte {
	var sum []byte
	if e.Hash == hashSHA256 {
		s := sha256.Sum256(message)
		sum = s[:]
	} else {
		s := sha512.Sum512(message)
		sum = s[:]
	}
	return ssh.Marshal(struct {
		Magic     [len(magic)]byte
		Namespace string
		Reserved  string
		Hash      string
		Sum       []byte
	}{[len(magic)]byte([]byte(magic)), e.Namespace, e.Reserved, e.Hash, sum})
}
