package fleet

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"systant/pkg/schema"
)

// pick chooses the instance whose number stands for the whole group, and
// returns "" where there is none.
type pick func(r *schema.Reader, s *schema.Stats) string

// headline is one number of the overview.
type headline struct {
	metric string
	pick   pick // nil for groups without instances
}

// headlines are the numbers of [Summary.Readings], in the order shown.
var headlines = []headline{
	{"cpu.usage_percent", nil},
	{"cpu.load_1m", nil},
	{"memory.usage_percent", nil},
	{"memory.swap_usage_percent", nil},
	{"disk.usage_percent", fullestDisk},
	{"system.cpu_celsius", nil},
	{"network.rx_bytes_per_second", primaryInterface},
	{"network.tx_bytes_per_second", primaryInterface},
	{"gpu.utilization_percent", highest("gpu.utilization_percent")},
	{"gpu.memory_usage_percent", highest("gpu.utilization_percent")},
	{"pressure.cpu_some_percent", nil},
	{"pressure.memory_full_percent", nil},
	{"pressure.io_full_percent", nil},
	{"units.failed", nil},
	{"processes.total", nil},
	{"system.uptime_seconds", nil},
}

// readings returns the headline numbers that a sample has.
func readings(r *schema.Reader, s *schema.Stats) []Reading {
	readings := make([]Reading, 0, len(headlines))
	for _, h := range headlines {
		instance := ""
		if h.pick != nil {
			if instance = h.pick(r, s); instance == "" {
				continue
			}
		}
		if value, ok := r.Value(s, h.metric, instance); ok {
			readings = append(readings, Reading{Metric: h.metric, Instance: instance, Value: value})
		}
	}
	return readings
}

// highest picks the instance with the largest number of a metric, the first
// by name among equals.
func highest(metric string) pick {
	return func(r *schema.Reader, s *schema.Stats) string {
		best, most := "", 0.0
		for _, instance := range r.Instances(s, metric) {
			value, ok := r.Value(s, metric, instance)
			if ok && (best == "" || value > most) {
				best, most = instance, value
			}
		}
		return best
	}
}

// fullestDisk picks the filesystem with the largest share in use, the first by
// name among equals. Read-only ones, such as images, are full by nature.
func fullestDisk(_ *schema.Reader, s *schema.Stats) string {
	best := ""
	for _, mount := range slices.Sorted(maps.Keys(s.Disk)) {
		disk := s.Disk[mount]
		if !disk.ReadOnly && (best == "" || disk.UsagePercent > s.Disk[best].UsagePercent) {
			best = mount
		}
	}
	return best
}

// primaryInterface picks the interface that the host itself names, which is
// the one of the default route.
func primaryInterface(_ *schema.Reader, s *schema.Stats) string {
	if s.System == nil {
		return ""
	}
	if _, ok := s.Network[s.System.PrimaryInterface]; !ok {
		return ""
	}
	return s.System.PrimaryInterface
}

// summarize returns a host's row, without what only the fleet knows.
func summarize(r *schema.Reader, s *schema.Stats) Summary {
	row := blank(s.Hostname)
	row.Timestamp = s.Timestamp.UTC()
	row.IntervalSeconds = interval(s).Seconds()
	row.Tags = append(row.Tags, s.Tags...)
	row.Readings = readings(r, s)
	for _, c := range schema.Checks() {
		row.note(c.Find(s))
	}
	if s.System != nil {
		row.OS, row.OSVersion = s.System.OS, s.System.OSVersion
		row.Kernel, row.Architecture = s.System.Kernel, s.System.Architecture
		row.AgentVersion = s.System.AgentVersion
	}
	return row
}

// blank returns the row of a host of which only the name is known.
func blank(name string) Summary {
	return Summary{
		Name:            name,
		Severity:        schema.OK,
		Reasons:         []Reason{},
		IntervalSeconds: defaultInterval.Seconds(),
		Tags:            []string{},
		Readings:        []Reading{},
	}
}

// rank sorts the reasons, the most severe first, keeps the first few, and
// takes the worst as the host's severity. Reasons of equal severity keep the
// order of [schema.Checks].
func rank(row *Summary) {
	slices.SortStableFunc(row.Reasons, func(a, b Reason) int {
		return cmp.Compare(weight(b.Severity), weight(a.Severity))
	})
	if len(row.Reasons) > maxReasons {
		row.Reasons = slices.Clip(row.Reasons[:maxReasons])
	}
	if len(row.Reasons) > 0 {
		row.Severity = row.Reasons[0].Severity
	}
}

// note adds problems to the reasons.
func (row *Summary) note(problems []schema.Problem) {
	for _, p := range problems {
		row.Reasons = append(row.Reasons, Reason{Problem: p})
	}
}

// date says since when there are reasons: as before, or since a moment.
func date(reasons, before []Reason, now time.Time) {
	for i := range reasons {
		one := &reasons[i]
		one.Since = now
		same := func(r Reason) bool {
			return r.Severity == one.Severity && r.Metric == one.Metric && r.Instance == one.Instance
		}
		if at := slices.IndexFunc(before, same); at >= 0 {
			one.Since = before[at].Since
		}
	}
}

// weight orders severities.
func weight(s schema.Severity) int {
	return slices.Index([]schema.Severity{schema.OK, schema.Warning, schema.Critical}, s)
}
