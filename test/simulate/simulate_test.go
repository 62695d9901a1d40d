package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/pkg/schema"
)

// machinesFolder is where the recorded machines are, from here.
const machinesFolder = "../../agent/internal/collect/testdata/machines"

// testFleet returns a fleet that is large enough to have every problem.
func testFleet(t *testing.T, now time.Time) *fleet {
	t.Helper()
	machines, err := readMachines(machinesFolder, "*")
	if err != nil {
		t.Fatal(err)
	}
	topics, err := schema.NewTopics(schema.DefaultPrefix)
	if err != nil {
		t.Fatal(err)
	}
	return newFleet(options{hosts: 500, interval: 30 * time.Second, seed: 1}, topics, machines, now)
}

// TestSamples looks whether every sample is one that an agent could send.
func TestSamples(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	names := make(map[string]bool)
	for _, h := range testFleet(t, now).hosts {
		var last schema.Stats
		for n := range 20 {
			s := h.next(now.Add(time.Duration(n) * 30 * time.Second))
			if err := schema.CheckHost(s.Hostname); err != nil {
				t.Fatal(err)
			}
			if s.Sequence != uint64(n+1) {
				t.Fatalf("%s: sequence = %d, want %d", s.Hostname, s.Sequence, n+1)
			}
			checkNumbers(t, s.Hostname, reflect.ValueOf(s))
			for name, n := range s.Network {
				if n.RxBytesTotal < last.Network[name].RxBytesTotal {
					t.Fatalf("%s: %s received %d bytes after %d", s.Hostname, name, n.RxBytesTotal, last.Network[name].RxBytesTotal)
				}
			}
			if n > 0 && s.CPU != nil && *s.CPU.UsagePercent == *last.CPU.UsagePercent && s.Memory.UsedBytes == last.Memory.UsedBytes {
				t.Fatalf("%s: nothing moved", s.Hostname)
			}
			last = s
		}
		names[last.Hostname] = true
	}
	if len(names) != 500 {
		t.Errorf("%d names, want 500", len(names))
	}
}

// checkNumbers fails for percentages outside 0 to 100 and negative numbers
// anywhere in a sample.
func checkNumbers(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			checkNumbers(t, name, v.Elem())
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			checkNumbers(t, name+"."+key.String(), v.MapIndex(key))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type() == reflect.TypeFor[time.Time]() {
				return
			}
			checkNumbers(t, name+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Float64:
		value := v.Float()
		cold := strings.HasSuffix(name, "Celsius") && value > -60
		if value < 0 && !cold || strings.HasSuffix(name, "Percent") && value > 100 {
			t.Fatalf("%s = %v", name, value)
		}
	}
}

// TestTrouble looks whether the fleet has every problem, and whether it lasts.
func TestTrouble(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	full, hot, failed, short := 0, 0, 0, 0
	for _, h := range testFleet(t, now).hosts {
		h.next(now)
		s := h.next(now.Add(time.Minute))
		for _, d := range s.Disk {
			if d.UsagePercent > 99 && d.TotalBytes > 1<<30 && d.AvailableBytes > 0 {
				full++
			}
		}
		for _, sensor := range s.Temperature {
			if sensor.CriticalCelsius != nil && sensor.ValueCelsius > *sensor.CriticalCelsius {
				hot++
			}
		}
		if s.Units != nil && s.Units.Failed > 0 {
			failed++
		}
		if s.Memory != nil && s.Memory.UsagePercent > 97 {
			short++
		}
	}
	if full < 10 || hot < 5 || failed < 5 || short < 5 {
		t.Errorf("%d full disks, %d hot sensors, %d with failed units, %d short of memory; want more of each", full, hot, failed, short)
	}
}

// TestSeed looks whether a seed gives the same fleet again.
func TestSeed(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	text := func(f *fleet) string {
		data, err := json.Marshal(f.hosts[3].next(now))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if one, two := text(testFleet(t, now)), text(testFleet(t, now)); one != two {
		t.Errorf("two fleets of one seed differ (-one +two):\n%s", cmp.Diff(one, two))
	}
}
