package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"systant/pkg/schema"
)

// open runs a store in a folder until the test ends or stop is called, and
// returns it once it is open.
func open(t *testing.T, change func(*Options)) (s *Store, stop func()) {
	t.Helper()
	return openAfter(t, change, func(*Store) {})
}

// openAfter is open after something has been done to the store.
func openAfter(t *testing.T, change func(*Options), before func(*Store)) (s *Store, stop func()) {
	t.Helper()
	o := Options{Path: filepath.Join(t.TempDir(), "history"), Retention: 31 * 24 * time.Hour, Late: time.Hour, MaxSeries: 1000, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o)
	}
	opened := make(chan struct{}, 1)
	o.OnChange = func() {
		if s.Status().Open {
			select {
			case opened <- struct{}{}:
			default:
			}
		}
	}
	s = New(o)
	before(s)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("running: %v", err)
		}
		done <- nil
	}
	t.Cleanup(stop)
	select {
	case <-opened:
	case <-time.After(30 * time.Second):
		t.Fatalf("the history does not open: %+v", s.Status())
	}
	return s, stop
}

// ask returns what an expression gives at a moment, as lines.
func ask(t *testing.T, s *Store, expr string, at time.Time) []string {
	t.Helper()
	r, err := NewEngine(s, s.options.Log).Instant(t.Context(), expr, at, Limits{})
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	defer r.Close()
	vector, err := r.Vector()
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	var lines []string
	for _, one := range vector {
		lines = append(lines, fmt.Sprintf("%s %v", one.Metric, one.F))
	}
	slices.Sort(lines)
	return lines
}

// expect compares what an expression gives, in the end.
func expect(t *testing.T, s *Store, expr string, at time.Time, want ...string) {
	t.Helper()
	var got []string
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if got = ask(t, s, expr, at); slices.Equal(got, want) {
			return
		}
	}
	t.Errorf("%s: got %q, want %q", expr, got, want)
}

// at is a sample of a host.
func at(host string, when time.Time, mounts ...string) *schema.Stats {
	s := &schema.Stats{Hostname: host, Timestamp: when, Tags: []string{"home"}, CPU: &schema.CPU{UsagePercent: new(12.5)},
		System: &schema.System{OS: "NixOS", Kernel: "6.12"}, Disk: map[string]schema.Disk{}}
	for _, mount := range mounts {
		s.Disk[mount] = schema.Disk{UsagePercent: 50}
	}
	return s
}

// now is a moment without fractions, so that results can be compared.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

// A sample's numbers are series; what it has not any more ends at once.
func TestSample(t *testing.T) {
	s, stop := open(t, nil)
	start := now().Add(-2 * time.Minute)
	s.Sample(at("nas", start, "/", "/home"), false, start)
	s.Sample(at("nas", start.Add(30*time.Second), "/"), false, start.Add(30*time.Second))
	expect(t, s, "systant_disk_usage_percent", start,
		`{__name__="systant_disk_usage_percent", host="nas", mount_point="/"} 50`,
		`{__name__="systant_disk_usage_percent", host="nas", mount_point="/home"} 50`)
	expect(t, s, "systant_disk_usage_percent", start.Add(31*time.Second),
		`{__name__="systant_disk_usage_percent", host="nas", mount_point="/"} 50`)
	expect(t, s, `{__name__=~"systant_(up|host_.*|cpu_usage.*)"}`, start,
		`{__name__="systant_cpu_usage_percent", host="nas"} 12.5`,
		`{__name__="systant_host_info", host="nas", kernel="6.12", os="NixOS"} 1`,
		`{__name__="systant_host_tag", host="nas", tag="home"} 1`,
		`{__name__="systant_up", host="nas"} 1`)
	stop()
	again, _ := open(t, func(o *Options) { o.Path = s.options.Path })
	expect(t, again, "systant_cpu_usage_percent", start, `{__name__="systant_cpu_usage_percent", host="nas"} 12.5`)
}

// A host that is down has systant_up and nothing else; one that is gone has
// nothing.
func TestDown(t *testing.T) {
	s, _ := open(t, nil)
	start := now().Add(-3 * time.Minute)
	s.Sample(at("nas", start, "/"), false, start)
	s.Down("nas", start.Add(90*time.Second))
	s.Down("nas", start.Add(100*time.Second))
	expect(t, s, `{host="nas"}`, start.Add(95*time.Second), `{__name__="systant_up", host="nas"} 0`)
	expect(t, s, `systant_up{host="nas"}`, start.Add(80*time.Second), `{__name__="systant_up", host="nas"} 1`)
	s.Sample(at("nas", start.Add(2*time.Minute), "/"), false, start.Add(2*time.Minute))
	expect(t, s, fmt.Sprintf(`count({host="nas"}) == bool count({host="nas"} @ %d)`, start.Unix()), start.Add(2*time.Minute), `{} 1`)
	s.Gone("nas")
	s.Gone("never")
	expect(t, s, `{host="nas"}`, start.Add(2*time.Minute+time.Second))
}

