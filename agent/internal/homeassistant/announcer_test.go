package homeassistant

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"systant/pkg/schema"
)

// sent is one message that an announcer has published.
type sent struct {
	after   time.Duration // since the start
	topic   string
	payload []byte
	expiry  time.Duration
}

// stage is an announcer in a bubble of time, with a broker that keeps all.
type stage struct {
	*Announcer
	config Config
	log    *bytes.Buffer
	start  time.Time

	mu   sync.Mutex // guards the rest
	sent []sent
	fail error // what publishing returns
}

// newStage starts an announcer; it ends with the test.
func newStage(t *testing.T, c Config) *stage {
	s := &stage{config: c, log: new(bytes.Buffer), start: time.Now()}
	s.Announcer = NewAnnouncer(c, slog.New(slog.NewTextHandler(s.log, nil)), func(_ context.Context, topic string, payload []byte, expiry time.Duration) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.fail != nil {
			return s.fail
		}
		s.sent = append(s.sent, sent{time.Since(s.start), topic, payload, expiry})
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return s
}

// wait lets time pass and returns what was published since the last time.
func (s *stage) wait(d time.Duration) []sent {
	time.Sleep(d)
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := s.sent
	s.sent = nil
	return sent
}

// breaks has publishing fail, or work again.
func (s *stage) breaks(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

// documents returns those of some messages that are documents.
func (s *stage) documents(t *testing.T, messages []sent) []Document {
	t.Helper()
	var found []Document
	for _, m := range messages {
		if m.topic != s.config.Topic() {
			continue
		}
		if len(m.payload) == 0 || m.expiry != 0 {
			t.Errorf("got the document %q with expiry %v", m.payload, m.expiry)
			continue
		}
		for _, finding := range Check(s.config.Prefix, m.topic, m.payload) {
			t.Error(finding)
		}
		var d Document
		if err := json.Unmarshal(m.payload, &d); err != nil {
			t.Fatal(err)
		}
		found = append(found, d)
	}
	return found
}

// values returns those of some messages that are values.
func (s *stage) values(messages []sent) []sent {
	return slices.DeleteFunc(slices.Clone(messages), func(m sent) bool { return m.topic != "systant/nas/homeassistant" })
}

// host is a sample with some filesystems.
func host(mounts ...string) *schema.Stats {
	s := &schema.Stats{CPU: &schema.CPU{UsagePercent: new(12.345)}, Disk: make(map[string]schema.Disk)}
	for _, mount := range mounts {
		s.Disk[mount] = schema.Disk{TotalBytes: 1 << 30, UsagePercent: 50}
	}
	return s
}

// usage is the key of a filesystem's usage.
func usage(name string) string { return "disk_usage__" + name }

// One second after the connection the document is published, then the values,
// and after that nothing but values, at their own pace.
func TestAnnounce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := example(t)
		c.SampleInterval = 10 * time.Second
		s := newStage(t, c)
		s.Up()
		s.Observe(host("/"))
		if got := s.wait(999 * time.Millisecond); len(got) > 0 {
			t.Fatalf("published %d messages early", len(got))
		}
		got := s.wait(time.Millisecond)
		if len(got) != 2 || got[0].topic != c.Topic() || got[1].topic != "systant/nas/homeassistant" || got[1].expiry != 90*time.Second {
			t.Fatalf("got %d messages, want the document and the values", len(got))
		}
		if want := `"cpu_usage":12.3,`; !strings.Contains(string(got[1].payload), want) {
			t.Errorf("got the values %s, want %s in them", got[1].payload, want)
		}
		got = nil
		for range 90 {
			got = append(got, s.wait(10*time.Second)...)
			s.Observe(host("/"))
		}
		if documents := s.documents(t, got); len(documents) != 0 {
			t.Errorf("got %d documents though nothing changed", len(documents))
		}
		if n := len(s.values(got)); n < 29 || n > 30 {
			t.Errorf("published values %d times in 15 minutes, want every 30 s", n)
		}
	})
}

// When Home Assistant starts it gets document and values again, at a time
// that differs from host to host, but not more than once in five seconds.
func TestBirth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, example(t))
		s.Up()
		s.Observe(host("/"))
		s.wait(time.Minute)
		for range 20 {
			s.Receive(s.config.BirthTopic, []byte("online"), false)
			got := s.wait(time.Second - time.Millisecond)
			if len(got) > 0 {
				t.Fatal("answered at once")
			}
			got = s.wait(birthSpread + time.Millisecond)
			if len(got) != 2 {
				t.Fatalf("got %d messages, want document and values", len(got))
			}
		}
		for range 1000 {
			s.Receive(s.config.BirthTopic, []byte("online"), false)
		}
		got := s.wait(time.Minute)
		s.Receive(s.config.BirthTopic, []byte("offline"), false)
		s.Receive(s.config.BirthTopic, []byte("nonsense"), false)
		got = append(got, s.wait(time.Minute)...)
		if n := len(s.documents(t, got)); n != 1 {
			t.Errorf("got %d documents for a flood of births, want 1", n)
		}
		if n := len(s.values(got)); n != 1 {
			t.Errorf("published the same values %d times for a flood of births, want once", n)
		}
	})
}

