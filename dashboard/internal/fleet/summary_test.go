package fleet

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/pkg/schema"
)

// machine is a sample with every headline number and nothing wrong.
const machine = `{
 "timestamp":"2026-01-02T03:04:05Z","hostname":"nas","interval_seconds":10,"tags":["lab"],
 "cpu":{"usage_percent":12.5,"load_1m":0.4,"load_5m":0.3,"load_15m":0.2,"count":4},
 "memory":{"total_bytes":1000,"used_bytes":400,"available_bytes":600,"usage_percent":40,"swap_usage_percent":1},
 "pressure":{"cpu_some_percent":2,"memory_full_percent":0,"io_full_percent":3},
 "disk":{"/":{"total_bytes":100,"usage_percent":60},"/srv":{"total_bytes":100,"usage_percent":80},
  "/iso":{"total_bytes":100,"usage_percent":100,"read_only":true}},
 "network":{"eth0":{"rx_bytes_per_second":1000,"tx_bytes_per_second":2000},"wg0":{"rx_bytes_per_second":9999}},
 "gpu":{"a":{"name":"A","vendor":"x","utilization_percent":10,"memory_usage_percent":90},
  "b":{"name":"B","vendor":"x","utilization_percent":70,"memory_usage_percent":20}},
 "temperature":{"cpu/core":{"chip":"cpu","label":"core","value_celsius":50,"critical_celsius":100}},
 "processes":{"total":123},"units":{"state":"running","failed":0},
 "system":{"uptime_seconds":3600,"cpu_celsius":50,"kernel":"6.18","os":"NixOS","os_version":"26.05",
  "architecture":"x86_64","agent_version":"1","primary_interface":"eth0"}}`

