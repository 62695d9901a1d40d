package rewind

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// store is a store that runs until the test ends or stop is called.
type store struct {
	*Store
	stop func()
}

// start runs a store on a file, in a bubble of synctest.
func start(t *testing.T, path string, change func(*Options)) *store {
	t.Helper()
	o := Options{Path: path, Retention: 7 * 24 * time.Hour, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &store{Store: New(o)}
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	s.stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		done <- nil
	}
	t.Cleanup(s.stop)
	synctest.Wait()
	return s
}

// payload is what a host says at a moment.
func payload(at time.Time) json.RawMessage {
	return fmt.Appendf(nil, `{"timestamp":%q,"processes":%q}`, at.Format(time.RFC3339Nano), strings.Repeat("chromium ", 50))
}

// give hands over samples of a host, some time apart.
func (s *store) give(host string, first time.Time, n int, apart time.Duration) {
	for i := range n {
		at := first.Add(time.Duration(i) * apart)
		s.Add(host, at, payload(at))
	}
}

// expect compares what is kept of a host at a moment.
func (s *store) expect(t *testing.T, host string, at, want time.Time) Moment {
	t.Helper()
	got, err := s.At(t.Context(), host, at)
	if err != nil || !got.At.Equal(want) || string(got.Payload) != string(payload(want)) {
		t.Fatalf("at %v: got %v of %v, %v; want %v", at, string(got.Payload), got.At, err, want)
	}
	return got
}

// A host can be seen at any moment since its first sample, whether that is in
// memory or in the file, before and after a restart.
func TestAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "state", "rewind.sqlite")
		s := start(t, path, nil)
		first := time.Now().UTC()
		const n, apart = 300, 30 * time.Second
		look := func(s *store) {
			t.Helper()
			for i := range n {
				at := first.Add(time.Duration(i) * apart)
				m := s.expect(t, "nas", at.Add(apart-time.Millisecond), at)
				if i > 0 && !m.Before.Equal(at.Add(-apart)) || i == 0 && !m.Before.IsZero() {
					t.Errorf("before %v: got %v", at, m.Before)
				}
				if i < n-1 && !m.After.Equal(at.Add(apart)) || i == n-1 && !m.After.IsZero() {
					t.Errorf("after %v: got %v", at, m.After)
				}
			}
			if since, err := s.Since(t.Context(), "nas"); err != nil || !since.Equal(first) {
				t.Errorf("kept since %v, %v; want %v", since, err, first)
			}
			for _, host := range []string{"nas", "none"} {
				if _, err := s.At(t.Context(), host, first.Add(-time.Millisecond)); !errors.Is(err, ErrNothing) {
					t.Errorf("%s before its first sample: got %v, want %v", host, err, ErrNothing)
				}
			}
		}
		s.give("nas", first, n, apart)
		s.give("nas\x00", first.Add(time.Second), n, apart)
		look(s)
		time.Sleep(writeEvery + time.Second)
		look(s)
		s.stop()
		if _, err := s.At(t.Context(), "nas", first); !errors.Is(err, ErrClosed) {
			t.Errorf("after the end: got %v, want %v", err, ErrClosed)
		}
		again := start(t, path, nil)
		look(again)
		// What comes again, as a retained message does, changes nothing.
		again.give("nas", first, n, apart)
		time.Sleep(writeEvery + time.Second)
		look(again)
	})
}

// Samples that come late fill gaps.
func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "rewind.sqlite")
		s := start(t, path, nil)
		first := time.Now().UTC()
		s.give("nas", first, 5, time.Minute)
		s.give("nas", first.Add(30*time.Minute), 5, time.Minute)
		s.give("nas", first.Add(5*time.Minute), 25, time.Minute)
		for range 2 {
			for i := range 35 {
				at := first.Add(time.Duration(i) * time.Minute)
				s.expect(t, "nas", at, at)
			}
			s.stop()
			s = start(t, path, nil)
		}
	})
}

// A host whose samples come in a confused order, each in a frame with others
// of the same time, can be seen at each of them.
func TestConfused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "rewind.sqlite")
		s := start(t, path, nil)
		first := time.Now().UTC()
		s.give("nas", first, 9, time.Minute)
		for _, shift := range []time.Duration{30, 15, 45} {
			s.give("nas", first.Add(shift*time.Second), 8, time.Minute)
		}
		s.give("nas", first.Add(time.Hour), 1, 0)
		s.stop()
		s = start(t, path, nil)
		for i := range 33 {
			at := first.Add(time.Duration(i) * 15 * time.Second)
			m := s.expect(t, "nas", at.Add(time.Second), at)
			if want := at.Add(15 * time.Second); i < 32 && !m.After.Equal(want) {
				t.Errorf("after %v: got %v, want %v", at, m.After, want)
			}
		}
	})
}

