package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/pkg/schema"
)

// now is the moment at which messages arrive in tests.
var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// recorder is a fleet that remembers what was done to it.
type recorder struct {
	calls []string
	err   error
}

// Sample remembers a sample.
func (r *recorder) Sample(s *schema.Stats, payload json.RawMessage, retained bool, _ time.Time) error {
	r.calls = append(r.calls, fmt.Sprintf("sample %s %d %v", s.Hostname, len(payload), retained))
	return r.err
}

// Status remembers a status.
func (r *recorder) Status(host string, online, retained bool, _ time.Time) error {
	r.calls = append(r.calls, fmt.Sprintf("status %s %v %v", host, online, retained))
	return r.err
}

// Forget remembers a removal.
func (r *recorder) Forget(host string) { r.calls = append(r.calls, "forget "+host) }

// gate returns an Ingest with its fleet and its log.
func gate(t testing.TB) (*Ingest, *recorder, *bytes.Buffer) {
	topics, err := schema.NewTopics("systant")
	if err != nil {
		t.Fatal(err)
	}
	fleet, log := &recorder{}, &bytes.Buffer{}
	return New(topics, fleet, slog.New(slog.NewTextHandler(log, nil))), fleet, log
}

// TestAccepted passes good messages on.
func TestAccepted(t *testing.T) {
	i, fleet, log := gate(t)
	i.Message("systant/nas/stats", []byte(`{"hostname":"nas","timestamp":"2026-01-02T03:04:05Z","new_group":{"x":1}}`), false, now)
	i.Message("systant/nas/status", []byte("online"), true, now)
	i.Message("systant/nas/status", []byte("offline"), false, now)
	i.Message("systant/nas/status", nil, false, now)
	i.Message("systant/nas/stats", nil, false, now)
	want := []string{"sample nas 73 false", "status nas true true", "status nas false false", "forget nas", "forget nas"}
	if diff := cmp.Diff(want, fleet.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	wantCounters := Counters{
		Accepted: map[schema.Kind]uint64{schema.KindStats: 2, schema.KindStatus: 3},
		Refused:  map[Reason]uint64{},
	}
	if diff := cmp.Diff(wantCounters, i.Counters()); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
	if log.Len() > 0 {
		t.Errorf("logged: %s", log)
	}
}

// stats returns a valid payload of the host nas with more fields in it.
func stats(fields string) string {
	return `{"hostname":"nas","timestamp":"2026-01-02T03:04:05Z"` + fields + `}`
}

// keys returns a JSON object of n instances.
func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%d":{}`, i)
	}
	return "{" + strings.TrimPrefix(b.String(), ",") + "}"
}

// TestRefused refuses each kind of bad message with its reason, and none of
// them reaches the fleet.
func TestRefused(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17)
	tests := []struct {
		name, topic, payload string
		want                 Reason
	}{
		{"another tree", "other/nas/stats", stats(""), ReasonTopic},
		{"no host", "systant//stats", stats(""), ReasonTopic},
		{"capitals", "systant/NAS/stats", stats(""), ReasonTopic},
		{"markup", "systant/<img src=x>/stats", stats(""), ReasonTopic},
		{"right-to-left", "systant/a\u202eb/stats", stats(""), ReasonTopic},
		{"60 kB name", "systant/" + strings.Repeat("a", 60000) + "/stats", stats(""), ReasonTopic},
		{"kind not asked for", "systant/nas/responses", stats(""), ReasonTopic},
		{"too large", "systant/nas/stats", stats(`,"x":"` + strings.Repeat("a", MaxPayload) + `"`), ReasonSize},
		{"not JSON", "systant/nas/stats", "hello", ReasonJSON},
		{"null", "systant/nas/stats", "null", ReasonJSON},
		{"list", "systant/nas/stats", "[]", ReasonJSON},
		{"blank", "systant/nas/stats", "  ", ReasonJSON},
		{"two objects", "systant/nas/stats", stats("") + "{}", ReasonJSON},
		{"cut off", "systant/nas/stats", stats("")[:40], ReasonJSON},
		{"not UTF-8", "systant/nas/stats", stats(",\"x\":\"\xff\""), ReasonJSON},
		{"NaN", "systant/nas/stats", stats(`,"cpu":{"load_1m":NaN}`), ReasonJSON},
		{"too deep", "systant/nas/stats", stats(`,"x":` + deep), ReasonDepth},
		{"much too deep", "systant/nas/stats", `{"a":` + strings.Repeat("[", 200000), ReasonDepth},
		{"text for number", "systant/nas/stats", stats(`,"cpu":{"load_1m":"1"}`), ReasonType},
		{"list for group", "systant/nas/stats", stats(`,"disk":[]`), ReasonType},
		{"number too large", "systant/nas/stats", stats(`,"cpu":{"load_1m":1e999}`), ReasonType},
		{"fraction for count", "systant/nas/stats", stats(`,"cpu":{"count":1.5}`), ReasonType},
		{"negative for bytes", "systant/nas/stats", stats(`,"memory":{"total_bytes":-1}`), ReasonType},
		{"another host's payload", "systant/pc/stats", stats(""), ReasonHostname},
		{"no hostname", "systant/nas/stats", `{"timestamp":"2026-01-02T03:04:05Z"}`, ReasonHostname},
		{"no timestamp", "systant/nas/stats", `{"hostname":"nas"}`, ReasonTimestamp},
		{"timestamp is text", "systant/nas/stats", `{"hostname":"nas","timestamp":"yesterday"}`, ReasonTimestamp},
		{"year 9999", "systant/nas/stats", `{"hostname":"nas","timestamp":"9999-01-01T00:00:00Z"}`, ReasonTimestamp},
		{"many disks", "systant/nas/stats", stats(`,"disk":` + keys(4097)), ReasonCount},
		{"long mount point", "systant/nas/stats", stats(`,"disk":{"` + strings.Repeat("a", 2000) + `":{}}`), ReasonCount},
		{"many tags", "systant/nas/stats", stats(`,"tags":["a"` + strings.Repeat(`,"a"`, 64) + `]`), ReasonCount},
		{"long text", "systant/nas/stats", stats(`,"system":{"os":"` + strings.Repeat("a", 100000) + `"}`), ReasonCount},
		{"many rows", "systant/nas/stats", stats(`,"processes":{"top_cpu":[{}` + strings.Repeat(",{}", 1024) + `]}`), ReasonCount},
		{"status", "systant/nas/status", "ONLINE", ReasonStatus},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			i, fleet, log := gate(t)
			for range 3 {
				i.Message(test.topic, []byte(test.payload), false, now)
			}
			if diff := cmp.Diff(map[Reason]uint64{test.want: 3}, i.Counters().Refused); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
			if len(fleet.calls) > 0 {
				t.Errorf("reached the fleet: %q", fleet.calls)
			}
			if lines := strings.Count(log.String(), "\n"); lines != 1 || log.Len() > 1000 {
				t.Errorf("got %d log lines of %d bytes, want one short line", lines, log.Len())
			}
		})
	}
}

