package process

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A line of its own stands in the place of bytes that are left out.
const (
	// markStart and markEnd stand around their number.
	markStart = "[… "
	markEnd   = " bytes left out …]\n"
	// maxMark is the most bytes of such a line, with a line feed before it.
	maxMark = 1 + len(markStart) + 20 + len(markEnd)
)

// Shorten cuts valid UTF-8 in its middle to at most limit bytes, and puts a
// line in there that tells how much is left out; what an earlier line told is
// counted. Where there is no room for that line, nothing is left.
func Shorten(text string, limit int) string {
	room := limit - maxMark
	switch {
	case len(text) <= limit:
		return text
	case room < 0:
		return ""
	}
	head, tail := front(text, room/2), back(text, room-room/2)
	middle := text[len(head) : len(text)-len(tail)]
	return head + mark(head, int64(len(middle))+marked(middle)) + tail
}

// around puts together the head and the tail of a text that has lost bytes
// between them, half of limit from each.
func around(head, tail string, limit int, lost int64) string {
	lost += int64(len(head) + len(tail))
	head, tail = front(head, limit/2), back(tail, limit-limit/2)
	lost -= int64(len(head) + len(tail))
	return head + mark(head, lost) + tail
}

// mark returns the line that stands after head for what is left out.
func mark(head string, lost int64) string {
	line := fmt.Sprint(markStart, lost, markEnd)
	if head == "" || strings.HasSuffix(head, "\n") {
		return line
	}
	return "\n" + line
}

// marked returns how many bytes a line in text tells of, beyond its own
// length; 0 without one.
func marked(text string) int64 {
	_, rest, _ := strings.Cut(text, markStart)
	number, _, ok := strings.Cut(rest, markEnd)
	n, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || n < 0 {
		return 0
	}
	return n - int64(len(markStart)+len(number)+len(markEnd))
}

// front returns the first characters of text that fit into limit bytes.
func front(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// back returns the last characters of text that fit into limit bytes.
func back(text string, limit int) string {
	at := len(text) - limit
	for at > 0 && at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	return text[max(at, 0):]
}
