package collect

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// statTail is a stat line behind the name and the state, from a real host.
const statTail = " 1 4242 4242 0 -1 4194560 12345 67 8 9 1500 250 3 4 20 0 17 0 98765 223456789 4321 18446744073709551615 1 1 0 0 0 0 671173123 4096 1260 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n"

func TestParseProcStat(t *testing.T) {
	tests := []struct {
		name, line, comm string
		state            byte
	}{
		{"plain", "4242 (postgres) S" + statTail, "postgres", 'S'},
		{"spaces", "4242 (tmux: server) S" + statTail, "tmux: server", 'S'},
		{"parentheses", "4242 ((sd-pam)) S" + statTail, "(sd-pam)", 'S'},
		{"looks like the end", "4242 (a) R 1 2 3 4) D" + statTail, "a) R 1 2 3 4", 'D'},
		{"line feed", "4242 (a\nb) Z" + statTail, "a\nb", 'Z'},
		{"not UTF-8", "4242 (\xff\xfe) S" + statTail, "\xff\xfe", 'S'},
		{"empty name", "4242 () S" + statTail, "", 'S'},
		{"huge name", "4242 (" + strings.Repeat(")", 3000) + ") S" + statTail, strings.Repeat(")", 3000), 'S'},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseProcStat([]byte(test.line))
			if err != nil {
				t.Fatal(err)
			}
			if string(got.comm) != test.comm || got.state != test.state {
				t.Errorf("got name %q, state %c, want %q, %c", got.comm, got.state, test.comm, test.state)
			}
			if got.ticks != 1750 || got.threads != 17 || got.started != 98765 || got.resident != 4321 {
				t.Errorf("got %+v, want 1750 ticks, 17 threads, started 98765, 4321 pages", got)
			}
		})
	}
}

func TestParseProcStatRefuses(t *testing.T) {
	whole := "4242 (postgres) S" + statTail
	bad := map[string]string{
		"empty":          "",
		"no name":        "4242 postgres S" + statTail,
		"name unclosed":  "4242 (postgres S" + statTail,
		"closed first":   ")(",
		"no state":       "4242 (postgres)",
		"state a number": "4242 (postgres) 7" + statTail,
		"a word":         strings.Replace(whole, "4194560", "many", 1),
		"empty field":    strings.Replace(whole, " 4194560", "  ", 1),
		"too long":       strings.Replace(whole, "4194560", strings.Repeat("9", 21), 1),
		"cut at pages":   whole[:strings.Index(whole, "4321")+2],
		"only minus":     strings.Replace(whole, "4194560", "-", 1),
	}
	for name, line := range bad {
		if got, err := parseProcStat([]byte(line)); !errors.Is(err, errProcStat) {
			t.Errorf("%s: got %+v, error %v, want %v", name, got, err, errProcStat)
		}
	}
	if got, err := parseProcStat([]byte(strings.Replace(whole, " 4321 ", " -5 ", 1))); err != nil || got.resident != 0 {
		t.Errorf("negative resident set: got %d, error %v, want 0, nil", got.resident, err)
	}
	if _, err := parseProcStat([]byte(whole[:strings.Index(whole, "4321")+5])); err != nil {
		t.Errorf("line cut behind the pages: error %v, want nil", err)
	}
}

func TestParseProcStatAllocatesNothing(t *testing.T) {
	line := []byte("4242 (postgres) S" + statTail)
	if got := testing.AllocsPerRun(100, func() { _, _ = parseProcStat(line) }); got != 0 {
		t.Errorf("%v allocations a line, want 0", got)
	}
}

func FuzzParseProcStat(f *testing.F) {
	f.Add([]byte("4242 (a) R 1 2 3 4) D" + statTail))
	f.Add([]byte("1 () S"))
	f.Fuzz(func(t *testing.T, line []byte) {
		s, err := parseProcStat(line)
		if err == nil && (s.threads < 0 || strings.IndexByte(string(line), '(') < 0) {
			t.Errorf("got %+v from %q", s, line)
		}
	})
}

func TestCleanText(t *testing.T) {
	tests := []struct {
		in    string
		limit int
		want  string
	}{
		{"nginx: worker", 64, "nginx: worker"},
		{"", 64, ""},
		{"a\nb\x1b[31m\x7f", 64, "a�b�[31m�"},
		{"caf\xc3\xa9 \xff", 64, "café �"},
		{"abc\u202etxt.exe", 64, "abc�txt.exe"},
		{"a\u2028b\u0085", 64, "a�b�"},
		{"ééé", 5, "éé"},
		{"é\xff\xff", 3, "é"},
		{"abcdef", 3, "abc"},
		{"ab\xe2\x82", 4, "ab"},
	}
	for _, test := range tests {
		if got := cleanText([]byte(test.in), test.limit); got != test.want {
			t.Errorf("cleanText(%q, %d) = %q, want %q", test.in, test.limit, got, test.want)
		}
	}
}

func FuzzCleanText(f *testing.F) {
	f.Add([]byte("a\nb\xff\u202e"), 5)
	f.Fuzz(func(t *testing.T, text []byte, limit int) {
		limit = min(max(limit, 0), 512)
		got := cleanText(text, limit)
		if len(got) > limit || !utf8.ValidString(got) {
			t.Errorf("cleanText(%q, %d) = %q: too long or not UTF-8", text, limit, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Errorf("cleanText(%q, %d) = %q: holds %U", text, limit, got, r)
			}
		}
	})
}
