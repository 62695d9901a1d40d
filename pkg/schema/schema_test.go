package schema

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// outside are the numbers of the payload that no row describes: they say what
// the sample is, or stand in a table.
var outside = []string{"sequence", "interval_seconds"}

// maxCells is the most fields a row of the catalogue may have: what serves one
// consumer lives in that consumer.
const maxCells = 6

// TestCatalogueIsComplete fills a sample by reflection and holds its numbers
// against the rows, both ways.
func TestCatalogueIsComplete(t *testing.T) {
	var s Stats
	fill(reflect.ValueOf(&s).Elem())
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var payload map[string]any
	if err := json.Unmarshal(text, &payload); err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, g := range Catalogue() {
		for _, m := range g.Metrics {
			rows = append(rows, m.ID)
		}
		group, ok := payload[g.Name].(map[string]any)
		if !ok {
			t.Errorf("group %s: not an object in the payload", g.Name)
			continue
		}
		if _, byInstance := group["a"].(map[string]any); byInstance != (g.Instance != "") {
			t.Errorf("group %s: got instances in the payload %v, want %v by the catalogue", g.Name, byInstance, g.Instance != "")
		}
	}
	numbers := numbersOf(payload)
	for _, id := range numbers {
		if !slices.Contains(rows, id) {
			t.Errorf("%s is in the payload and has no row", id)
		}
	}
	for _, id := range rows {
		if !slices.Contains(numbers, id) {
			t.Errorf("%s has a row and is not in the payload", id)
		}
	}
}

// fill sets every field of v to something that omitempty keeps, and every map
// to one entry with the key "a".
func fill(v reflect.Value) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(1, 0).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field)
		}
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("a"), value)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.String:
		v.SetString("a")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint64:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1)
	default:
		panic("the payload has a field of type " + v.Type().String())
	}
}

// numbersOf returns the IDs of all numbers in a filled payload, tables and the
// sample's own left out.
func numbersOf(payload map[string]any) []string {
	var ids []string
	add := func(prefix string, object map[string]any) {
		for key, value := range object {
			if _, ok := value.(float64); ok && !slices.Contains(outside, prefix+key) {
				ids = append(ids, prefix+key)
			}
		}
	}
	add("", payload)
	for name, value := range payload {
		group, _ := value.(map[string]any)
		add(name+".", group)
		for _, inner := range group {
			instance, _ := inner.(map[string]any)
			add(name+".", instance)
		}
	}
	return ids
}

// TestMetricsSayTheirUnit checks each row's ID, unit and words.
func TestMetricsSayTheirUnit(t *testing.T) {
	suffixes := map[Unit]string{
		Percent: "_percent", Bytes: "_bytes", BytesPerSecond: "_bytes_per_second", BitsPerSecond: "_bits_per_second",
		PerSecond: "_per_second", Seconds: "_seconds", Timestamp: "_time", Celsius: "_celsius", Hertz: "_hertz",
		Watts: "_watts", RPM: "_rpm", Count: "",
	}
	seen := make(map[string]bool)
	for _, g := range Catalogue() {
		for _, m := range g.Metrics {
			if seen[m.ID] {
				t.Errorf("%s: has two rows", m.ID)
			}
			seen[m.ID] = true
			if m.ID != g.Name+"."+m.Field() {
				t.Errorf("%s: got a row of group %s, want its own group's", m.ID, g.Name)
			}
			suffix, known := suffixes[m.Unit]
			if !known || !strings.HasSuffix(strings.TrimSuffix(m.Field(), "_total"), suffix) {
				t.Errorf("%s: got unit %q, want one that the name ends with", m.ID, m.Unit)
			}
			if m.Label == "" || !strings.HasSuffix(m.Help, ".") {
				t.Errorf("%s: got label %q and help %q, want a label and a sentence", m.ID, m.Label, m.Help)
			}
		}
	}
	for _, row := range []reflect.Type{reflect.TypeFor[Metric](), reflect.TypeFor[Group]()} {
		if n := row.NumField(); n > maxCells {
			t.Errorf("%s: got %d fields, want at most %d", row.Name(), n, maxCells)
		}
	}
}

// TestCounter checks which metrics count as counters.
func TestCounter(t *testing.T) {
	check := func(id string, want bool) {
		t.Helper()
		if got := (Metric{ID: id}).Counter(); got != want {
			t.Errorf("Counter of %s: got %v, want %v", id, got, want)
		}
	}
	check("network.rx_bytes_total", true)
	check("memory.total_bytes", false)
	check("processes.total", false)
}