// A burst that is larger than what is gathered, faster than it can be written,
// is kept.
func TestBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, filepath.Join(t.TempDir(), "rewind.sqlite"), nil)
		began := time.Now()
		large := json.RawMessage(make([]byte, 256<<10))
		const n = maxGathered * 3 / 2 / (256 << 10)
		for i := range n {
			s.Add(fmt.Sprint("host", i), began, large)
		}
		time.Sleep(2 * writeEvery)
		if got := s.Lost(); got != 0 {
			t.Errorf("%d samples of a burst of %d are lost", got, n)
		}
		for i := range n {
			if _, err := s.At(t.Context(), fmt.Sprint("host", i), began); err != nil {
				t.Fatalf("host%d: %v", i, err)
			}
		}
	})
}

// A crash costs what came since the last write, and nothing else.
func TestCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		s := start(t, filepath.Join(folder, "rewind.sqlite"), nil)
		first := time.Now().UTC()
		for i := range 100 {
			at := first.Add(time.Duration(i) * 10 * time.Second)
			s.Add("nas", at, payload(at))
			time.Sleep(10 * time.Second)
		}
		crashed := t.TempDir()
		if err := os.CopyFS(crashed, os.DirFS(folder)); err != nil {
			t.Fatal(err)
		}
		again := start(t, filepath.Join(crashed, "rewind.sqlite"), nil)
		got, err := again.At(t.Context(), "nas", time.Now())
		if err != nil || time.Since(got.At) > writeEvery+20*time.Second {
			t.Errorf("got %v, %v at %v", got.At, err, time.Now())
		}
	})
}

// The file stays within its bounds, and is forgotten by age.
func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "rewind.sqlite")
		const most = 1 << 20
		s := start(t, path, func(o *Options) { o.MaxBytes, o.Retention = most, 10*24*time.Hour })
		noise := func(at time.Time) json.RawMessage {
			text := make([]byte, 16<<10)
			seed := uint64(at.UnixNano())
			for i := range text {
				seed = seed*6364136223846793005 + 1442695040888963407
				text[i] = byte(seed >> 33)
			}
			return text
		}
		for range 500 {
			s.Add("nas", time.Now(), noise(time.Now()))
			time.Sleep(time.Minute)
		}
		time.Sleep(forgetEvery)
		size := func() int64 {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			return info.Size()
		}
		if got := size(); got > most*3/2 {
			t.Errorf("the file has %d bytes, want about %d", got, most)
		}
		if since, err := s.Since(t.Context(), "nas"); err != nil || time.Since(since) > 3*time.Hour || time.Since(since) < 10*time.Minute {
			t.Errorf("kept since %v, %v at %v", since, err, time.Now())
		}
		time.Sleep(11 * 24 * time.Hour)
		if _, err := s.At(t.Context(), "nas", time.Now()); !errors.Is(err, ErrNothing) {
			t.Errorf("after the retention: got %v, want %v", err, ErrNothing)
		}
		if got := size(); got > 200<<10 {
			t.Errorf("the empty file has %d bytes", got)
		}
		if len(s.hosts) != 0 || s.bytes != 0 {
			t.Errorf("%d hosts and %d bytes are in memory after the hosts have gone", len(s.hosts), s.bytes)
		}
	})
}

// Where nothing can be written, memory is bounded, and what is lost counted;
// it goes on by itself.
func TestNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "state")
		if err := os.WriteFile(folder, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s := start(t, filepath.Join(folder, "rewind.sqlite"), nil)
		if err := s.Error(); err == nil || !strings.Contains(err.Error(), folder) {
			t.Errorf("got %v, want an error that names %s", err, folder)
		}
		large := make(json.RawMessage, 256<<10)
		began := time.Now()
		for i := range 400 {
			s.Add(fmt.Sprint("host", i%100), began.Add(time.Duration(i)*time.Second), large)
			synctest.Wait()
			if s.bytes > 2*maxGathered+len(large) {
				t.Fatalf("%d bytes are in memory", s.bytes)
			}
		}
		if s.Lost() == 0 || s.Lost() >= 400 {
			t.Errorf("%d samples are lost, want some of 400", s.Lost())
		}
		if err := os.Remove(folder); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2*writeEvery + time.Second)
		if err := s.Error(); err != nil {
			t.Errorf("with room again: %v", err)
		}
		if s.bytes >= maxGathered {
			t.Errorf("%d bytes are in memory after a write", s.bytes)
		}
		if _, err := s.At(t.Context(), "host99", began.Add(time.Hour)); err != nil {
			t.Errorf("the last sample: %v", err)
		}
	})
}