// A host whose clock is behind is not down any more when it is back.
func TestBackBehind(t *testing.T) {
	s, _ := open(t, nil)
	const behind = 40 * time.Second
	start := now().Add(-5 * time.Minute)
	give := func(after time.Duration, mounts ...string) {
		s.Sample(at("nas", start.Add(after-behind), mounts...), false, start.Add(after))
	}
	give(0, "/")
	s.Down("nas", start.Add(10*time.Second))
	give(20*time.Second, "/", "/usb")
	give(60*time.Second, "/")
	s.Down("nas", start.Add(2*time.Minute))
	expect(t, s, `systant_up`, start.Add(2*time.Minute), `{__name__="systant_up", host="nas"} 0`)
	expect(t, s, `systant_up`, start.Add(25*time.Second), `{__name__="systant_up", host="nas"} 1`)
	expect(t, s, `sum_over_time(systant_up[5m]) / count_over_time(systant_up[5m])`, start.Add(2*time.Minute), `{host="nas"} 0.6`)
	expect(t, s, `systant_disk_usage_percent{mount_point="/usb"}`, start.Add(21*time.Second))
}

// Samples of the future would hide the present, and are remembered when they
// arrive; those of long ago too. Retained ones are left out.
func TestClock(t *testing.T) {
	s, _ := open(t, nil)
	arrived := now().Add(-time.Minute)
	for i, off := range []time.Duration{0, 59 * time.Second, 2 * time.Hour, 20 * 365 * 24 * time.Hour, -50 * time.Minute, -2 * time.Hour, -50 * 365 * 24 * time.Hour} {
		host := fmt.Sprintf("h%d", i)
		s.Sample(at(host, arrived.Add(off)), false, arrived)
		s.Sample(at(host+"r", arrived.Add(off)), true, arrived)
	}
	expect(t, s, `timestamp(systant_up) - `+fmt.Sprint(arrived.Unix()), arrived.Add(time.Minute),
		`{host="h0"} 0`, `{host="h0r"} 0`, `{host="h1"} 59`, `{host="h1r"} 59`, `{host="h2"} 0`, `{host="h3"} 0`, `{host="h5"} 0`, `{host="h6"} 0`)
	expect(t, s, `systant_up{host=~"h4.*"}`, arrived.Add(-50*time.Minute),
		`{__name__="systant_up", host="h4"} 1`, `{__name__="systant_up", host="h4r"} 1`)
}

// The same sample twice changes nothing; late ones fill gaps and end nothing.
func TestOrder(t *testing.T) {
	s, _ := open(t, nil)
	end := now()
	for _, minutes := range []int{50, 10, 10, 30, 40, 20, 10} {
		when := end.Add(-time.Duration(minutes) * time.Minute)
		sample := at("nas", when)
		sample.CPU.UsagePercent = new(float64(minutes))
		s.Sample(sample, false, end)
	}
	expect(t, s, `count_over_time(systant_cpu_usage_percent[1h])`, end, `{host="nas"} 5`)
	expect(t, s, `sum_over_time(systant_cpu_usage_percent[1h])`, end, `{host="nas"} 150`)
	sample := at("nas", end.Add(-10*time.Minute))
	sample.CPU.UsagePercent = new(99.0)
	s.Sample(sample, false, end)
	expect(t, s, `systant_cpu_usage_percent`, end.Add(-10*time.Minute), `{__name__="systant_cpu_usage_percent", host="nas"} 10`)
	for end := time.Now().Add(10 * time.Second); s.Counters().Refused[RefusedDuplicate] == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no duplicate is counted")
		}
	}
}

// expectCrowded compares which hosts have too many series, in the end.
func expectCrowded(t *testing.T, s *Store, want ...string) {
	t.Helper()
	var got []string
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if got = s.Status().Crowded; slices.Equal(got, want) {
			return
		}
	}
	t.Errorf("got the crowded hosts %q, want %q", got, want)
}

