package sshsig

import (
	"crypto/rand"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// Sign returns the armored signature of a message in a namespace, which keeps
// a signature for one purpose from being used for another. The message is
// hashed by SHA-512; RSA keys sign by rsa-sha2-512. It waits for as long as the
// signer does, which may be until a token is touched.
func Sign(signer ssh.Signer, namespace string, message []byte) (armored string, err error) {
	if namespace == "" {
		return "", errors.New("signing: the namespace is empty")
	}
	// An agent hands out keys that it has not parsed.
	key, err := ssh.ParsePublicKey(signer.PublicKey().Marshal())
	if err == nil {
		err = checkKey(key)
	}
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	e := &envelope{
		Magic: [len(magic)]byte([]byte(magic)), Version: version,
		PublicKey: key.Marshal(), Namespace: namespace, Hash: hashSHA512,
	}
	sig, err := signData(signer, key, e.signed(message))
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	e.Signature = ssh.Marshal(sig)
	text := armor(ssh.Marshal(e))
	if len(text) > maxArmor {
		return "", fmt.Errorf("signing: the signature would have %d bytes; at most %d are good", len(text), maxArmor)
	}
	return text, nil
}

// signData returns the signature of data by the algorithm that is right for
// the key. Some agents take no notice of which one they are asked for.
func signData(signer ssh.Signer, key ssh.PublicKey, data []byte) (sig *ssh.Signature, err error) {
	if key.Type() != ssh.KeyAlgoRSA {
		sig, err = signer.Sign(rand.Reader, data)
	} else if able, ok := signer.(ssh.AlgorithmSigner); ok {
		sig, err = able.SignWithAlgorithm(rand.Reader, data, ssh.KeyAlgoRSASHA512)
	} else {
		err = errors.New("the RSA key can't sign by rsa-sha2-512")
	}
	if err != nil {
		return nil, err
	}
	if err := checkInner(key, sig); err != nil {
		return nil, fmt.Errorf("the signature is of no use: %w", err)
	}
	return sig, nil
}
