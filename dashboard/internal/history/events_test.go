package history

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"systant/pkg/schema"
)

// What happened to a host is read from its numbers.
func TestEvents(t *testing.T) {
	s, _ := open(t, func(o *Options) { o.Late = 24 * time.Hour })
	first := now().Add(-10 * time.Hour)
	boot := first.Add(-time.Hour)
	sample := func(minute int, change func(*schema.System)) {
		when := first.Add(time.Duration(minute) * time.Minute)
		system := &schema.System{OS: "NixOS", Kernel: "6.12.1", AgentVersion: "1", BootTime: boot.Unix() + int64(minute%2)}
		change(system)
		s.Sample(&schema.Stats{Hostname: "nas", Timestamp: when, System: system}, false, when)
	}
	for minute := range 60 {
		sample(minute, func(*schema.System) {})
	}
	s.Down("nas", first.Add(60*time.Minute))
	for minute := 120; minute < 180; minute++ {
		sample(minute, func(s *schema.System) {
			s.Kernel, s.BootTime = "6.12.2", first.Add(119*time.Minute).Unix()
		})
	}
	for minute := 180; minute < 200; minute++ {
		sample(minute, func(s *schema.System) { s.BootTime = first.Add(119 * time.Minute).Unix() })
	}
	s.Down("nas", first.Add(200*time.Minute))
	expect(t, s, `systant_up{host="nas"}`, first.Add(200*time.Minute), `{__name__="systant_up", host="nas"} 0`)
	e := NewEngine(s, s.options.Log)
	got, err := e.Events(t.Context(), "nas", first, first.Add(10*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	at := func(minute int) int64 { return first.Add(time.Duration(minute) * time.Minute).Unix() }
	want := fmt.Sprintf(`[{"kind":"offline","at":%d,"end":%d},{"kind":"boot","at":%d,"end":null},`+
		`{"kind":"kernel","at":%d,"end":null,"from":"6.12.1","to":"6.12.2"},{"kind":"kernel","at":%d,"end":null,"from":"6.12.2","to":"6.12.1"},`+
		`{"kind":"offline","at":%d,"end":null}]`, at(60), at(120), at(119), at(120), at(180), at(200))
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	if got, err := e.Events(t.Context(), "none", first, now()); err != nil || len(got) != 0 {
		t.Errorf("of an unknown host: got %v, %v", got, err)
	}
}