// A host that changes all the time has a document in five seconds at most, and
// values with each sample.
func TestSpacing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := example(t)
		c.Interval, c.SampleInterval = time.Second, time.Second
		s := newStage(t, c)
		s.Up()
		var got []sent
		for i := range 60 {
			s.Observe(host("/", "/"+strings.Repeat("a", i)))
			got = append(got, s.wait(time.Second)...)
		}
		last := -spacing
		for _, m := range got {
			if m.topic != c.Topic() {
				continue
			}
			if m.after-last < spacing {
				t.Errorf("a document after %v follows one after %v", m.after, last)
			}
			last = m.after
		}
		if n := len(s.documents(t, got)); n < 11 {
			t.Errorf("got %d documents in a minute", n)
		}
		if n := len(s.values(got)); n < 58 {
			t.Errorf("got values %d times in a minute", n)
		}
	})
}

// A filesystem that comes is announced; one that goes is unknown at once, and
// leaves with a tombstone after a while, and then without a trace.
func TestVanish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, example(t))
		s.Up()
		s.Observe(host("/"))
		s.wait(time.Minute)
		s.Observe(host("/", "/home"))
		announced := s.wait(time.Minute)
		documents := s.documents(t, announced)
		if len(documents) != 1 || documents[0].Components[usage("home")].UniqueID == "" {
			t.Fatalf("got %d documents, want one with /home", len(documents))
		}
		s.Observe(host("/"))
		got := s.wait(time.Minute)
		values := s.values(got)
		if len(s.documents(t, got)) != 0 || len(values) != 1 || bytes.Contains(values[0].payload, []byte(usage("home"))) {
			t.Fatalf("got %d messages, want values without /home alone", len(got))
		}
		s.Receive(s.config.Topic(), announced[0].payload, true) // a new connection makes it no older
		documents = s.documents(t, s.wait(24*time.Hour-2*time.Minute))
		if len(documents) != 0 {
			t.Fatalf("buried early")
		}
		documents = s.documents(t, s.wait(2*time.Minute))
		if len(documents) != 2 {
			t.Fatalf("got %d documents, want one with a tombstone and one without", len(documents))
		}
		if got, want := documents[0].Components[usage("home")], (Component{Platform: "sensor"}); !same(got, want) {
			t.Errorf("got %+v, want a tombstone", got)
		}
		if _, there := documents[1].Components[usage("home")]; there {
			t.Error("the tombstone stays")
		}
		s.Observe(host("/", "/home"))
		if documents = s.documents(t, s.wait(time.Minute)); len(documents) != 1 || documents[0].Components[usage("home")].UniqueID == "" {
			t.Error("what comes back is not announced again")
		}
	})
}

// same tells whether two components say the same.
func same(a, b Component) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

// A start of the agent takes over what was announced before: what is gone
// stays for ten minutes, as a disk may be slow to come, and is buried then.
func TestKeptDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := example(t)
		kept := c.Survey(host("/", "/home")).Document()
		kept.Components["odd"] = Component{Platform: "sensor", UniqueID: "someone_else"}
		kept.Components["tomb"] = Component{Platform: "sensor"}
		s := newStage(t, c)
		s.Receive(c.Topic(), kept.encode(), true)
		s.Up()
		s.Observe(host("/"))
		documents := s.documents(t, s.wait(9*time.Minute))
		if len(documents) != 1 || documents[0].Components[usage("home")].UniqueID == "" {
			t.Fatalf("got %d documents, want one that still has /home", len(documents))
		}
		for _, key := range []string{"odd", "tomb"} {
			if _, there := documents[0].Components[key]; there {
				t.Errorf("%s was taken over", key)
			}
		}
		documents = s.documents(t, s.wait(2*time.Minute))
		if len(documents) != 2 || !same(documents[0].Components[usage("home")], Component{Platform: "sensor"}) {
			t.Errorf("got %d documents, want a tombstone for /home, and then none", len(documents))
		}
	})
}

// Nothing is buried while Home Assistant is away, as it would not see it.
func TestNoBurialWhileAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, example(t))
		s.Up()
		s.Observe(host("/", "/home"))
		s.wait(time.Minute)
		s.Receive(s.config.BirthTopic, []byte("offline"), false)
		s.Observe(host("/"))
		if documents := s.documents(t, s.wait(72*time.Hour)); len(documents) != 0 {
			t.Fatalf("got %d documents while Home Assistant is away", len(documents))
		}
		s.Receive(s.config.BirthTopic, []byte("online"), false)
		documents := s.documents(t, s.wait(time.Minute))
		if len(documents) != 2 || !same(documents[0].Components[usage("home")], Component{Platform: "sensor"}) {
			t.Errorf("got %d documents, want a tombstone, and then none", len(documents))
		}
	})
}

