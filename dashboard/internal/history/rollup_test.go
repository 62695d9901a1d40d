package history

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"systant/pkg/schema"
)

// rolledStore returns a store that has rolled up three days of a host, with a
// peak on the second at noon, and midnight of the first.
func rolledStore(t *testing.T, change func(*Options)) (*Store, time.Time) {
	t.Helper()
	keep := func(o *Options) {
		o.Late, o.RollupRetention = 5*24*time.Hour, 365*24*time.Hour
		if change != nil {
			change(o)
		}
	}
	s, stop := open(t, keep)
	first := now().Add(-4 * 24 * time.Hour).Truncate(24 * time.Hour)
	for minute := range 3 * 24 * 60 {
		when := first.Add(time.Duration(minute) * time.Minute)
		usage := float64(minute % 5)
		if minute == 36*60+2 {
			usage = 99
		}
		sample := &schema.Stats{Hostname: "nas", Timestamp: when, CPU: &schema.CPU{UsagePercent: &usage},
			Memory: &schema.Memory{OOMKillsTotal: new(uint64(minute))}, Disk: map[string]schema.Disk{"/": {UsagePercent: 50}}}
		if minute < 60 {
			sample.Disk["/old"] = schema.Disk{UsagePercent: 7}
		}
		s.Sample(sample, false, when)
		for len(s.queue) > queueLength/2 {
			time.Sleep(time.Millisecond)
		}
	}
	expect(t, s, "count_over_time(systant_cpu_usage_percent[3d])", first.Add(3*24*time.Hour-time.Minute), `{host="nas"} 4320`)
	if err := s.rollups.catchUp(t.Context(), first.Add(4*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if s.rollups.next > first.UnixMilli() {
		t.Fatal("a day was rolled up while samples of it could arrive")
	}
	end := first.Add(9 * 24 * time.Hour)
	if err := s.rollups.catchUp(t.Context(), end); err != nil {
		t.Fatal(err)
	}
	if s.rollups.next > first.UnixMilli() {
		t.Fatal("a day was rolled up by a clock alone, which may be wrong")
	}
	s.Sample(at("later", end), false, end)
	expect(t, s, "systant_up", end, `{__name__="systant_up", host="later"} 1`)
	if err := s.rollups.catchUp(t.Context(), end); err != nil {
		t.Fatal(err)
	}
	stop()
	again, _ := open(t, func(o *Options) { keep(o); o.Path = s.options.Path })
	return again, first
}

// forget removes the numbers of a store that is closed, and leaves roll-ups.
func forget(t *testing.T, path string) {
	t.Helper()
	all, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		if one.Name() == "rollups" {
			continue
		}
		if err := os.RemoveAll(filepath.Join(path, one.Name())); err != nil {
			t.Fatal(err)
		}
	}
}

// What the numbers don't reach back to is read from their roll-ups, by the
// same names.
func TestRollups(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	old, first := rolledStore(t, func(o *Options) { o.Path = path })
	if _, until := old.reach(); until != first.Add(3*24*time.Hour).UnixMilli() {
		t.Errorf("rolled up until %v, want three days from %v", time.UnixMilli(until).UTC(), first)
	}
	end := first.Add(3*24*time.Hour - time.Millisecond)
	chart := ChartRequest{"nas", []string{"cpu.usage_percent", "disk.usage_percent"}, first, end, 72}
	_, before := draw(t, old, chart)

	forgotten := filepath.Join(t.TempDir(), "history")
	if err := os.CopyFS(forgotten, os.DirFS(path)); err != nil {
		t.Fatal(err)
	}
	forget(t, forgotten)
	s, _ := open(t, func(o *Options) { o.Path, o.RollupRetention = forgotten, 365*24*time.Hour })
	expect(t, s, `systant_cpu_usage_percent`, first.Add(time.Hour), `{__name__="systant_cpu_usage_percent", host="nas"} 2`)
	expect(t, s, `max_over_time(systant_cpu_usage_percent[3d])`, end, `{host="nas"} 99`)
	expect(t, s, `min_over_time(systant_cpu_usage_percent[3d])`, end, `{host="nas"} 0`)
	expect(t, s, `max(systant_cpu_usage_percent) - min(systant_cpu_usage_percent)`, end, `{} 4`)
	expect(t, s, `systant_memory_oom_kills_total`, end, `{__name__="systant_memory_oom_kills_total", host="nas"} 4319`)
	for _, minutes := range []int{5, 10, 60} {
		for offset := range 7 { // however it lies to the steps, and to samples of each minute
			at := first.Add(40*time.Hour + time.Duration(offset)*43*time.Second)
			query := fmt.Sprintf("round(60 * rate(systant_memory_oom_kills_total[%dm]))", minutes)
			expect(t, s, query, at, `{host="nas"} 1`)
		}
	}
	expect(t, s, `count_over_time(systant_disk_usage_percent{mount_point="/old"}[3d])`, end, `{host="nas", mount_point="/old"} 12`)
	if _, got := draw(t, s, chart); got != before {
		t.Errorf("the chart differs:\nwith numbers    %.600s\nwithout         %.600s", before, got)
	}
	q, err := s.Querier(first.UnixMilli(), end.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if names, _, err := q.LabelNames(t.Context(), nil); err != nil || !slices.Equal(names, []string{"__name__", "host", "mount_point"}) {
		t.Errorf("got the labels %q, %v", names, err)
	}
}

// A chart of a long time shows a peak of a minute, and goes on into what is
// not rolled up yet.
func TestChartOfRollups(t *testing.T) {
	s, first := rolledStore(t, nil)
	last := now()
	s.Sample(at("nas", last), false, last)
	expect(t, s, `systant_cpu_usage_percent`, last, `{__name__="systant_cpu_usage_percent", host="nas"} 12.5`)
	for _, points := range []int{1, 10, 100, 1000} {
		chart, text := draw(t, s, ChartRequest{"nas", []string{"cpu.usage_percent"}, first.Add(-200 * 24 * time.Hour), last, points})
		if len(chart.Lines) != 1 {
			t.Fatalf("%d points: got %.300s", points, text)
		}
		line, high, low := chart.Lines[0], math.Inf(-1), math.Inf(1)
		for i := range line.High {
			if !math.IsNaN(line.High[i]) {
				high, low = max(high, line.High[i]), min(low, line.Low[i])
			}
		}
		if high != 99 || low != 0 {
			t.Errorf("%d points: got %v to %v, want 0 to 99", points, low, high)
		}
		if points == 1000 && line.Mean[len(line.Mean)-1] != 12.5 {
			t.Errorf("%d points: got %v at the end, want 12.5", points, line.Mean[len(line.Mean)-1])
		}
	}
	// Where there are both, no number counts twice.
	expect(t, s, `count_over_time(systant_cpu_usage_percent[10d])`, last, `{host="nas"} 4321`)
	// A time of which there are roll-ups alone is shown by them, however short.
	chart, text := draw(t, s, ChartRequest{"nas", []string{"cpu.usage_percent"}, first.Add(36 * time.Hour), first.Add(37 * time.Hour), 1000})
	if chart.Step != 0 {
		t.Errorf("an hour with its numbers: got %.300s", text)
	}
}

// Late samples are read as well where there are roll-ups, though the newest
// came first.
func TestLateWithRollups(t *testing.T) {
	s, _ := open(t, func(o *Options) { o.Late, o.RollupRetention = 24*time.Hour, 365*24*time.Hour })
	last := now()
	s.Sample(at("nas", last), false, last)
	expect(t, s, `count_over_time(systant_up[12h])`, last, `{host="nas"} 1`)
	for i := range 10 {
		s.Sample(at("nas", last.Add(time.Duration(i-20)*time.Minute)), false, last)
	}
	expect(t, s, `count_over_time(systant_up[12h])`, last, `{host="nas"} 11`)
	chart, text := draw(t, s, ChartRequest{"nas", []string{"cpu.usage_percent"}, last.Add(-time.Hour), last, 300})
	if chart.Step != 0 || len(chart.Times) < 11 {
		t.Errorf("got %.500s", text)
	}
}

// A block that can't be written leaves nothing behind, and is written later.
func TestRollupsLater(t *testing.T) {
	s, first := rolledStore(t, nil)
	folder := s.rollups.db.Dir()
	blocks := func() string {
		names, err := filepath.Glob(filepath.Join(folder, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(len(names))
	}
	count := blocks()
	s.rollups.next = first.UnixMilli()
	end := first.Add(9 * 24 * time.Hour)
	s.Sample(at("later", end), false, end)
	expect(t, s, "systant_up", end, `{__name__="systant_up", host="later"} 1`)
	ctx := canceled(t)
	if err := s.rollups.catchUp(ctx, first.Add(9*24*time.Hour)); err == nil {
		t.Error("rolled up although it was to stop")
	}
	if got := blocks(); got != count {
		t.Errorf("%s files, want %s as before", got, count)
	}
}

// A block that can't be read is set aside: what is left can be read, and the
// present is remembered.
func TestDamagedBlocks(t *testing.T) {
	rolled, first := rolledStore(t, nil)
	if err := rolled.db.Compact(t.Context()); err != nil || len(rolled.db.Blocks()) < 2 {
		t.Fatalf("got %d blocks, %v", len(rolled.db.Blocks()), err)
	}
	path := filepath.Join(t.TempDir(), "history")
	if err := os.CopyFS(path, os.DirFS(rolled.options.Path)); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{path, filepath.Join(path, "rollups")} {
		found, err := filepath.Glob(filepath.Join(folder, "*", "index"))
		if err != nil || len(found) < 2 {
			t.Fatalf("%s: got %d blocks, %v", folder, len(found), err)
		}
		if err := os.Truncate(found[0], 0); err != nil {
			t.Fatal(err)
		}
	}
	s, _ := open(t, func(o *Options) { o.Path, o.Late, o.RollupRetention = path, rolled.options.Late, 365*24*time.Hour })
	s.Sample(at("nas", now()), false, now())
	expect(t, s, `systant_cpu_usage_percent`, now(), `{__name__="systant_cpu_usage_percent", host="nas"} 12.5`)
	expect(t, s, `max_over_time(systant_cpu_usage_percent[3d])`, first.Add(3*24*time.Hour), `{host="nas"} 99`)
	for _, folder := range []string{path, filepath.Join(path, "rollups")} {
		if found, err := filepath.Glob(filepath.Join(folder, "*"+damagedSuffix, "index")); err != nil || len(found) != 1 {
			t.Errorf("%s: got %q set aside, %v, want one", folder, found, err)
		}
	}
}

// A size that holds less than what may still change is said to be too small for
// roll-ups.
func TestTooSmallForRollups(t *testing.T) {
	s, _ := open(t, func(o *Options) {
		o.Late, o.RollupRetention, o.MaxBytes, o.MaxRollupBytes = 24*time.Hour, 365*24*time.Hour, 60_000, 30_000
	})
	first := now().Add(-5 * 24 * time.Hour).Truncate(24 * time.Hour)
	var err error
	for hour := 0; hour < 4*24 && err == nil; hour++ {
		for i := range 60 {
			when := first.Add(time.Duration(hour*60+i) * time.Minute)
			s.Sample(at("nas", when, fmt.Sprintf("/%d", i)), false, when)
		}
		last := first.Add(time.Duration(hour*60+59) * time.Minute)
		expect(t, s, "systant_cpu_usage_percent", last, `{__name__="systant_cpu_usage_percent", host="nas"} 12.5`)
		if err := s.db.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		err = s.rollups.catchUp(t.Context(), last)
	}
	if err == nil || !strings.Contains(err.Error(), "too small") {
		t.Errorf("got %v, want that the size is too small", err)
	}
}