// A host with too many series is named, keeps those that it had, and harms no
// other.
func TestCrowded(t *testing.T) {
	s, _ := open(t, func(o *Options) { o.MaxSeries = 20 })
	start := now()
	s.Sample(at("nas", start, "/"), false, start)
	var mounts []string
	for i := range 5000 {
		mounts = append(mounts, fmt.Sprintf("/%04d", i))
	}
	for i := range 3 {
		when := start.Add(time.Duration(i+1) * time.Second)
		s.Sample(at("nas", when, append(mounts[i*1000:(i+1)*1000:(i+1)*1000], "/")...), false, when)
	}
	s.Sample(at("desk", start, "/"), false, start)
	expect(t, s, `systant_cpu_usage_percent`, start.Add(3*time.Second),
		`{__name__="systant_cpu_usage_percent", host="desk"} 12.5`, `{__name__="systant_cpu_usage_percent", host="nas"} 12.5`)
	expectCrowded(t, s, "nas")
	if got := s.db.Head().NumSeries(); got > 2*20 {
		t.Errorf("got %d series of two hosts in memory, want 20 of each at most", got)
	}
	s.Sample(at("nas", start.Add(5*time.Second), "/"), false, start.Add(5*time.Second))
	expect(t, s, fmt.Sprintf(`count({host="nas"}) == bool count({host="nas"} @ %d)`, start.Unix()), start.Add(5*time.Second), `{} 1`)
	expectCrowded(t, s)
}

// A host whose series have other names in each sample is as crowded as one
// with all of them at once, also where it is forgotten in between; until what
// has ended is out of memory.
func TestChurn(t *testing.T) {
	const most = 100
	s, stop := open(t, func(o *Options) { o.MaxSeries = most })
	start := now()
	for i := range 200 {
		when := start.Add(time.Duration(i) * time.Second)
		s.Sample(at("nas", when, fmt.Sprintf("/%d", i)), false, when)
		if i == 100 {
			s.Gone("nas")
		}
	}
	expect(t, s, fmt.Sprintf(`timestamp(systant_up{host="nas"}) - %d`, start.Unix()), start.Add(199*time.Second), `{host="nas"} 199`)
	if got := s.db.Head().NumSeries(); got > most {
		t.Errorf("got %d series in memory, want no more than %d", got, most)
	}
	expectCrowded(t, s, "nas")
	stop()
	w := newWriter(s.options)
	to := &parcel{}
	for i := range 200 {
		when := start.Add(time.Duration(i) * time.Hour)
		if err := errors.Join(w.sample(to, at("nas", when, fmt.Sprintf("/%d", i)), false, when), w.stillDown(to, when)); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(w.overfull); got != 0 || w.series > most {
		t.Errorf("with a new name an hour: got %d crowded hosts and %d series", got, w.series)
	}
	end := start.Add(1000 * time.Hour)
	if err := errors.Join(w.gone(to, "nas", end), w.stillDown(to, end.Add(inMemory+time.Second))); err != nil {
		t.Fatal(err)
	}
	if len(w.hosts) != 0 || w.series != 0 {
		t.Errorf("after the host is gone: got %d hosts and %d series", len(w.hosts), w.series)
	}
}

// After this machine's clock was far ahead, nothing can be written; that is
// said, also after a restart.
func TestFuture(t *testing.T) {
	s, stop := open(t, nil)
	ahead := now().Add(1000 * time.Hour)
	s.Sample(at("nas", ahead), false, ahead)
	expect(t, s, `systant_up`, ahead, `{__name__="systant_up", host="nas"} 1`)
	stop()
	s, _ = open(t, func(o *Options) { o.Path = s.options.Path })
	s.Sample(at("nas", now()), false, now())
	want := ahead.Add(-s.options.Late).Format(time.RFC3339)
	for end := time.Now().Add(10 * time.Second); !strings.Contains(s.Status().Error, want); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("got the error %q, want one with %s", s.Status().Error, want)
		}
	}
}

