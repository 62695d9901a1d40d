package sshsig

import (
	"encoding/base64"
	"errors"
	"strings"
)

// The lines around a signature, and what stands between them.
const (
	armorHead = "-----BEGIN SSH SIGNATURE-----\n"
	armorFoot = "-----END SSH SIGNATURE-----\n"
	lineWidth = 70
)

// maxArmor bounds a signature, in bytes. The longest that can be good, of an
// RSA key of 16384 bits, has less than 6000.
const maxArmor = 8 << 10

// Faults of an armor.
var (
	errTooLong = errors.New("it is too long")
	errArmor   = errors.New("it is not as ssh-keygen prints it")
	errNewline = errors.New("it lacks the newline that ssh-keygen prints at its end")
)

// armor returns a blob as ssh-keygen prints it.
func armor(blob []byte) string {
	text := base64.StdEncoding.EncodeToString(blob)
	var b strings.Builder
	b.Grow(len(armorHead) + len(text) + len(text)/lineWidth + 1 + len(armorFoot))
	b.WriteString(armorHead)
	for len(text) > 0 {
		n := min(lineWidth, len(text))
		b.WriteString(text[:n])
		b.WriteByte('\n')
		text = text[n:]
	}
	b.WriteString(armorFoot)
	return b.String()
}

// unarmor returns the blob that armor makes the text of. No other text is
// good: not even one without the last newline, which a shell takes off where it
// puts the output of ssh-keygen into a variable.
func unarmor(text string) ([]byte, error) {
	if len(text) > maxArmor {
		return nil, errTooLong
	}
	if strings.HasSuffix(text, strings.TrimSuffix(armorFoot, "\n")) {
		return nil, errNewline
	}
	body, headed := strings.CutPrefix(text, armorHead)
	body, footed := strings.CutSuffix(body, armorFoot)
	if !headed || !footed {
		return nil, errArmor
	}
	blob, err := base64.StdEncoding.DecodeString(body) // which skips newlines
	if err != nil || armor(blob) != text {
		return nil, errArmor
	}
	return blob, nil
}
