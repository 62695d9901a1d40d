package homeassistant

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"systant/pkg/schema"
)

// update has the golden files written anew.
var update = flag.Bool("update", false, "write the expected documents, values and the list of entities")

// all is a filter that lets everything pass.
type all struct{}

// Includes tells that the name is in the set.
func (all) Includes(...string) bool { return true }

// none is a filter that lets nothing pass.
type none struct{}

// Includes tells that the name is not in the set.
func (none) Includes(...string) bool { return false }

// example returns the configuration of a host named nas, as it is without a
// word in the file, and with two commands.
func example(t testing.TB) Config {
	t.Helper()
	topics, err := schema.NewTopics("systant")
	if err != nil {
		t.Fatal(err)
	}
	id, err := DeviceID("0123456789abcdef0123456789abcdef\n")
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Enabled: true, Host: "nas", Topics: topics, Prefix: "homeassistant", BirthTopic: "homeassistant/status", DeviceID: id,
		DashboardURL: "http://nas:4000/", Area: "Cellar",
		Interval: 30 * time.Second, SampleInterval: 30 * time.Second, RemoveAfter: 24 * time.Hour, EntityIDs: true,
		Filesystems: all{}, Interfaces: none{}, HasCommands: true,
		Commands: []schema.Command{
			{Trigger: "restart", Params: []schema.Param{{Name: "service", Type: schema.ParamEnum, Values: []string{"nginx", "postgresql"}}}},
			{Trigger: "wake-disks"},
		},
	}
}

// machines returns the samples of all recorded machines, by name.
func machines(t testing.TB) map[string]*schema.Stats {
	t.Helper()
	paths, err := filepath.Glob("../collect/testdata/machines/*.json")
	if err != nil || len(paths) < 5 {
		t.Fatalf("got %d machines, %v, want at least 5", len(paths), err)
	}
	samples := make(map[string]*schema.Stats)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var s schema.Stats
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		samples[strings.TrimSuffix(filepath.Base(path), ".json")] = &s
	}
	return samples
}

// golden compares a text with a file, or writes the file.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("not what %s has; look at the difference after go test ./agent/internal/homeassistant -update", path)
	}
}