// decode returns the sample in a JSON text.
func decode(t *testing.T, text string) *schema.Stats {
	t.Helper()
	var s schema.Stats
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// TestReadings finds every headline number, and the instance that stands for
// its group.
func TestReadings(t *testing.T) {
	got := []string{}
	for _, r := range readings(schema.NewReader(), decode(t, machine)) {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %v %s", r.Metric, r.Value, r.Instance)))
	}
	want := []string{
		"cpu.usage_percent 12.5", "cpu.load_1m 0.4", "memory.usage_percent 40", "memory.swap_usage_percent 1",
		"disk.usage_percent 80 /srv", "system.cpu_celsius 50",
		"network.rx_bytes_per_second 1000 eth0", "network.tx_bytes_per_second 2000 eth0",
		"gpu.utilization_percent 70 b", "gpu.memory_usage_percent 20 b",
		"pressure.cpu_some_percent 2", "pressure.memory_full_percent 0", "pressure.io_full_percent 3",
		"units.failed 0", "processes.total 123", "system.uptime_seconds 3600",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("readings (-want +got):\n%s", diff)
	}
}

// TestReadingsAbsent gives no number that the host did not send.
func TestReadingsAbsent(t *testing.T) {
	s := decode(t, `{"hostname":"nas","cpu":{"load_1m":1},"gpu":{"a":{"name":"A"}},"system":{"uptime_seconds":5}}`)
	want := []Reading{{Metric: "cpu.load_1m", Value: 1}, {Metric: "system.uptime_seconds", Value: 5}}
	if diff := cmp.Diff(want, readings(schema.NewReader(), s)); diff != "" {
		t.Errorf("readings (-want +got):\n%s", diff)
	}
}

// TestSummaryJSON holds the row against the page's contract: every key is
// there, and lists are never null.
func TestSummaryJSON(t *testing.T) {
	f := New(Options{MaxHosts: 1})
	if err := f.Sample(&schema.Stats{Hostname: "a", Timestamp: start}, json.RawMessage("{}"), false, start); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(f.Hosts()[0])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"name":"a","state":"online","severity":"ok","reasons":[],"since":"2026-01-02T03:04:05Z",` +
		`"seen":"2026-01-02T03:04:05Z","timestamp":"2026-01-02T03:04:05Z","interval_seconds":30,"tags":[],` +
		`"os":"","os_version":"","kernel":"","architecture":"","agent_version":"","readings":[]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestReasons finds what is wrong, the most severe first.
func TestReasons(t *testing.T) {
	tests := map[string]struct {
		stats string
		want  []string // "severity metric text"
	}{
		"nothing": {machine, nil},
		"empty":   {`{}`, nil},
		"filesystems": {
			`{"disk":{"/":{"total_bytes":9,"usage_percent":97.4},"/a":{"total_bytes":9,"usage_percent":95},
			 "/b":{"total_bytes":9,"usage_percent":95.1},"/iso":{"total_bytes":9,"usage_percent":100,"read_only":true}}}`,
			[]string{"critical disk.usage_percent / 97\u202f% full", "warning disk.usage_percent /b 95\u202f% full"},
		},
		"inodes": {
			`{"disk":{"/":{"total_bytes":9,"inodes_usage_percent":99}}}`,
			[]string{"critical disk.inodes_usage_percent / 99\u202f% of inodes used"},
		},
		"temperature near and above the chip's limit": {
			`{"temperature":{"a":{"value_celsius":95,"critical_celsius":100},"b":{"value_celsius":90,"critical_celsius":90},
			 "c":{"value_celsius":120},"d":{"value_celsius":40,"critical_celsius":0}}}`,
			[]string{"critical temperature.value_celsius b 90\u202f°C, limit 90\u202f°C",
				"warning temperature.value_celsius a 95\u202f°C, limit 100\u202f°C"},
		},
		"little memory, nothing waits": {
			`{"memory":{"total_bytes":100,"available_bytes":3},"pressure":{"memory_full_percent":0}}`, nil,
		},
		"little memory, tasks wait": {
			`{"memory":{"total_bytes":100,"available_bytes":3},"pressure":{"memory_full_percent":20}}`,
			[]string{"critical memory.usage_percent memory 97\u202f% used, stalled 20\u202f% of the time"},
		},
		"units": {
			`{"units":{"failed":5,"failed_units":[{"name":"a.service"},{"name":"b.service"},{"name":"c.service"},{"name":"d.service"}]}}`,
			[]string{"warning units.failed 5 units failed: a.service, b.service, c.service and 2 more"},
		},
		"one unit without a name": {`{"units":{"failed":1}}`, []string{"warning units.failed 1 unit failed"}},
		"stalled on disks": {
			`{"pressure":{"io_full_percent":41}}`,
			[]string{"warning pressure.io_full_percent stalled on I/O 41\u202f% of the time"},
		},
		"battery": {
			`{"power":{"BAT0":{"type":"Battery","status":"Discharging","charge_percent":4},
			 "BAT1":{"type":"Battery","status":"Charging","charge_percent":4}}}`,
			[]string{"critical power.charge_percent BAT0 at 4\u202f% and discharging"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			row := summarize(schema.NewReader(), decode(t, test.stats))
			rank(&row)
			var got []string
			for _, r := range row.Reasons {
				got = append(got, fmt.Sprintf("%s %s %s", r.Severity, r.Metric, r.Text))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReasonsSince keeps when a problem of a severity began.
func TestReasonsSince(t *testing.T) {
	f := New(Options{MaxHosts: 1})
	for i, test := range []struct {
		usage float64
		want  int // seconds after the start
	}{{96, 0}, {96.5, 0}, {98, 20}, {98, 20}, {50, -1}, {98, 50}} {
		at := start.Add(time.Duration(i) * 10 * time.Second)
		s := sample("nas", at)
		s.Disk = map[string]schema.Disk{"/": {TotalBytes: 1, UsagePercent: test.usage}}
		if err := f.Sample(s, nil, false, at); err != nil {
			t.Fatal(err)
		}
		got := -1
		for _, r := range f.Hosts()[0].Reasons {
			got = int(r.Since.Sub(start).Seconds())
		}
		if got != test.want {
			t.Errorf("sample %d: got a reason since %d s, want %d", i, got, test.want)
		}
	}
}

// TestReasonsBounded keeps the worst of many reasons.
func TestReasonsBounded(t *testing.T) {
	s := &schema.Stats{Disk: map[string]schema.Disk{}}
	for i := range 100 {
		s.Disk[fmt.Sprintf("/%02d", i)] = schema.Disk{TotalBytes: 1, UsagePercent: 96}
	}
	s.Disk["/zz"] = schema.Disk{TotalBytes: 1, UsagePercent: 99}
	row := summarize(schema.NewReader(), s)
	rank(&row)
	if len(row.Reasons) != maxReasons || row.Reasons[0].Instance != "/zz" || row.Severity != schema.Critical {
		t.Errorf("got %d reasons, first of %s, severity %s", len(row.Reasons), row.Reasons[0].Instance, row.Severity)
	}
}

// TestClock notes a clock that is wrong, in live samples only.
func TestClock(t *testing.T) {
	for offset, want := range map[time.Duration]string{
		0: "", 50 * time.Second: "", -9 * time.Minute: "",
		2 * time.Hour:  "clock 2h0m0s ahead",
		-3 * time.Hour: "clock or sample 3h0m0s behind",
	} {
		got := ""
		for _, r := range clockReasons(start.Add(offset), start) {
			got = r.Text
		}
		if got != want {
			t.Errorf("offset %v: got %q, want %q", offset, got, want)
		}
	}
}

// BenchmarkSample takes one full sample.
func BenchmarkSample(b *testing.B) {
	f := New(Options{MaxHosts: 1})
	var s schema.Stats
	if err := json.Unmarshal([]byte(machine), &s); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := f.Sample(&s, json.RawMessage("{}"), false, start); err != nil {
			b.Fatal(err)
		}
	}
}
