package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/pkg/schema"
)

// start is the moment at which tests begin.
var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// sample returns the smallest sample of a host, with an interval of 10 s.
func sample(host string, at time.Time) *schema.Stats {
	return &schema.Stats{Timestamp: at, Hostname: host, IntervalSeconds: 10}
}

// states returns what the fleet says of each host, "name state since" with
// the seconds since start.
func states(f *Fleet) []string {
	lines := []string{}
	for _, h := range f.Hosts() {
		lines = append(lines, fmt.Sprintf("%s %s %.0f", h.Name, h.State, h.Since.Sub(start).Seconds()))
	}
	return lines
}

// step is one thing that happens to a fleet, some seconds after start.
type step struct {
	at   float64
	what string // "sample H", "retained H taken-at", "online H", "retained-online H", "offline H", "forget H", "tick"
	want string // states afterwards, joined by ", "
}

// do makes a step happen.
func do(t *testing.T, f *Fleet, s step) {
	t.Helper()
	now := start.Add(time.Duration(s.at * float64(time.Second)))
	var what, host string
	var taken float64
	_, _ = fmt.Sscan(s.what, &what, &host, &taken) // most steps have no number
	var err error
	switch what {
	case "sample":
		err = f.Sample(sample(host, now), json.RawMessage("{}"), false, now)
	case "retained":
		err = f.Sample(sample(host, start.Add(time.Duration(taken)*time.Second)), json.RawMessage("{}"), true, now)
	case "online":
		err = f.Status(host, true, false, now)
	case "retained-online":
		err = f.Status(host, true, true, now)
	case "offline":
		err = f.Status(host, false, false, now)
	case "retained-offline":
		err = f.Status(host, false, true, now)
	case "forget":
		f.Forget(host)
	case "tick":
		f.Tick(now)
	case "lost":
		f.Lost(now)
	case "back":
		f.Back(now)
	case "heard":
		f.Heard(start.Add(time.Duration(taken)*time.Second), now)
	default:
		t.Fatalf("unknown step %q", s.what)
	}
	if err != nil {
		t.Fatalf("at %v, %s: %v", s.at, s.what, err)
	}
}

// TestStates walks hosts through their lives.
func TestStates(t *testing.T) {
	tests := map[string][]step{
		"silence makes stale, a sample takes it back": {
			{0, "sample a", "a online 0"},
			{29.9, "tick", "a online 0"},
			{31, "tick", "a stale 30"},
			{40, "sample a", "a online 40"},
		},
		"offline until a sample": {
			{0, "sample a", "a online 0"},
			{5, "offline a", "a online 0"},
			{8, "tick", "a offline 5"},
			{60, "tick", "a offline 5"},
			{70, "sample a", "a online 70"},
		},
		"offline until online is said": {
			{0, "offline a", "a offline 0"},
			{100, "online a", "a online 100"},
			{191, "tick", "a stale 190"},
		},
		"a retained sample is as old as its timestamp": {
			{0, "retained dead -3600", "dead stale -3570"},
			{0, "retained fresh -5", "dead stale -3570, fresh online 0"},
			{26, "tick", "dead stale -3570, fresh stale 25"},
		},
		"a retained sample from the future is fresh, not more": {
			{0, "retained a 3600", "a online 0"},
			{31, "tick", "a stale 30"},
		},
		"a retained sample does not contradict offline": {
			{0, "offline a", "a offline 0"},
			{1, "retained a -5", "a offline 0"},
		},
		"the sample retained through a reconnect is no news": {
			{0, "sample a", "a online 0"},
			{25, "retained a 0", "a online 0"},
			{31, "tick", "a stale 30"},
		},
		"retained online is no proof of life": {
			{0, "sample a", "a online 0"},
			{31, "tick", "a stale 30"},
			{35, "retained-online a", "a stale 30"},
		},
		"a host known by its status alone goes stale": {
			{0, "retained-online a", "a online 0"},
			{91, "tick", "a stale 90"},
		},
		"forgotten until heard of": {
			{0, "sample a", "a online 0"},
			{1, "forget a", ""},
			{2, "sample a", "a online 2"},
		},
	}
	walk(t, tests)
}