// Queries are bounded, and say what is wrong with them.
func TestQueryBounds(t *testing.T) {
	s, stop := open(t, nil)
	e := NewEngine(s, s.options.Log)
	if _, err := e.Instant(t.Context(), "sum(", now(), Limits{}); err == nil || !strings.Contains(err.Error(), "parse error") {
		t.Errorf("got %v, want a parse error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	for range maxQueries {
		if _, err := e.room(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if _, err := e.Instant(ctx, "1", now(), Limits{}); err == nil || !strings.Contains(err.Error(), ErrBusy.Error()) {
		t.Errorf("got %v, want %v", err, ErrBusy)
	}
	e = NewEngine(s, s.options.Log)
	for range 2 * maxQueries { // who reads a small result holds nobody up
		r, err := e.Instant(t.Context(), "1", now(), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
	}
	if err := e.sent.Acquire(t.Context(), maxQueries*(maxSamples-2)); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Instant(t.Context(), "1", now(), Limits{Timeout: 100 * time.Millisecond}); err == nil {
		t.Error("while large results are read: got no error")
	}
	e.sent.Release(maxQueries)
	if r, err := e.Instant(t.Context(), "1", now(), Limits{}); err != nil {
		t.Errorf("after one is closed: %v", err)
	} else {
		r.Close()
	}
	stop()
	if _, err := NewEngine(s, s.options.Log).Instant(t.Context(), "up", now(), Limits{}); err == nil || !strings.Contains(err.Error(), ErrClosed.Error()) {
		t.Errorf("got %v, want %v", err, ErrClosed)
	}
}

// A folder that can't be used is a state that is shown, and samples are lost
// without holding anybody up; which hosts are down is not.
func TestNoFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	changed := make(chan struct{}, 10)
	s := New(Options{Path: filepath.Join(file, "history"), Retention: time.Hour * 24, Late: time.Hour, MaxSeries: 10,
		Log: slog.New(slog.DiscardHandler), OnChange: func() { changed <- struct{}{} }})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	<-changed
	if got := s.Status(); got.Open || !strings.Contains(got.Error, file) {
		t.Errorf("got %+v, want an error about %s", got, file)
	}
	for range 3 * queueLength {
		s.Sample(at("nas", now()), false, now())
	}
	for len(s.queue) > 0 {
		time.Sleep(time.Millisecond)
	}
	s.Sample(at("back", now()), false, now())
	s.Down("nas", now())
	s.Down("back", now())
	s.Sample(at("back", now().Add(time.Second)), false, now().Add(time.Second))
	for len(s.queue) > 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := s.Counters().Lost; got < queueLength {
		t.Errorf("lost %d, want most of %d", got, 3*queueLength)
	}
	for host, want := range map[string]bool{"nas": true, "back": false} {
		if got := s.writer.hosts[host]; got == nil || got.down != want {
			t.Errorf("%s: got %+v, want that it is down: %v", host, got, want)
		}
	}
}

// canceled returns a context that has ended.
func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// What became of thousands of hosts while the history opens is told, though the
// queue is shorter.
func TestAllDownAtOnce(t *testing.T) {
	const hosts = queueLength + 500
	down := now().Add(-time.Minute)
	s, _ := openAfter(t, nil, func(s *Store) {
		for i := range hosts {
			s.Down(fmt.Sprintf("h%d", i), down)
		}
	})
	expect(t, s, `count(systant_up == 0)`, down, fmt.Sprintf(`{} %d`, hosts))
	if lost := s.Counters().Lost; lost != 0 {
		t.Errorf("got %d lost messages, want none", lost)
	}
}

// What was kept for later is no news after the host's next sample, and of two the
// newer counts.
func TestOverdue(t *testing.T) {
	i, w, to := newInbox(), newWriter(Options{Late: time.Hour, MaxSeries: 100, Log: slog.New(slog.DiscardHandler)}), &parcel{}
	when := now()
	for range queueLength {
		i.Sample(at("other", when), false, when)
	}
	i.Down("back", when)
	i.Down("removed", when)
	i.Gone("removed")
	if got := i.overdue(); got != nil {
		t.Errorf("before the queue is empty: got %v", got)
	}
	<-i.queue
	i.Sample(at("back", when.Add(time.Second)), false, when.Add(time.Second))
	for len(i.queue) > 0 {
		if err := w.event(to, <-i.queue); err != nil {
			t.Fatal(err)
		}
	}
	late := i.overdue()
	for _, e := range late {
		if err := w.event(to, e); err != nil {
			t.Fatal(err)
		}
	}
	if len(late) != 2 || !late["removed"].gone || w.hosts["back"].down || w.hosts["removed"] != nil {
		t.Errorf("got %+v, and the host that is back down %v", late, w.hosts["back"].down)
	}
	if got := i.overdue(); got != nil {
		t.Errorf("again: got %v, want nothing", got)
	}
}

// The database is closed, as it is after a full disk too, while others read it.
func TestCloseWhileRead(t *testing.T) {
	rolled, first := rolledStore(t, nil)
	if err := rolled.db.Compact(t.Context()); err != nil || len(rolled.db.Blocks()) == 0 {
		t.Fatalf("got %d blocks, %v", len(rolled.db.Blocks()), err)
	}
	path := filepath.Join(t.TempDir(), "history")
	if err := os.CopyFS(path, os.DirFS(rolled.options.Path)); err != nil {
		t.Fatal(err)
	}
	s, stop := open(t, func(o *Options) { o.Path, o.RollupRetention = path, 365*24*time.Hour })
	r := NewEngine(s, s.options.Log)
	var reading sync.WaitGroup
	var charts atomic.Int64
	for range 2 {
		reading.Go(func() {
			for err := error(nil); err == nil; charts.Add(1) {
				if _, err = r.Chart(t.Context(), ChartRequest{"nas", []string{"cpu.usage_percent"}, first, now(), 1000}); err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			}
		})
	}
	for charts.Load() < 5 {
		time.Sleep(time.Millisecond)
	}
	closed := make(chan struct{})
	go func() {
		stop()
		reading.Wait()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(30 * time.Second):
		t.Fatal("closing waits for readers, and they for it")
	}
}
