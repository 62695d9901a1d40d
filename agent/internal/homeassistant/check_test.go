package homeassistant

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// edits are faults that a good document can have, and what Check says of each:
// its place and what is lost. An empty place is no fault.
var edits = []struct {
	name  string
	edit  func(root, device, sensor tree)
	place string
	loss  Loss
}{
	{"good", func(tree, tree, tree) {}, "", ""},
	{"unknown root key", func(r, _, _ tree) { r["stat_topic"] = "x" }, "stat_topic", LosesAll},
	{"unknown device key", func(_, d, _ tree) { d["icon"] = "mdi:x" }, "device.icon", LosesAll},
	{"no identifiers", func(_, d, _ tree) { delete(d, "identifiers") }, "device", LosesAll},
	{"number as identifier", func(_, d, _ tree) { d["identifiers"] = []any{1} }, "device.identifiers", LosesAll},
	{"number as name", func(_, d, _ tree) { d["name"] = 1 }, "device.name", LosesAll},
	{"no name", func(_, d, _ tree) { delete(d, "name") }, "device.name", LosesKey},
	{"no URL", func(_, d, _ tree) { d["configuration_url"] = "nas:4000" }, "device.configuration_url", LosesAll},
	{"no origin", func(r, _, _ tree) { delete(r, "origin") }, "origin.name", LosesAll},
	{"both availabilities", func(r, _, _ tree) { r["availability_topic"] = "x" }, "availability", LosesAll},
	{"availability of no topic", func(r, _, _ tree) { r["availability"] = []any{tree{"topic": "a/#"}} }, "availability[0].topic", LosesAll},
	{"availability as text", func(r, _, _ tree) { r["availability"] = "x" }, "availability", LosesAll},
	{"availability mode", func(r, _, _ tree) { r["availability_mode"] = "some" }, "availability_mode", LosesAll},
	{"QoS", func(r, _, _ tree) { r["qos"] = 3 }, "qos", LosesAll},
	{"no components", func(r, _, _ tree) { delete(r, "components") }, "components", LosesAll},
	{"component is no object", func(r, _, _ tree) { r["components"].(tree)["x"] = 1 }, "components.x", LosesAll},
	{"key with a space", func(r, _, s tree) { r["components"] = tree{"a b": s} }, "components.a b", LosesEntity},
	{"no platform", func(_, _, s tree) { delete(s, "platform") }, "components.x.platform", LosesAll},
	{"unknown platform", func(_, _, s tree) { s["platform"] = "gauge" }, "components.x.platform", LosesAll},
	{"tombstone", func(r, _, _ tree) { r["components"] = tree{"x": tree{"platform": "sensor"}} }, "", ""},
	{"no unique id", func(_, _, s tree) { delete(s, "unique_id") }, "components.x.unique_id", LosesAll},
	{"same unique id", func(r, _, s tree) { r["components"].(tree)["y"] = s }, "components.y.unique_id", LosesEntity},
	{"no state topic", func(r, _, _ tree) { delete(r, "state_topic") }, "components.x.state_topic", LosesEntity},
	{"wildcard as topic", func(_, _, s tree) { s["state_topic"] = "a/+" }, "components.x.state_topic", LosesEntity},
	{"unknown key", func(_, _, s tree) { s["units"] = "W" }, "components.x.units", LosesKey},
	{"category of sensors", func(_, _, s tree) { s["entity_category"] = "config" }, "components.x.entity_category", LosesEntity},
	{"id of another platform", func(_, _, s tree) { s["default_entity_id"] = "button.x" }, "components.x.default_entity_id", LosesKey},
	{"id that is none", func(_, _, s tree) { s["default_entity_id"] = "sensor.X" }, "components.x.default_entity_id", LosesKey},
	{"unit of another class", func(_, _, s tree) { s["unit_of_measurement"] = "°C" }, "components.x.unit_of_measurement", LosesEntity},
	{"no unit", func(_, _, s tree) { delete(s, "unit_of_measurement") }, "components.x.unit_of_measurement", LosesEntity},
	{"unknown class", func(_, _, s tree) { s["device_class"] = "load" }, "components.x.device_class", LosesEntity},
	{"unknown state class", func(_, _, s tree) { s["state_class"] = "mean" }, "components.x.state_class", LosesEntity},
	{"state class of another class", func(_, _, s tree) { s["state_class"] = "total" }, "components.x.state_class", LosesKey},
	{"timestamp with a unit", func(_, _, s tree) { s["device_class"] = "timestamp" }, "components.x.device_class", LosesEntity},
	{"options", func(_, _, s tree) { s["options"] = []any{"a"} }, "components.x.options", LosesEntity},
	{"text as number", func(_, _, s tree) { s["expire_after"] = "90" }, "components.x.expire_after", LosesEntity},
	{"number as switch", func(_, _, s tree) { s["enabled_by_default"] = 1 }, "components.x.enabled_by_default", LosesEntity},
	{"icon without a set", func(_, _, s tree) { s["icon"] = "fan" }, "components.x.icon", LosesEntity},
	{"open template", func(_, _, s tree) { s["value_template"] = "{{ x" }, "components.x.value_template", LosesEntity},
	{"name null", func(_, _, s tree) { s["name"] = nil }, "", ""},
	{"class of binary sensors", func(_, _, s tree) { s["platform"], s["device_class"] = "binary_sensor", "power_problem" }, "components.x.device_class", LosesEntity},
}

