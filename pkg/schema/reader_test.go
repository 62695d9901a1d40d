package schema

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// Numbers and Value find what the payload's JSON has, and nothing else.
func TestReader(t *testing.T) {
	const text = `{"cpu":{"usage_percent":12.5,"count":4},"core":{"1":{"usage_percent":2},"0":{"usage_percent":1}},
		"disk":{"/":{"total_bytes":10,"used_bytes":0,"available_bytes":10,"usage_percent":0},"/a b":{"total_bytes":1}},"system":{"kernel":"6.12"}}`
	var s Stats
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	r := NewReader()
	found := map[string]float64{}
	var order []string
	for n := range r.Numbers(&s) {
		key := n.Metric.ID + " " + n.Instance
		found[key] = n.Value
		order = append(order, n.Group.Name+n.Instance)
		if value, ok := r.Value(&s, n.Metric.ID, n.Instance); !ok || value != n.Value {
			t.Errorf("%s: got %v, %v, want %v", key, value, ok, n.Value)
		}
	}
	for key, want := range map[string]float64{"cpu.usage_percent ": 12.5, "cpu.count ": 4, "core.usage_percent 0": 1, "core.usage_percent 1": 2, "disk.total_bytes /a b": 1} {
		if got, ok := found[key]; !ok || got != want {
			t.Errorf("%s: got %v, %v, want %v", key, got, ok, want)
		}
	}
	if got, want := slices.Compact(order), []string{"cpu", "core0", "core1", "disk/", "disk/a b", "system"}; !slices.Equal(got[:5], want[:5]) {
		t.Errorf("got the order %q, want %q", got, want)
	}
	if _, ok := found["cpu.user_percent "]; ok {
		t.Errorf("got a number that the sample does not have in %v", slices.Sorted(maps.Keys(found)))
	}
	for _, missing := range [][2]string{{"cpu.user_percent", ""}, {"memory.used_bytes", ""}, {"disk.total_bytes", "/none"}, {"gpu.power_watts", "x"}, {"none.none", ""}} {
		if value, ok := r.Value(&s, missing[0], missing[1]); ok {
			t.Errorf("%s: got %v, want none", missing, value)
		}
	}
	if got := r.Instances(&s, "disk.used_bytes"); !slices.Equal(got, []string{"/", "/a b"}) {
		t.Errorf("got the instances %q", got)
	}
	if got := r.Instances(&s, "cpu.count"); got != nil {
		t.Errorf("got the instances %q of a group without", got)
	}
	for range r.Numbers(&s) {
		break // must not panic
	}
}

// Names of series and labels are what Prometheus takes, and unique.
func TestSeriesNames(t *testing.T) {
	seen := map[string]string{}
	for _, g := range Catalogue() {
		for _, c := range g.InstanceLabel() {
			if (c < 'a' || c > 'z') && c != '_' {
				t.Errorf("%s has the label %q", g.Name, g.InstanceLabel())
			}
		}
		for _, m := range g.Metrics {
			if other, taken := seen[m.Series()]; taken {
				t.Errorf("%s and %s are both %s", m.ID, other, m.Series())
			}
			seen[m.Series()] = m.ID
		}
	}
	if seen["systant_cpu_usage_percent"] != "cpu.usage_percent" {
		t.Errorf("got %v", seen)
	}
}
