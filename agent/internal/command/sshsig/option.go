package sshsig

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// setOption takes in an option of a line, as it is written. Its name may be in
// upper case.
func (l *line) setOption(text string) error {
	name, value, _ := strings.Cut(text, "=")
	name = strings.ToLower(name)
	switch name {
	case "cert-authority":
		return errors.New("cert-authority: certificates are not supported; list the keys themselves")
	case "namespaces", "valid-after", "valid-before":
	default:
		return fmt.Errorf("there is no option %+q; there are namespaces, valid-after and valid-before", name)
	}
	value, err := unquote(value)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	switch name {
	case "namespaces":
		err = l.setNamespaces(value)
	case "valid-after":
		err = setMoment(&l.after, value)
	case "valid-before":
		err = setMoment(&l.before, value)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// errTwice is returned for an option that a line has had before.
var errTwice = errors.New("stands twice")

// unquote returns what is in quotes. No value has a use for another quote, or
// for the backslash that would have to stand before it.
func unquote(text string) (string, error) {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return "", errors.New(`needs a value in quotes, such as name="value"`)
	}
	text = text[1 : len(text)-1]
	if strings.ContainsAny(text, `"\\`) {
		return "", errors.New("has a quote or a backslash in its value")
	}
	return text, nil
}

// setNamespaces takes in the namespaces that the key may sign for.
func (l *line) setNamespaces(list string) error {
	if l.namespaces != nil {
		return errTwice
	}
	l.namespaces = strings.Split(list, ",")
	for _, pattern := range l.namespaces {
		if strings.TrimPrefix(pattern, "!") == "" {
			return errors.New("has an empty name")
		}
	}
	return nil
}

// setMoment takes in when the key's time starts or ends: YYYYMMDD, and HHMM or
// HHMMSS if wanted, in local time, or in UTC if Z follows.
func setMoment(into *time.Time, text string) error {
	if !into.IsZero() {
		return errTwice
	}
	zone := time.Local
	digits, utc := strings.CutSuffix(strings.ToUpper(text), "Z")
	if utc {
		zone = time.UTC
	}
	const layout = "20060102150405"
	good := len(digits) == 8 || len(digits) == 12 || len(digits) == len(layout)
	if good && strings.Trim(digits, "0123456789") == "" {
		moment, err := time.ParseInLocation(layout[:len(digits)], digits, zone)
		if err == nil && !moment.IsZero() {
			*into = moment
			return nil
		}
	}
	return fmt.Errorf("%+q is no time; write YYYYMMDD or YYYYMMDDHHMM or YYYYMMDDHHMMSS, with a Z for UTC", text)
}

// allows tells whether the line is good for a namespace: it must match one of
// the line's patterns, and none of those that have a ! before them, wherever
// they stand (PATTERNS of ssh_config(5)).
func (l *line) allows(namespace string) bool {
	good := l.namespaces == nil
	for _, pattern := range l.namespaces {
		pattern, not := strings.CutPrefix(pattern, "!")
		if matches(pattern, namespace) {
			if not {
				return false
			}
			good = true
		}
	}
	return good
}

// matches tells whether text has a pattern, in which * stands for any bytes
// and ? for one. Its time grows with the product of their lengths, at worst.
func matches(pattern, text string) bool {
	p, t := 0, 0
	star, from := -1, 0 // the last star, and where in text the part after it was tried
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p, t = p+1, t+1
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
