package process

import (
	"bytes"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	check := func(in, want string) {
		t.Helper()
		if got := clean([]byte(in)); got != want {
			t.Errorf("clean of %q: got %q, want %q", in, got, want)
		}
	}
	check("", "")
	check("plain\ttext\nüñ 漢字 🙂\n", "plain\ttext\nüñ 漢字 🙂\n")
	check("\x1b[1;31mred\x1b[0m \x1b[38:2::1:2:3mx\x1b[m", "red x")
	check("\x1b[?25l\x1b[2 qx\x1b[!p", "x")
	check("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "alink")
	check("\x1bPq data\x1b\\a\x1b_x\x1b\\b\x1b^x\x1b\\c\x1bXx\x1b\\d", "abcd")
	check("\x1b(Ba\x1b7b\x1b=c\x1bcd", "abcd")
	check("a\x1b[12;", "a")
	check("a\x1b", "a")
	check("a\x1b]no end\nb", "ano end\nb")
	check("a\x1b]cut \x1b[1mb\x07", "acut b\ufffd")
	check("\x1b\x1b[1ma", "\ufffda")
	check("a\x1b\nb", "a\ufffd\nb")
	check("a\x1b[1\nb", "a\nb")
	check("a\r\nb\rc\r\r\nd\r", "a\nb\nc\nd\n")
	check("a\x00\x01\x07b\x7fc\u0085d\u009b1me", "a\ufffdb\ufffdc\ufffdd\ufffd1me")
	check("a\u202eb\u2066\u2069c\u2065\u206a", "a\ufffdb\ufffdc\u2065\u206a")
	check("a\xff\xfe\xc3b\xe6\xbc", "a\ufffdb\ufffd")
	check("a\ufffdb\xed\xa0\x80\xc0\xaf", "a\ufffdb\ufffd")
}

func TestWhole(t *testing.T) {
	check := func(in, start, end string) {
		t.Helper()
		if got := string(wholeStart([]byte(in))); got != start {
			t.Errorf("wholeStart of %q: got %q, want %q", in, got, start)
		}
		if got := string(wholeEnd([]byte(in))); got != end {
			t.Errorf("wholeEnd of %q: got %q, want %q", in, got, end)
		}
	}
	check("", "", "")
	check("ab", "ab", "ab")
	check("aü", "aü", "aü")
	check("a🙂"[:4], "a\xf0\x9f\x99", "a")
	check("🙂a"[1:], "a", "\x9f\x99\x82a")
	check("\x80\x80\x80\x80\x80", "\x80\x80\x80\x80\x80", "\x80\x80\x80\x80\x80")
	check("a\xff", "a\xff", "a\xff")
}

func TestShorten(t *testing.T) {
	long := strings.Repeat("0123456789", 100)
	check := func(text string, limit int, want string) {
		t.Helper()
		if got := Shorten(text, limit); got != want {
			t.Errorf("Shorten to %d: got %q, want %q", limit, got, want)
		}
	}
	check("short", 5, "short")
	check("short", 4, "")
	check(long, maxMark-1, "")
	check(long, maxMark+4, "01\n[… 996 bytes left out …]\n89")
	check("ü"+long+"ü", maxMark+2, "[… 1004 bytes left out …]\n")
	check("ü"+long+"ü", maxMark+4, "ü\n[… 1000 bytes left out …]\nü")
	check(strings.Repeat("\n", 200), maxMark+2, "\n[… 198 bytes left out …]\n\n")

	once := Shorten(long, maxMark+200)
	if got, want := Shorten(once, maxMark+4), "01\n[… 997 bytes left out …]\n89"; got != want {
		t.Errorf("Shorten again: got %q, want %q", got, want)
	}
	for text := long; text != ""; { // as who needs it to be ever shorter does
		shorter := Shorten(text, len(text)*2/3)
		if len(shorter) >= len(text) {
			t.Fatalf("Shorten: got %d bytes of %d, want less", len(shorter), len(text))
		}
		text = shorter
	}
}

// TestCapture checks that the capture keeps the same head and tail in whatever
// pieces output comes.
func TestCapture(t *testing.T) {
	var all []byte
	for i := range 1000 {
		all = append(all, byte('a'+i%26))
	}
	for _, limit := range []int{0, 1, 2, 7, 100, 999} {
		for _, piece := range []int{1, 3, 49, 50, 51, 100, 1000} {
			c := newCapture(limit)
			for part := range slices.Chunk(all, piece) {
				c.write(part)
			}
			head, tail := string(all[:limit/2]), string(all[len(all)-(limit-limit/2):])
			want := head + mark(head, int64(len(all)-limit)) + tail
			if got := c.output(); got.Text != want || !got.Truncated {
				t.Errorf("capture of %d in pieces of %d: got %q, want %q", limit, piece, got.Text, want)
			}
		}
	}
	c := newCapture(1000)
	c.write(all[:500])
	c.write(all[500:])
	if got := c.output(); got.Text != string(all) || got.Truncated {
		t.Errorf("capture of all: got %+v, want all", got)
	}
	c = newCapture(1000)
	c.write(bytes.Repeat([]byte("\xffa"), 499))
	if got := c.output(); len(got.Text) > 1000 || !got.Truncated {
		t.Errorf("capture of what grows: got %d bytes and %v, want at most 1000", len(got.Text), got.Truncated)
	}
	c = newCapture(-1)
	if got := c.output(); got != (Output{}) {
		t.Errorf("capture of nothing: got %+v, want none", got)
	}
}

// TestFlood checks that output without end costs neither memory nor much time.
func TestFlood(t *testing.T) {
	inEachMode(t, func(t *testing.T, tr *trial) {
		c := tr.shell("echo begun; yes line & exec cat /dev/zero /dev/urandom")
		c.Timeout, c.OutputLimit = time.Second, 50_000
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		got := tr.Run(t.Context(), c)
		checkInTime(t, began, c, got)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
			t.Errorf("memory allocated: got %d bytes, want less than 4 MiB", n)
		}
		if !strings.HasPrefix(got.Output.Text, "begun\n") || !got.Output.Truncated || len(got.Output.Text) > c.OutputLimit+maxMark {
			t.Errorf("output: got %d bytes, truncated %v, want about %d", len(got.Output.Text), got.Output.Truncated, c.OutputLimit)
		}
		tr.checkNothingLeft(t)
	})
}

