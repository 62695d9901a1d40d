package sshsig

import (
	"crypto/ed25519"
	"errors"
	"testing"
)

// benchmarkVerify measures the check of one signature.
func benchmarkVerify(b *testing.B, s *Signers, armored string, want error) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Verify([]byte(message), armored, purpose, noon); !errors.Is(err, want) {
			b.Fatalf("got %v, want %v", err, want)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	for kind, signer := range allSigners(b) {
		b.Run(kind, func(b *testing.B) {
			benchmarkVerify(b, mustParse(b, lineOf(signer, "alice")), mustSign(b, signer), nil)
		})
	}
}

// BenchmarkRefuse measures what garbage costs: of an unknown key, and of the
// greatest length that is looked at.
func BenchmarkRefuse(b *testing.B) {
	known := mustParse(b, lineOf(newEd25519(b), "alice"))
	b.Run("unknown", func(b *testing.B) { benchmarkVerify(b, known, mustSign(b, newEd25519(b)), ErrUnknownKey) })
	b.Run("longest", func(b *testing.B) { benchmarkVerify(b, known, armor(make([]byte, 6000)), ErrSignature) })
}

// BenchmarkFloor measures Ed25519 alone, on what is signed.
func BenchmarkFloor(b *testing.B) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		b.Fatal(err)
	}
	data := (&envelope{Namespace: purpose, Hash: hashSHA512}).signed([]byte(message))
	sig := ed25519.Sign(private, data)
	for b.Loop() {
		if !ed25519.Verify(public, data, sig) {
			b.Fatal("got a bad signature")
		}
	}
}