// walk has steps happen to fleets, and compares what comes of each.
func walk(t *testing.T, tests map[string][]step) {
	t.Helper()
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			f := New(Options{MaxHosts: 10})
			for _, s := range steps {
				do(t, f, s)
				if got := strings.Join(states(f), ", "); got != s.want {
					t.Fatalf("at %v after %s: got %q, want %q", s.at, s.what, got, s.want)
				}
			}
		})
	}
}

// TestForgetAfter removes hosts that are silent, and no others.
func TestForgetAfter(t *testing.T) {
	f := New(Options{MaxHosts: 10, ForgetAfter: time.Hour})
	do(t, f, step{at: 0, what: "sample old"})
	do(t, f, step{at: 0, what: "offline gone"})
	f.Changes()
	for at := 10.0; at <= 3700; at += 10 {
		do(t, f, step{at: at, what: "sample busy"})
		do(t, f, step{at: at, what: "tick"})
	}
	if got, want := strings.Join(states(f), ", "), "busy online 10"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{"gone", "old"}, f.Changes().Gone); diff != "" {
		t.Errorf("gone (-want +got):\n%s", diff)
	}
}

// TestMaxHosts refuses hosts beyond the bound, except where one that never
// sent a sample can make room.
func TestMaxHosts(t *testing.T) {
	f := New(Options{MaxHosts: 2})
	do(t, f, step{what: "sample a"})
	do(t, f, step{what: "offline ghost"})
	if err := f.Status("ghost2", false, false, start); !errors.Is(err, ErrFull) {
		t.Errorf("second ghost: got %v, want %v", err, ErrFull)
	}
	do(t, f, step{what: "sample b"})
	if got, want := strings.Join(states(f), ", "), "a online 0, b online 0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := f.Sample(sample("c", start), json.RawMessage("{}"), false, start); !errors.Is(err, ErrFull) {
		t.Errorf("third host: got %v, want %v", err, ErrFull)
	}
	do(t, f, step{what: "sample a"})
}

// TestMaxBytes bounds the samples of all hosts together, and gives the bytes
// of forgotten hosts back.
func TestMaxBytes(t *testing.T) {
	f := New(Options{MaxHosts: 10})
	big := json.RawMessage(make([]byte, maxSampleBytes/2))
	for _, host := range []string{"a", "b"} {
		if err := f.Sample(sample(host, start), big, false, start); err != nil {
			t.Fatalf("%s: %v", host, err)
		}
	}
	if err := f.Sample(sample("c", start), big, false, start); !errors.Is(err, ErrFull) {
		t.Errorf("third: got %v, want %v", err, ErrFull)
	}
	f.Forget("a")
	if err := f.Sample(sample("c", start), big, false, start); err != nil {
		t.Errorf("third after one was forgotten: %v", err)
	}
}

// TestChanges takes each change once, and wakes the reader once.
func TestChanges(t *testing.T) {
	f := New(Options{MaxHosts: 10})
	for range 3 {
		do(t, f, step{what: "sample b"})
		do(t, f, step{what: "sample a"})
	}
	<-f.Wake()
	select {
	case <-f.Wake():
		t.Error("woken twice")
	default:
	}
	names := []string{}
	for _, h := range f.Changes().Hosts {
		names = append(names, h.Name)
	}
	if diff := cmp.Diff([]string{"a", "b"}, names); diff != "" {
		t.Errorf("changed hosts (-want +got):\n%s", diff)
	}
	if again := f.Changes(); len(again.Hosts)+len(again.Gone) > 0 {
		t.Errorf("changes without a change: %v", again)
	}
}