// TestFull counts what the fleet has no room for.
func TestFull(t *testing.T) {
	i, fleet, _ := gate(t)
	fleet.err = errors.New("full")
	i.Message("systant/nas/stats", []byte(stats("")), false, now)
	i.Message("systant/nas/status", []byte("online"), false, now)
	if got := i.Counters().Refused[ReasonFull]; got != 2 {
		t.Errorf("refused as full: got %d, want 2", got)
	}
}

// TestFlood takes a flood of garbage from ever new hosts without keeping any
// of it, and without a line for each.
func TestFlood(t *testing.T) {
	i, fleet, log := gate(t)
	random := rand.New(rand.NewPCG(1, 2))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	garbage := make([]byte, 64<<10)
	for n := range 20000 {
		for b := range 64 {
			garbage[b] = byte(random.Uint32())
		}
		i.Message(fmt.Sprintf("systant/h%d/stats", n), garbage[:random.IntN(len(garbage))+1], false, now)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc) - int64(log.Cap()); grown > 1<<20 {
		t.Errorf("heap grew by %d bytes", grown)
	}
	if lines := strings.Count(log.String(), "\n"); lines > maxRemembered {
		t.Errorf("logged %d lines, want at most %d", lines, maxRemembered)
	}
	if len(fleet.calls) > 0 {
		t.Errorf("reached the fleet: %.100q", fleet.calls)
	}
}

// FuzzParseStats holds what passes against what the dashboard relies on: it
// can be encoded again, and its bounds hold.
func FuzzParseStats(f *testing.F) {
	f.Add([]byte(stats("")))
	f.Add([]byte(stats(`,"disk":{"/":{"usage_percent":5}},"cpu":{"load_1m":1}`)))
	f.Add([]byte(stats(`,"x":"\"{[","tags":["a"]`)))
	f.Add([]byte(`{"hostname":"nas","timestamp":null}`))
	f.Add([]byte(strings.Repeat("[", 100)))
	f.Fuzz(func(t *testing.T, payload []byte) {
		s, err := ParseStats("nas", payload)
		if err != nil {
			var r *refusal
			if !errors.As(err, &r) || len(err.Error()) > 1000 {
				t.Fatalf("error without a reason, or too long: %v", err)
			}
			return
		}
		if s.Hostname != "nas" || s.Timestamp.IsZero() {
			t.Errorf("accepted host %q at %v", s.Hostname, s.Timestamp)
		}
		if _, err := json.Marshal(s); err != nil {
			t.Errorf("accepted, but can't be encoded: %v", err)
		}
		if _, err := json.Marshal(json.RawMessage(payload)); err != nil {
			t.Errorf("accepted, but the payload can't be passed on: %v", err)
		}
	})
}

// BenchmarkParseStats decodes a sample of ordinary size.
func BenchmarkParseStats(b *testing.B) {
	payload := []byte(stats(`,"core":` + strings.ReplaceAll(keys(128), "{}", `{"usage_percent":12.34}`)))
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		if _, err := ParseStats("nas", payload); err != nil {
			b.Fatal(err)
		}
	}
}
