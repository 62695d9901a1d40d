package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"systant/pkg/schema"
)

// The bounds of a request.
const (
	maxRequest  = 8 << 10 // bytes of a message, the signature included
	maxParams   = 16
	maxValue    = 128 // bytes of a parameter
	maxID       = 64
	maxSource   = 128
	maxTrigger  = 63
	shownLength = 64 // bytes of a refused value that an error repeats
)

// parsed is a message that has the right form.
type parsed struct {
	schema.Request
	signed    []byte // the bytes that the signature is of; nil for an unsigned request
	signature string
}

// parse reads the payload of a message: a request, or a signed one, whose
// inner request is left alone until its signature has been checked.
func parse(payload []byte) (parsed, error) {
	if len(payload) > maxRequest {
		return parsed{}, fmt.Errorf("the request has %d bytes; at most %d are read", len(payload), maxRequest)
	}
	if !isEnvelope(payload) {
		r, err := parseRequest(payload)
		return parsed{Request: r}, err
	}
	var p parsed
	var inner string
	err := object(payload, map[string]field{
		"signed": {into: text(&inner), required: true},
		"sig":    {into: text(&p.signature), required: true},
	})
	p.signed = []byte(inner)
	return p, err
}

// isEnvelope tells whether a payload is meant to be a signed request: an
// object that names one of its keys.
func isEnvelope(payload []byte) bool {
	var keys map[string]json.RawMessage
	if json.Unmarshal(payload, &keys) != nil {
		return false
	}
	_, signed := keys["signed"]
	_, sig := keys["sig"]
	return signed || sig
}

// parseRequest reads a request that is not signed, or the inside of one.
func parseRequest(data []byte) (schema.Request, error) {
	var r schema.Request
	err := object(data, map[string]field{
		"command":    {into: text(&r.Command), required: true},
		"params":     {into: params(&r.Params)},
		"request_id": {into: id(&r.RequestID)},
		"expires_at": {into: moment(&r.ExpiresAt)},
		"source":     {into: text(&r.Source)},
		"host":       {into: text(&r.Host)},
		"issued_at":  {into: moment(&r.IssuedAt)},
	})
	if err == nil {
		err = checkRequest(&r)
	}
	return r, err
}

// checkRequest checks what the fields of a request may hold.
func checkRequest(r *schema.Request) error {
	switch {
	case !isTrigger(r.Command):
		return fmt.Errorf("command: %s is no command's name", shown(r.Command))
	case len(r.Source) > maxSource || !isPrintable(r.Source):
		return fmt.Errorf("source: %s is not printable text of at most %d bytes", shown(r.Source), maxSource)
	}
	return nil
}

// field is what a key of an object may be.
type field struct {
	into     func(*json.Decoder) error // reads the value
	required bool
}

// object reads a JSON object whose keys are exactly those of fields. Unlike
// encoding/json it refuses repeated keys, keys in another case, text that is
// no Unicode, NUL, null and anything after the object: a check that another
// program has made on the same bytes must hold here too.
func object(data []byte, fields map[string]field) error {
	switch {
	case !utf8.Valid(data):
		return errors.New("the request is no valid UTF-8")
	case !json.Valid(data):
		return errors.New("the request is not one JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.New("the request is not one JSON object")
	}
	seen := make(map[string]bool)
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return fmt.Errorf("reading the request: %w", err)
		}
		key, _ := token.(string)
		f, known := fields[key]
		switch {
		case !known:
			return fmt.Errorf("%s: there is no such key", shown(key))
		case seen[key]:
			return fmt.Errorf("%s: the key stands there twice", key)
		}
		seen[key] = true
		if err := f.into(d); err != nil {
			return fmt.Errorf("%s%w", key, err)
		}
	}
	for key, f := range fields {
		if f.required && !seen[key] {
			return fmt.Errorf("%s: is missing", key)
		}
	}
	return nil
}

// text reads a string.
func text(into *string) func(*json.Decoder) error {
	return func(d *json.Decoder) error {
		token, err := d.Token()
		if err != nil {
			return fmt.Errorf(": %w", err)
		}
		s, ok := token.(string)
		if !ok {
			return errors.New(": must be a string")
		}
		*into = s
		return checkText(s)
	}
}

// id reads the id of a request.
func id(into *string) func(*json.Decoder) error {
	return func(d *json.Decoder) error {
		if err := text(into)(d); err != nil {
			return err
		}
		if !isID(*into) {
			return fmt.Errorf(": %s is not 1 to %d letters, digits and . _ : -", shown(*into), maxID)
		}
		return nil
	}
}

// checkText refuses what encoding/json lets through: NUL, and the character
// that it puts where half of a surrogate pair stood.
func checkText(s string) error {
	if strings.ContainsAny(s, "\x00\uFFFD") {
		return errors.New(": holds a character that is not allowed")
	}
	return nil
}

// moment reads a time (RFC 3339).
func moment(into **time.Time) func(*json.Decoder) error {
	return func(d *json.Decoder) error {
		var s string
		if err := text(&s)(d); err != nil {
			return err
		}
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return fmt.Errorf(": %s is no time such as 2026-01-31T12:00:00Z", shown(s))
		}
		*into = &t
		return nil
	}
}

// params reads a list of strings and whole numbers.
func params(into *[]string) func(*json.Decoder) error {
	return func(d *json.Decoder) error {
		if open, err := d.Token(); err != nil || open != json.Delim('[') {
			return errors.New(": must be a list")
		}
		for d.More() {
			token, err := d.Token()
			if err != nil {
				return fmt.Errorf(": %w", err)
			}
			var value string
			switch v := token.(type) {
			case string:
				value = v
			case json.Number:
				value = v.String()
			}
			if _, number := token.(json.Number); number && strings.ContainsAny(value, ".eE") || value == "" && token != "" {
				return fmt.Errorf("[%d]: must be a string or a whole number", len(*into))
			}
			if err := checkText(value); err != nil {
				return fmt.Errorf("[%d]%w", len(*into), err)
			}
			if len(*into) == maxParams {
				return fmt.Errorf(": are more than %d", maxParams)
			}
			*into = append(*into, value)
		}
		_, err := d.Token() // the list's end
		return err
	}
}

// isTrigger tells whether a text can name a command: 1 to 63 of a-z, 0-9, '_'
// and '-', with a letter or digit first.
func isTrigger(s string) bool {
	return len(s) >= 1 && len(s) <= maxTrigger && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == "" &&
		s[0] != '_' && s[0] != '-'
}

// isID tells whether a text can be a request's id.
func isID(s string) bool {
	return len(s) >= 1 && len(s) <= maxID && strings.Trim(s, letters+"0123456789._:-") == ""
}

// letters are those of ASCII.
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// isPrintable tells whether a text has no control or format characters.
func isPrintable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// shown quotes a value that somebody sent, cut short and in ASCII.
func shown(s string) string {
	if len(s) <= shownLength {
		return fmt.Sprintf("%+q", s)
	}
	return fmt.Sprintf("%+q… (%d bytes)", s[:shownLength], len(s))
}