// TestDrainRests checks that the reader leaves a flood time to pass: that it
// reads far less than it could.
func TestDrainRests(t *testing.T) {
	in, out, err := pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	go func() {
		defer out.Close()
		zero, err := os.Open("/dev/zero")
		if err != nil {
			t.Error(err)
			return
		}
		defer zero.Close()
		_, _ = io.Copy(out, zero) // until the reader has gone
	}()
	c := newCapture(1000)
	const window = 300 * time.Millisecond
	began := time.Now()
	if err := in.SetReadDeadline(began.Add(window)); err != nil {
		t.Fatal(err)
	}
	c.drain(in)
	// A pipe that is not full is read without a rest, and the machine may be busy.
	if most := 4 * int64(time.Since(began)/floodPause+10) * readSize; c.written() > most {
		t.Errorf("drain of a flood: got %d bytes, want at most %d", c.written(), most)
	}
	t.Logf("%d MB/s", c.written()/window.Milliseconds()/1000)
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"plain\n", "\x1b[1;31mred\x1b[0m", "\x1b]0;t\x07", "\x1b]0;t", "\x1b", "\r\r\n", "\xff\xc3", "\u202e", "\x1bP\x1b\\"} {
		f.Add([]byte(seed), 10)
	}
	f.Fuzz(func(t *testing.T, data []byte, limit int) {
		text := clean(data)
		if !utf8.ValidString(text) || len(text) > 2*len(data)+1 {
			t.Errorf("clean of %q: got %q, want valid and not much longer", data, text)
		}
		for _, r := range text {
			if r != '\n' && r != '\t' && unicode.IsControl(r) || turns(r) {
				t.Errorf("clean of %q: got %q, want no %U", data, text, r)
			}
		}
		if again := clean([]byte(text)); again != text {
			t.Errorf("clean of %q again: got %q, want %q", data, again, text)
		}
		limit = max(0, limit%10_000)
		if short := Shorten(text, limit); len(short) > limit || !utf8.ValidString(short) {
			t.Errorf("Shorten of %q to %d: got %q, want less", text, limit, short)
		}
		c := newCapture(limit)
		c.write(data)
		if got := c.output(); len(got.Text) > limit+maxMark || !utf8.ValidString(got.Text) {
			t.Errorf("capture of %d: got %q, want less", limit, got.Text)
		}
	})
}