// Frames that were closed early are merged once they are old, and hold the same
// samples then.
func TestMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, filepath.Join(t.TempDir(), "rewind.sqlite"), nil)
		began := time.Now().Truncate(time.Hour)
		// Of one host a late frame begins with a sample that others hold too.
		s.give("host3", began.Add(20*time.Minute), 1, 0)
		s.give("host3", began.Add(8*time.Minute), 2, 9*time.Minute)
		const samples, hosts, apart = 60, 20, 30 * time.Second
		for i := range samples {
			for h := range hosts {
				s.give(fmt.Sprint("host", h), began.Add(time.Duration(i)*apart), 1, apart)
			}
			s.mu.Lock()
			s.relieve()
			s.mu.Unlock()
			time.Sleep(apart)
		}
		count := func() (n int, bytes int64) {
			if err := s.file.db.QueryRow("SELECT count(*), sum(length(body)) FROM frames").Scan(&n, &bytes); err != nil {
				t.Fatal(err)
			}
			return n, bytes
		}
		many, large := count()
		time.Sleep(time.Hour)
		few, small := count()
		if many < samples*hosts/2 || few > 3*hosts+2 || small > large/3 {
			t.Errorf("%d frames of %d bytes became %d of %d, want one in ten minutes of each host", many, large, few, small)
		}
		for i := range samples {
			at := began.Add(time.Duration(i) * apart)
			s.expect(t, "host7", at.Add(apart-1), at)
			s.expect(t, "host3", at.Add(apart-1), at)
		}
	})
}

// After a restart the newest sample of each host is handed over, but for hosts
// that have gone and not come again.
func TestRecall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "rewind.sqlite")
		recalled := map[string]string{}
		remember := func(o *Options) {
			o.Recall = func(host string, payload json.RawMessage) { recalled[host] += string(payload) }
		}
		s := start(t, path, remember)
		first := time.Now().UTC().Truncate(time.Second)
		const n, apart = 100, 30 * time.Second
		for _, host := range []string{"nas", "old", "back"} {
			s.give(host, first, n, apart)
		}
		s.Gone("old")
		s.Gone("back")
		s.Gone("nobody")
		time.Sleep(2 * writeEvery)
		last := first.Add(n * apart) // by a clock that is far behind ours
		s.give("back", last, 1, apart)
		s.stop()
		start(t, path, remember)
		want := map[string]string{"nas": string(payload(last.Add(-apart))), "back": string(payload(last))}
		if diff := cmp.Diff(want, recalled); diff != "" {
			t.Errorf("recalled (-want +got):\n%s", diff)
		}
	})
}

// A file that is damaged is put aside; one of another program is left alone.
func TestForeignFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		path := filepath.Join(folder, "rewind.sqlite")
		if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		s := start(t, path, nil)
		if err := s.Error(); err != nil {
			t.Errorf("with a damaged file: %v", err)
		}
		if _, err := os.Stat(path + ".damaged"); err != nil {
			t.Error(err)
		}
		s.give("nas", time.Now(), 1, 0)
		s.stop()

		other, err := tryFile(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.db.ExecContext(t.Context(), "PRAGMA user_version = 99"); err != nil {
			t.Fatal(err)
		}
		if err := other.close(); err != nil {
			t.Fatal(err)
		}
		if s := start(t, path, nil); !errors.Is(s.Error(), errForeign) {
			t.Errorf("a later version's file: got %v, want %v", s.Error(), errForeign)
		}
	})
}

// A file of which it is found out later that it is damaged is put aside too, and
// what is in memory goes to a new one.
func TestDamagedWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "rewind.sqlite")
		s := start(t, path, nil)
		s.give("nas", time.Now().Add(-200*time.Minute), 200, time.Minute)
		time.Sleep(2 * writeEvery)
		s.stop()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 4096; i < len(text); i += 7 { // the first page stays as it is
			text[i] ^= 0x5a
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		damagedToo := filepath.Join(t.TempDir(), "rewind.sqlite")
		if err := os.WriteFile(damagedToo, text, 0o600); err != nil {
			t.Fatal(err)
		}
		s = start(t, damagedToo, nil)
		s.give("nas", time.Now(), 1, 0)
		s.stop() // it is found out at the end
		s = start(t, path, nil)
		at := time.Now().UTC()
		s.give("nas", at, 1, 0)
		time.Sleep(3 * writeEvery)
		if err := s.Error(); err != nil {
			t.Errorf("after a while: %v", err)
		}
		if _, err := os.Stat(path + ".damaged"); err != nil {
			t.Error(err)
		}
		s.stop()
		start(t, path, nil).expect(t, "nas", at, at)
	})
}

// FuzzFrame reads any bytes as a frame.
func FuzzFrame(f *testing.F) {
	c, err := newCodec()
	if err != nil {
		f.Fatal(err)
	}
	good := &frame{}
	for i := range 3 {
		good.add(moment{int64(i) * 1000, []byte(`{"a":1}`)})
	}
	f.Add(c.pack(good))
	f.Add(c.encoder.EncodeAll([]byte{2, 0, 0, 0}, nil))
	f.Add(c.encoder.EncodeAll([]byte{2, 0xff, 0xff, 0xff, 0xff, 0x0f}, nil))
	f.Fuzz(func(t *testing.T, packed []byte) {
		got, err := c.unpack(packed)
		if err != nil {
			return
		}
		again, err := c.unpack(c.pack(got))
		if err != nil || len(again.moments) != len(got.moments) || again.last() != got.last() {
			t.Fatalf("packed again: %v", err)
		}
	})
}
