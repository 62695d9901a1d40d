package schema

import (
	"errors"
	"strings"
	"testing"
)

// TestHostTopicsRoundTrip spells each topic and reads it again.
func TestHostTopicsRoundTrip(t *testing.T) {
	for _, prefix := range []string{DefaultPrefix, "home/lab-1/Systant_2"} {
		topics, err := NewTopics(prefix)
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"a", "nas", "web-01", strings.Repeat("h", 63)} {
			for _, kind := range kinds {
				topic := topics.Host(host, kind)
				gotHost, gotKind, err := topics.ParseHost(topic)
				if gotHost != host || gotKind != kind || err != nil {
					t.Errorf("ParseHost(%q): got %q, %q, %v, want %q, %q, nil", topic, gotHost, gotKind, err, host, kind)
				}
			}
		}
	}
}

// TestTopics checks the topics' exact words, which other programs rely on.
func TestTopics(t *testing.T) {
	topics, err := NewTopics(DefaultPrefix)
	if err != nil {
		t.Fatal(err)
	}
	check := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	check(topics.Host("nas", KindStats), "systant/nas/stats")
	check(topics.Host("nas", KindAvailable), "systant/nas/commands/available")
	check(topics.AllHosts(KindStatus), "systant/+/status")
	check(topics.Alert("disk-full", "nas"), "systant/alerts/disk-full/nas")
}

// TestParseHostRefuses checks topics that no agent spells.
func TestParseHostRefuses(t *testing.T) {
	topics, err := NewTopics(DefaultPrefix)
	if err != nil {
		t.Fatal(err)
	}
	check := func(topic string, badHost bool) {
		t.Helper()
		host, kind, err := topics.ParseHost(topic)
		if err == nil {
			t.Errorf("ParseHost(%q): got %q, %q, want an error", topic, host, kind)
		} else if errors.Is(err, ErrHost) != badHost {
			t.Errorf("ParseHost(%q): got %v, want ErrHost %v", topic, err, badHost)
		}
	}
	check("", false)
	check("systant", false)
	check("other/nas/stats", false)
	check("systantx/nas/stats", false)
	check("systant/nas", false)
	check("systant/nas/", false)
	check("systant/nas/stats/more", false)
	check("systant/alerts/disk-full/nas", false)
	check("systant//stats", true)
	check("systant/+/stats", true)
	check("systant/NAS/stats", true)
	check("systant/-nas/stats", true)
	check("systant/nas-/stats", true)
	check("systant/näs/stats", true)
	check("systant/"+strings.Repeat("h", 64)+"/stats", true)
}

// TestIsReply checks where answers may be sent to.
func TestIsReply(t *testing.T) {
	topics, err := NewTopics("home/systant")
	if err != nil {
		t.Fatal(err)
	}
	check := func(topic string, want bool) {
		t.Helper()
		if got := topics.IsReply("nas", topic); got != want {
			t.Errorf("IsReply(%.80q): got %v, want %v", topic, got, want)
		}
	}
	check("home/systant/nas/responses", true)
	check("home/systant/nas/responses/123", true)
	check("home/systant/dashboard/answers", true)
	check("home/systant/console/a.b:c@d/e", true)
	check("home/systant/other/responses", false)
	check("home/systant/other/responses/me", false)
	check("home/systant/x"+strings.Repeat("/y", 20), false)
	for _, topic := range []string{"", "home/systant", "home/systant/", "home/systant/nas", "home/systant/nas/", "systant/nas/responses",
		"homeassistant/nas/responses", "home/systant//responses", "home/systant/alerts/disk/nas", "home/systant/nas/+", "home/systant/#",
		"home/systant/nas/\x00", "home/systant/nas/\xff", "home/systant/nas/\u0085", "home/systant/nas/a b", "home/systant/x//y", "home/systant/NAS/stats", "home/systant/nas/" + strings.Repeat("a", 300)} {
		check(topic, false)
	}
	for _, kind := range kinds {
		check(topics.Host("nas", kind), kind == KindResponses)
	}
}

// TestNewTopicsRefuses checks prefixes that would break topics or filters.
func TestNewTopicsRefuses(t *testing.T) {
	for _, prefix := range []string{"", "/", "/systant", "systant/", "a//b", "a/+/b", "#", "a b", "$SYS", "ä", strings.Repeat("p", 65)} {
		if _, err := NewTopics(prefix); !errors.Is(err, ErrPrefix) {
			t.Errorf("NewTopics(%q): got %v, want ErrPrefix", prefix, err)
		}
	}
}

// FuzzParseHost checks that what is read from a topic spells that topic.
func FuzzParseHost(f *testing.F) {
	topics, err := NewTopics(DefaultPrefix)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("systant/nas/stats")
	f.Add("systant/web-01/commands/available")
	f.Add("systant/+/stats")
	f.Add("systant/a/b/c")
	f.Fuzz(func(t *testing.T, topic string) {
		host, kind, err := topics.ParseHost(topic)
		if err != nil {
			if host != "" || kind != "" {
				t.Errorf("ParseHost(%q): got %q, %q beside %v", topic, host, kind, err)
			}
			return
		}
		if again := topics.Host(host, kind); again != topic {
			t.Errorf("ParseHost(%q): got %q, %q, which spell %q", topic, host, kind, again)
		}
	})
}