// pretty returns a value as indented JSON with a line feed.
func pretty(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// Every recorded machine has a document that Home Assistant takes as a whole,
// and values, which are as the golden files have them.
func TestDocumentsOfRecordedMachines(t *testing.T) {
	c := example(t)
	for name, sample := range machines(t) {
		t.Run(name, func(t *testing.T) {
			survey := c.Survey(sample)
			d := survey.Document()
			golden(t, filepath.Join("testdata", "documents", name+".json"), pretty(t, d))
			golden(t, filepath.Join("testdata", "values", name+".json"), pretty(t, survey.Values()))
			for _, finding := range Check(c.Prefix, c.Topic(), d.encode()) {
				t.Error(finding)
			}
			if text, left := d.fit(); left > 0 || len(text) > maxDocument {
				t.Errorf("got %d bytes and %d entities left out, want all in %d bytes", len(text), left, maxDocument)
			}
		})
	}
}

// What Home Assistant computes from the values with each template is what the
// entity may be: a number for a sensor with a unit, on or off, and attributes
// that are an object. The same holds where nothing is there.
func TestTemplatesRender(t *testing.T) {
	c := example(t)
	for name, sample := range machines(t) {
		survey := c.Survey(sample)
		text, err := json.Marshal(survey.Values())
		if err != nil {
			t.Fatal(err)
		}
		for key, one := range survey.Document().Components {
			if one.ValueTemplate == "" || one.Platform == "event" {
				continue
			}
			got := render(t, one.ValueTemplate, text)
			if problem := implausible(&one, got); problem != "" {
				t.Errorf("%s: %s shows %q, want %s", name, key, got, problem)
			}
			if got := render(t, one.ValueTemplate, []byte("{}")); got != "None" {
				t.Errorf("%s without a value shows %q, want None", key, got)
			}
			if one.JSONAttributesTemplate == "" {
				continue
			}
			for _, payload := range [][]byte{text, []byte("{}")} {
				var attributes map[string]any
				if err := json.Unmarshal([]byte(render(t, one.JSONAttributesTemplate, payload)), &attributes); err != nil {
					t.Errorf("%s: attributes of %s: %v", name, key, err)
				}
			}
		}
	}
}

// implausible returns what the state of an entity should be, if it is not that.
func implausible(one *Component, state string) string {
	switch {
	case one.Platform == "binary_sensor":
		if state != "on" && state != "off" {
			return "on or off"
		}
	case one.DeviceClass == "timestamp":
		if _, err := time.Parse(time.RFC3339, state); err != nil {
			return "a time"
		}
	case one.StateClass != "":
		if !regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?$`).MatchString(state) {
			return "a number"
		}
	case state == "" || state == "None" || len(state) > maxState:
		return "a short text"
	}
	return ""
}

// A response becomes an event with its outcome; progress and the answer to a
// list do not.
func TestEventTemplate(t *testing.T) {
	c := example(t)
	event := c.commands()[0]
	code, seconds := 3, 1.25
	for _, status := range event.EventTypes {
		response := schema.Response{RequestID: `"}}{{ 1/0 }}`, Command: "restart", Status: schema.Status(status), ExitCode: &code, DurationSeconds: &seconds, Output: "{{ x }}"}
		text, err := json.Marshal(response)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(render(t, event.ValueTemplate, text)), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"event_type": status, "command": "restart", "request_id": response.RequestID, "exit_code": 3.0, "error": nil, "duration_seconds": 1.25}
		if !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	for _, silent := range []schema.Response{{Command: "restart", Status: schema.StatusRunning}, {Command: schema.List, Status: schema.StatusOK}} {
		text, err := json.Marshal(silent)
		if err != nil {
			t.Fatal(err)
		}
		if got := render(t, event.ValueTemplate, text); got != "" {
			t.Errorf("%+v: got %q, want nothing", silent, got)
		}
	}
}

// A button sends a request that says what to run and has an id of its own.
func TestButtonsSendRequests(t *testing.T) {
	c := example(t)
	var got []string
	for _, one := range c.commands()[1:] {
		var request schema.Request
		if err := json.Unmarshal([]byte(render(t, one.CommandTemplate, []byte(one.PayloadPress))), &request); err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^ha-[0-9.]+$`).MatchString(request.RequestID) || request.Source != source {
			t.Errorf("got %+v, want a request id and a source", request)
		}
		if one.CommandTopic != "systant/nas/commands" {
			t.Errorf("got the topic %s, want that of commands", one.CommandTopic)
		}
		got = append(got, fmt.Sprint(one.DefaultEntityID, " ", one.Name, " ", one.DeviceClass, ": ", request.Command, request.Params))
	}
	want := []string{
		"button.nas_restart_nginx Restart nginx restart: restart[nginx]",
		"button.nas_restart_postgresql Restart postgresql restart: restart[postgresql]",
		"button.nas_wake_disks Wake disks : wake-disks[]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Commands without a button are those that a button can't run.
func TestCommandsWithoutButtons(t *testing.T) {
	c := example(t)
	for _, one := range []schema.Command{{Trigger: "sync", RequireSignature: true}, {Trigger: "sync", Problem: "no such program"}} {
		c.Commands = []schema.Command{one}
		if got := len(c.commands()); got != 1 {
			t.Errorf("%+v: got %d entities, want the event alone", one, got)
		}
	}
	c.HasCommands = false
	if got := c.commands(); got != nil {
		t.Errorf("without commands: got %d entities, want none", len(got))
	}
}

// CheckButtons takes what presses can be made of, and nothing else.
func TestCheckButtons(t *testing.T) {
	enum := schema.Param{Name: "service", Type: schema.ParamEnum, Values: []string{"nginx"}}
	number := schema.Param{Name: "percent", Type: schema.ParamInt}
	preset := schema.Param{Name: "percent", Type: schema.ParamInt, Default: new("5")}
	many := schema.Param{Name: "service", Type: schema.ParamEnum, Values: strings.Fields(strings.Repeat("x ", maxButtons+1))}
	for want, params := range map[string][][]schema.Param{
		"":              {nil, {enum}, {preset}, {enum, preset}},
		"is none":       {{number}},
		"has no defaul": {{enum, enum}, {enum, number}},
		"has 17 values": {{many}},
	} {
		for _, p := range params {
			err := CheckButtons(&schema.Command{Trigger: "x", Params: p})
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: got %v, want %q", p, err, want)
			}
		}
	}
}

// Nothing that a host calls its things gets into a template or a topic, and
// things that differ have entities that differ.
func TestHostileNames(t *testing.T) {
	c := example(t)
	names := []string{
		"/", "/root", "root", "/srv/a_b", "/srv/a/b", "/srv/a-b", "{{ 1/0 }}", "'] }}{% x %}", "a b", "A B", "", "\x00", "ß", "ſ",
		strings.Repeat("x", 300), strings.Repeat("x", 301), "a+b", "a#b", "__", "a__b", "/mnt/{{ states }}",
	}
	s := &schema.Stats{Disk: make(map[string]schema.Disk)}
	for _, name := range names {
		s.Disk[name] = schema.Disk{TotalBytes: 100, UsedBytes: 50}
	}
	d := c.Survey(s).Document()
	for _, finding := range Check(c.Prefix, c.Topic(), d.encode()) {
		if !strings.HasSuffix(finding.Place, "default_entity_id") {
			t.Error(finding)
		}
	}
	totals := 0
	for key, one := range d.Components {
		if strings.HasPrefix(key, "disk_total__") {
			totals++
		}
		if !keyPattern.MatchString(key) {
			t.Errorf("got the key %q", key)
		}
		if one.Platform != "event" && one.ValueTemplate != "" && one.ValueTemplate != valueTemplate(key) {
			t.Errorf("got the template %q", one.ValueTemplate)
		}
	}
	if totals != len(names) {
		t.Errorf("got %d entities for %d names", totals, len(names))
	}
}

// No two metrics of the catalogue have the same key, whatever their instances
// are called, and all have a unit that Home Assistant knows.
func TestKeysOfTheCatalogue(t *testing.T) {
	seen := make(map[string]string)
	for _, g := range schema.Catalogue() {
		for _, m := range g.Metrics {
			key := metricKey(g, m, "x")
			if other := seen[key]; other != "" || strings.Contains(field(m), "__") {
				t.Errorf("%s has the key %s, as %s has", m.ID, key, other)
			}
			seen[key] = m.ID
			if _, ok := scales[m.Unit]; !ok {
				t.Errorf("%s: the unit %s has no scale", m.ID, m.Unit)
			}
		}
		if !slices.ContainsFunc(groups, func(known group) bool { return known.name == g.Name }) {
			t.Errorf("the group %s has no row", g.Name)
		}
	}
}
