package sshsig

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/ssh"
)

// The bounds of an allowed_signers file.
const (
	maxFile      = 1 << 20 // bytes
	maxLines     = 10_000
	maxPrincipal = 256 // bytes of one name
)

// blanks are what stands between the fields of a line.
const blanks = " \t"

// LineError is a fault of a file, at one of its lines.
type LineError struct {
	// File is the file's name.
	File string
	// Line counts from 1; it is 0 for a fault of the whole file.
	Line int
	// Problem says what is wrong.
	Problem string
}

// Error returns "file:line: problem", without the line if that is not known.
func (e *LineError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Problem
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
}

// Signers are the keys of an allowed_signers file, and whose they are. The
// zero value has none. It never changes.
type Signers struct {
	byKey map[string][]*line // by the key as it stands in a signature
}

// line is a line of the file.
type line struct {
	number     int
	principals []string // at least one
	key        ssh.PublicKey
	namespaces []string // patterns; nil for all namespaces
	after      time.Time
	before     time.Time // zero, like after, if the line does not tell
}

// ParseSigners reads an allowed_signers file (ssh-keygen(1)); name is told in
// errors, which are all of the type [*LineError]. A line with anything that is
// not understood is an error, and never left out.
//
// A key may have several lines, to be good for some namespaces at some times
// and for others at others. They must start with the same principal: the name
// in an audit record must not depend on which of them came first.
func ParseSigners(name string, data []byte) (*Signers, error) {
	if len(data) > maxFile {
		return nil, &LineError{File: name, Problem: fmt.Sprintf("the file has %d bytes; at most %d are read", len(data), maxFile)}
	}
	s := &Signers{byKey: make(map[string][]*line)}
	number := 0
	for text := range bytes.Lines(data) {
		if number++; number > maxLines {
			return nil, &LineError{name, number, fmt.Sprintf("the file has more than %d lines", maxLines)}
		}
		l, err := parseLine(strings.TrimRight(string(text), "\r\n"))
		if err == nil && l != nil {
			l.number = number
			err = s.add(l)
		}
		if err != nil {
			return nil, &LineError{name, number, err.Error()}
		}
	}
	return s, nil
}

// add takes a line in.
func (s *Signers) add(l *line) error {
	key := string(l.key.Marshal())
	if lines := s.byKey[key]; len(lines) > 0 && lines[0].principals[0] != l.principals[0] {
		return fmt.Errorf("the key is that of %s, by line %d; a key has one first principal", lines[0].principals[0], lines[0].number)
	}
	s.byKey[key] = append(s.byKey[key], l)
	return nil
}

// parseLine reads one line: principals, options if there are any, the type of
// the key, the key and a comment. It returns nil for a line that is empty or a
// comment.
func parseLine(text string) (*line, error) {
	text = strings.Trim(text, blanks)
	if text == "" || text[0] == '#' {
		return nil, nil
	}
	names, rest, err := cutPrincipals(text)
	if err != nil {
		return nil, err
	}
	l := new(line)
	if l.principals, err = parsePrincipals(names); err != nil {
		return nil, err
	}
	key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(rest))
	if err != nil {
		return nil, errors.New("no key was found that can be read after the principals and options, such as ssh-ed25519 AAAA")
	}
	for _, option := range options {
		if err := l.setOption(option); err != nil {
			return nil, err
		}
	}
	if !l.after.IsZero() && !l.before.IsZero() && !l.after.Before(l.before) {
		return nil, errors.New("valid-before: is not later than valid-after")
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	l.key = key
	return l, nil
}

// cutPrincipals divides a line after its first field, which may be quoted.
func cutPrincipals(text string) (names, rest string, err error) {
	if quoted, is := strings.CutPrefix(text, `"`); is {
		names, rest, is = strings.Cut(quoted, `"`)
		if !is || rest == "" || !strings.Contains(blanks, rest[:1]) {
			return "", "", errors.New("the principals have an opening quote, but no closing one with a blank after it")
		}
		return names, rest, nil
	}
	end := strings.IndexAny(text, blanks)
	if end < 0 {
		return "", "", errors.New("there is nothing after the principals; a key must follow")
	}
	if strings.Contains(text[:end], `"`) {
		return "", "", errors.New("the principals have a quote within; quote all of them or none")
	}
	return text[:end], text[end:], nil
}

// parsePrincipals returns the names in a list with commas. Patterns are
// refused, since an audit record needs a name.
func parsePrincipals(list string) ([]string, error) {
	names := strings.Split(list, ",")
	for _, name := range names {
		switch {
		case name == "":
			return nil, errors.New("a principal is empty")
		case len(name) > maxPrincipal:
			return nil, fmt.Errorf("a principal has %d bytes; at most %d are good", len(name), maxPrincipal)
		case !utf8.ValidString(name) || strings.ContainsFunc(name, unprintable):
			return nil, fmt.Errorf("the principal %+q has characters that can't be printed", name)
		case strings.ContainsAny(name, "*?!"):
			return nil, fmt.Errorf("the principal %q is a pattern; only names are good here, as they are told in the audit log", name)
		}
	}
	return names, nil
}

// unprintable tells whether a character would be unseen, or do harm, in a log.
func unprintable(r rune) bool {
	return !unicode.IsPrint(r)
}