// Check finds each fault, at its place, and nothing in what is good.
func TestCheck(t *testing.T) {
	for _, one := range edits {
		t.Run(one.name, func(t *testing.T) {
			root := tree{
				"device": tree{"identifiers": []any{"a"}, "name": "A"}, "origin": tree{"name": "A"}, "state_topic": "a/b",
				"availability": []any{tree{"topic": "a/c"}},
				"components": tree{"x": tree{
					"platform": "sensor", "unique_id": "a_x", "device_class": "power", "unit_of_measurement": "W", "state_class": "measurement",
				}},
			}
			one.edit(root, root["device"].(tree), root["components"].(tree)["x"].(tree))
			text, err := json.Marshal(root)
			if err != nil {
				t.Fatal(err)
			}
			findings := Check("homeassistant", "homeassistant/device/a/config", text)
			if one.place == "" && len(findings) > 0 {
				t.Errorf("got %v, want nothing", findings)
			}
			if one.place != "" && !slices.ContainsFunc(findings, func(f Finding) bool { return f.Place == one.place && f.Loss == one.loss }) {
				t.Errorf("got %v, want %s: %s", findings, one.place, one.loss)
			}
		})
	}
}

// Topics and texts that are no documents are found.
func TestCheckTopic(t *testing.T) {
	for topic, good := range map[string]bool{
		"homeassistant/device/a/config":      true,
		"homeassistant/device/n/a_-9/config": true,
		"homeassistant/device/a b/config":    false,
		"homeassistant/sensor/a/config":      false,
		"ha/device/a/config":                 false,
		"homeassistant/device/config":        false,
		"homeassistant/device/a/b/c/config":  false,
	} {
		found := slices.ContainsFunc(Check("homeassistant", topic, []byte("{}")), func(f Finding) bool { return f.Place == "topic" })
		if found == good {
			t.Errorf("%s: got a finding: %v, want %v", topic, found, !good)
		}
	}
	if got := Check("homeassistant", "homeassistant/device/a/config", []byte("[")); len(got) != 1 || !strings.Contains(got[0].String(), "not a JSON object") {
		t.Errorf("got %v", got)
	}
}

// The device's id is the same for the same machine and tells nothing of its id;
// what is no machine id gives none.
func TestDeviceID(t *testing.T) {
	a, err := DeviceID("0123456789abcdef0123456789abcdef\n")
	b, _ := DeviceID("0123456789abcdef0123456789abcdee")
	if err != nil || a == b || strings.Contains(a, "0123456789abcdef") || !ValidID(a) {
		t.Errorf("got %q and %q, %v", a, b, err)
	}
	for _, text := range []string{"", "uninitialized", "0123", strings.Repeat("g", 32), strings.Repeat("0", 34)} {
		if _, err := DeviceID(text); err == nil {
			t.Errorf("%q: got an id", text)
		}
	}
}

// Values are published at whole samples, about as often as is wanted.
func TestPeriod(t *testing.T) {
	for _, one := range []struct{ interval, sample, want time.Duration }{
		{30 * time.Second, 30 * time.Second, 30 * time.Second},
		{30 * time.Second, 7 * time.Second, 28 * time.Second},
		{time.Second, 30 * time.Second, 30 * time.Second},
		{5 * time.Minute, time.Second, 5 * time.Minute},
	} {
		c := Config{Interval: one.interval, SampleInterval: one.sample}
		if got := c.period(); got != one.want {
			t.Errorf("%v of samples each %v: got %v, want %v", one.interval, one.sample, got, one.want)
		}
	}
}
