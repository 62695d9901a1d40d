package collect

import (
	"bytes"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// userHZ is the unit of the times in /proc/<pid>/stat, in ticks a second. The
// kernel exports 100 to programs on every architecture that Go runs on,
// whatever CONFIG_HZ is (include/uapi/asm-generic/param.h).
const userHZ = 100

// errProcStat is returned for bytes that aren't a line of /proc/<pid>/stat.
var errProcStat = errors.New("not a line of /proc/<pid>/stat")

// procStat is what the agent uses of /proc/<pid>/stat.
type procStat struct {
	comm     []byte // as the kernel wrote it: any byte but NUL; aliases the line
	state    byte   // R, S, D, Z, T, I and so on
	ticks    uint64 // user and system time of all threads, in 1/userHZ s
	threads  int
	started  uint64 // after boot, in 1/userHZ s
	resident uint64 // pages
}

// The fields of /proc/<pid>/stat that are read, by their number in proc(5).
const (
	fieldState    = 3
	fieldUser     = 14
	fieldSystem   = 15
	fieldThreads  = 20
	fieldStarted  = 22
	fieldResident = 24
)

// parseProcStat reads one line of /proc/<pid>/stat
// (Documentation/filesystems/proc.rst, table 1-4) without allocating. The
// name stands in parentheses and may itself hold parentheses, spaces and line
// feeds, so that it ends at the last ')'. The line may be cut anywhere behind
// the resident set's field.
func parseProcStat(line []byte) (procStat, error) {
	var s procStat
	from, to := bytes.IndexByte(line, '('), bytes.LastIndexByte(line, ')')
	if from < 0 || to < from || len(line) < to+3 || line[to+1] != ' ' {
		return s, errProcStat
	}
	s.comm, s.state = line[from+1:to], line[to+2]
	if s.state < 'A' || s.state > 'z' {
		return s, errProcStat
	}
	rest := line[to+3:]
	for field := fieldState + 1; field <= fieldResident; field++ {
		value, after, ok := cutNumber(rest)
		if !ok {
			return s, errProcStat
		}
		rest = after
		switch field {
		case fieldUser, fieldSystem:
			s.ticks += value
		case fieldThreads:
			s.threads = int(min(value, 1<<22)) // no kernel has more, PID_MAX_LIMIT
		case fieldStarted:
			s.started = value
		case fieldResident:
			s.resident = value
		}
	}
	return s, nil
}

// cutNumber reads " 123" or " -1" off the front of line. A negative number
// reads as 0: the fields that are used are never negative, and the kernel has
// shown a negative resident set where its per-CPU counters lagged. It is not
// ok when no whole number is there: what follows one must not be cut away.
func cutNumber(line []byte) (value uint64, rest []byte, ok bool) {
	i := 1
	if len(line) < 3 || line[0] != ' ' {
		return 0, nil, false
	}
	negative := line[i] == '-'
	if negative {
		i++
	}
	first := i
	for ; i < len(line) && '0' <= line[i] && line[i] <= '9'; i++ {
		value = value*10 + uint64(line[i]-'0')
	}
	if i == first || i-first > 20 || i == len(line) || line[i] != ' ' && line[i] != '\n' {
		return 0, nil, false
	}
	if negative {
		value = 0
	}
	return value, line[i:], true
}

// cleanText makes foreign bytes fit to publish: valid UTF-8, of at most limit
// bytes, in which each control or format character (line feeds, terminal
// escapes, marks that turn the direction of text) became U+FFFD.
func cleanText(text []byte, limit int) string {
	if len(text) > limit {
		text = text[:limit]
		// Rather drop a character than show the half of it as damage.
		for i := 1; i <= min(3, len(text)); i++ {
			if tail := text[len(text)-i:]; utf8.RuneStart(tail[0]) {
				if !utf8.FullRune(tail) {
					text = text[:len(text)-i]
				}
				break
			}
		}
	}
	plain := true
	for _, c := range text {
		plain = plain && ' ' <= c && c <= '~'
	}
	if plain {
		return string(text)
	}
	var b strings.Builder
	for _, r := range string(text) {
		if r < ' ' || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			r = utf8.RuneError
		}
		if b.Len()+utf8.RuneLen(r) > limit {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}