// Who deletes the device in Home Assistant is respected, until the agent
// starts anew.
func TestDeletedDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, example(t))
		s.Up()
		s.Observe(host("/"))
		s.wait(time.Minute)
		s.Receive(s.config.Topic(), nil, false)
		s.Up()
		s.Receive(s.config.BirthTopic, []byte("online"), false)
		s.Observe(host("/", "/home"))
		if got := s.wait(time.Hour); len(got) != 0 {
			t.Errorf("published %d messages after the device was deleted", len(got))
		}
		if !strings.Contains(s.log.String(), "deleted in Home Assistant") {
			t.Errorf("the log does not say it: %s", s.log)
		}
	})
}

// A host that is not to be announced revokes what was, and else does nothing.
func TestDisabled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := example(t)
		c.Enabled = false
		s := newStage(t, c)
		s.Up()
		s.Observe(host("/"))
		if got := s.wait(time.Hour); len(got) != 0 {
			t.Fatalf("published %d messages", len(got))
		}
		s.Receive(c.Topic(), []byte(`{"device":{}}`), true)
		got := s.wait(time.Hour)
		if len(got) != 2 || got[0].topic != c.Topic() || got[1].topic != "systant/nas/homeassistant" || len(got[0].payload)+len(got[1].payload) > 0 {
			t.Errorf("got %d messages, want document and values deleted", len(got))
		}
	})
}

// A document of another machine with the same id is told.
func TestStranger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, example(t))
		s.Receive(s.config.Topic(), []byte(`{"device":{"name":"Systant clone"}}`), false)
		s.wait(time.Second)
		if log := s.log.String(); !strings.Contains(log, "same machine id") || !strings.Contains(log, `"Systant clone"`) {
			t.Errorf("got the log %s", log)
		}
	})
}

// What the broker refuses is tried again with each sample, and told once.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, example(t))
		s.breaks(errors.New("not authorized"))
		s.Up()
		for range 10 {
			s.Observe(host("/"))
			s.wait(30 * time.Second)
		}
		if n := strings.Count(s.log.String(), "not authorized"); n != 2 {
			t.Errorf("told %d times, want once for each topic: %s", n, s.log)
		}
		s.breaks(nil)
		s.Observe(host("/"))
		got := s.wait(30 * time.Second)
		if len(s.documents(t, got)) != 1 || len(s.values(got)) != 1 {
			t.Errorf("got %d messages, want document and values", len(got))
		}
	})
}

// A document that would be too large loses entities that are disabled at
// first, and none else; the same ones each time.
func TestTooLargeDocument(t *testing.T) {
	c := example(t)
	s := host("/")
	s.Network = make(map[string]schema.Network)
	for i := range 32 {
		s.Network[strings.Repeat("n", i+1)] = schema.Network{}
	}
	s.Temperature = make(map[string]schema.Temperature)
	for i := range 200 {
		s.Temperature[strings.Repeat("t", i+1)] = schema.Temperature{ValueCelsius: 40}
	}
	d := c.Survey(s).Document()
	text, left := d.fit()
	var fitted Document
	if err := json.Unmarshal(text, &fitted); err != nil {
		t.Fatal(err)
	}
	if len(text) > maxDocument || left == 0 || len(fitted.Components)+left != len(d.Components) {
		t.Errorf("got %d bytes, %d of %d entities and %d left out", len(text), len(fitted.Components), len(d.Components), left)
	}
	for _, key := range slices.Sorted(maps.Keys(d.Components)) {
		one := d.Components[key]
		if _, there := fitted.Components[key]; !there && !one.optional() {
			t.Errorf("%s was left out", key)
		}
	}
	if again, _ := d.fit(); !bytes.Equal(again, text) {
		t.Error("the same document is fitted in another way")
	}
}

// FuzzParse feeds the reader of kept documents, which anybody may have
// written: what it takes can be published again.
func FuzzParse(f *testing.F) {
	c := example(f)
	document := c.Survey(host("/")).Document()
	f.Add(document.encode())
	f.Add([]byte(`{"components":{"a":{"platform":"sensor","unique_id":"x"}},"origin":{"name":"Systant"},"state_topic":"systant/nas/homeassistant"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for key, one := range c.parse(text) {
			if one.UniqueID != c.DeviceID+"_"+key || one.buried() || !keyPattern.MatchString(key) {
				t.Errorf("took over %q: %+v", key, one)
			}
		}
		if host, ok := Parse(c.Topics, text); ok && schema.CheckHost(host) != nil {
			t.Errorf("got the host %q", host)
		}
		Check(c.Prefix, c.Topic(), text)
	})
}
