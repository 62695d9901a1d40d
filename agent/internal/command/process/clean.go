package process

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean turns what a program wrote into text that does nothing to a terminal
// or a page: valid UTF-8 without escape sequences (ECMA-48), with line feeds
// where lines end or are begun anew. Runs of control characters, of those that
// turn the direction of text around, and of bytes that are no text become one
// U+FFFD each. It is at most twice as long as data.
func clean(data []byte) string {
	var b strings.Builder
	b.Grow(len(data))
	replaced := false // the last thing that was written is a U+FFFD of ours
	for len(data) > 0 {
		n, text := next(data)
		switch {
		case len(text) > 0:
			b.Write(text)
			replaced = false
		case text != nil && !replaced:
			b.WriteRune(utf8.RuneError)
			replaced = true
		}
		data = data[n:]
	}
	return b.String()
}

// next returns how many bytes of data make up the next piece, and the text
// that stands for it: nil is none, and empty one that must be replaced.
func next(data []byte) (n int, text []byte) {
	if n = plain(data); n > 0 {
		return n, data[:n]
	}
	switch data[0] {
	case '\r':
		n = span(data, '\r', '\r')
		if n < len(data) && data[n] == '\n' {
			return n, nil
		}
		return n, []byte{'\n'}
	case 0x1b:
		if n = escape(data); n > 0 {
			return n, nil
		}
	}
	r, size := utf8.DecodeRune(data)
	if r == utf8.RuneError && size == 1 || unicode.IsControl(r) || turns(r) {
		return size, []byte{}
	}
	return size, data[:size]
}

// plain returns how many bytes data starts with that are text as they are.
func plain(data []byte) int {
	n := 0
	for n < len(data) && (data[n] >= ' ' && data[n] < 0x7f || data[n] == '\n' || data[n] == '\t') {
		n++
	}
	return n
}

// turns tells whether a character sets the direction of the text around it
// (Unicode, UAX #9, sections 2.1 to 2.5).
func turns(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// escape returns the length of the escape sequence that data starts with, of
// what there is of it at the end of data; 0 where no sequence follows.
func escape(data []byte) int {
	if len(data) == 1 {
		return 1
	}
	switch c := data[1]; {
	case c == '[':
		n := 2 + span(data[2:], 0x30, 0x3f)
		return n + final(data[n:], 0x40)
	case strings.IndexByte("]PX^_", c) >= 0:
		return 2 + controlString(data[2:])
	case c >= 0x20 && c <= 0x7e:
		return 1 + final(data[1:], 0x30)
	}
	return 0
}

// span returns how many bytes data starts with that are from low to high.
func span(data []byte, low, high byte) int {
	n := 0
	for n < len(data) && data[n] >= low && data[n] <= high {
		n++
	}
	return n
}

// final returns the length of a sequence's intermediate bytes and of its final
// byte, which is low at least.
func final(data []byte, low byte) int {
	n := span(data, 0x20, 0x2f)
	if n < len(data) && data[n] >= low && data[n] <= 0x7e {
		n++
	}
	return n
}

// controlString returns the length of the text that a sequence such as OSC
// opened, with what ends it; 0 where it has no end, which leaves it as text.
func controlString(data []byte) int {
	for i, c := range data {
		switch {
		case c == 0x07:
			return i + 1
		case c == 0x1b && bytes.HasPrefix(data[i:], []byte("\x1b\\")):
			return i + 2
		case c < ' ':
			return 0
		}
	}
	return 0
}

// wholeEnd cuts off a character that the end of data has only a part of.
func wholeEnd(data []byte) []byte {
	for i := len(data) - 1; i >= 0 && i >= len(data)-utf8.UTFMax; i-- {
		if utf8.RuneStart(data[i]) {
			if !utf8.FullRune(data[i:]) {
				return data[:i]
			}
			break
		}
	}
	return data
}

// wholeStart cuts off a character that the start of data has only a part of.
func wholeStart(data []byte) []byte {
	for i := 0; i < len(data) && i < utf8.UTFMax; i++ {
		if utf8.RuneStart(data[i]) {
			return data[i:]
		}
	}
	return data
}
