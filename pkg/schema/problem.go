package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxText bounds a name within a reason's text, in characters.
const maxText = 64

// Severity is how soon somebody should look at a host.
type Severity string

// The severities, least first.
const (
	OK       Severity = "ok"
	Warning  Severity = "warning"  // look at it today
	Critical Severity = "critical" // look at it now
)

// Problem is one thing that is wrong with a host.
type Problem struct {
	Severity Severity `json:"severity"`
	// Metric is the catalogue ID that the problem is about, or "timestamp"
	// for the host's clock.
	Metric string `json:"metric"`
	// Instance is the mount point, sensor and so on, where there is one.
	Instance string `json:"instance,omitempty"`
	// Text is one short phrase for people.
	Text string `json:"text"`
}

// Check looks for problems of one kind.
type Check struct {
	// Group is the group of the catalogue that the problems are about.
	Group string
	// Find returns the problems of a sample, by instance.
	Find func(*Stats) []Problem
}

// Checks returns all that is looked at, in the order in which equally severe
// problems are shown. Thresholds that need a configuration are alert rules;
// these are the states in which a machine is about to stop doing its work. The
// slice is shared: don't change it.
func Checks() []Check {
	return checks
}

// checks are the rows of [Checks].
var checks = []Check{
	{"disk", checkFilesystems},
	{"disk", checkInodes},
	{"memory", checkMemory},
	{"temperature", checkTemperatures},
	{"units", checkUnits},
	{"pressure", checkStalls},
	{"power", checkBatteries},
}

// checkFilesystems looks for filesystems of which little is left, by the share
// free for users other than root. Read-only ones, such as images, are full by
// nature.
func checkFilesystems(s *Stats) []Problem {
	var problems []Problem
	for _, mount := range slices.Sorted(maps.Keys(s.Disk)) {
		disk := s.Disk[mount]
		free := 100 - disk.UsagePercent
		if disk.ReadOnly || disk.TotalBytes == 0 || free >= 5 {
			continue
		}
		severity := Warning
		if free < 3 {
			severity = Critical
		}
		problems = append(problems, Problem{severity, "disk.usage_percent", mount,
			fmt.Sprintf("%s %.0f\u202f%% full", shorten(mount), disk.UsagePercent)})
	}
	return problems
}

// checkInodes looks for filesystems that can hold hardly another file.
func checkInodes(s *Stats) []Problem {
	var problems []Problem
	for _, mount := range slices.Sorted(maps.Keys(s.Disk)) {
		disk := s.Disk[mount]
		if disk.ReadOnly || disk.InodesUsagePercent == nil || *disk.InodesUsagePercent <= 95 {
			continue
		}
		severity := Warning
		if *disk.InodesUsagePercent > 97 {
			severity = Critical
		}
		problems = append(problems, Problem{severity, "disk.inodes_usage_percent", mount,
			fmt.Sprintf("%s %.0f\u202f%% of inodes used", shorten(mount), *disk.InodesUsagePercent)})
	}
	return problems
}

// checkMemory looks for a machine that waits for memory. Little available
// memory alone is no fault where nothing waits for more of it.
func checkMemory(s *Stats) []Problem {
	if s.Memory == nil || s.Memory.TotalBytes == 0 {
		return nil
	}
	available := 100 * float64(s.Memory.AvailableBytes) / float64(s.Memory.TotalBytes)
	waiting := 0.0
	if s.Pressure != nil {
		waiting = orZero(s.Pressure.MemoryFullPercent)
	}
	const metric = "memory.usage_percent"
	switch {
	case available >= 5:
		return nil
	case waiting >= 10:
		return []Problem{{Critical, metric, "",
			fmt.Sprintf("memory %.0f\u202f%% used, stalled %.0f\u202f%% of the time", 100-available, waiting)}}
	case waiting > 0 || s.Pressure == nil:
		return []Problem{{Warning, metric, "", fmt.Sprintf("memory %.0f\u202f%% used", 100-available)}}
	}
	return nil
}

// checkTemperatures compares each sensor with the critical limit that its own
// chip states. Limits that no chip means, 0 and below, are left out.
func checkTemperatures(s *Stats) []Problem {
	var problems []Problem
	for _, sensor := range slices.Sorted(maps.Keys(s.Temperature)) {
		t := s.Temperature[sensor]
		limit := orZero(t.CriticalCelsius)
		if limit <= 0 || t.ValueCelsius < limit-5 {
			continue
		}
		severity := Warning
		if t.ValueCelsius >= limit {
			severity = Critical
		}
		problems = append(problems, Problem{severity, "temperature.value_celsius", sensor,
			fmt.Sprintf("%s %.0f\u202f°C, limit %.0f\u202f°C", shorten(sensor), t.ValueCelsius, limit)})
	}
	return problems
}

// checkUnits looks for failed systemd units.
func checkUnits(s *Stats) []Problem {
	if s.Units == nil || s.Units.Failed <= 0 {
		return nil
	}
	names := make([]string, 0, 3)
	for _, unit := range s.Units.FailedUnits[:min(3, len(s.Units.FailedUnits))] {
		names = append(names, shorten(unit.Name))
	}
	text := "1 unit failed"
	if s.Units.Failed > 1 {
		text = fmt.Sprintf("%d units failed", s.Units.Failed)
	}
	if len(names) > 0 {
		text += ": " + strings.Join(names, ", ")
	}
	if more := s.Units.Failed - len(names); more > 0 && len(names) > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return []Problem{{Warning, "units.failed", "", text}}
}

// checkStalls looks for a machine in which everything waits for its disks.
func checkStalls(s *Stats) []Problem {
	if s.Pressure == nil || orZero(s.Pressure.IOFullPercent) <= 40 {
		return nil
	}
	return []Problem{{Warning, "pressure.io_full_percent", "",
		fmt.Sprintf("stalled on I/O %.0f\u202f%% of the time", *s.Pressure.IOFullPercent)}}
}

// checkBatteries looks for batteries that will soon leave the machine without
// power.
func checkBatteries(s *Stats) []Problem {
	var problems []Problem
	for _, name := range slices.Sorted(maps.Keys(s.Power)) {
		battery := s.Power[name]
		if battery.ChargePercent == nil || battery.Status != "Discharging" || *battery.ChargePercent > 15 {
			continue
		}
		severity := Warning
		if *battery.ChargePercent <= 5 {
			severity = Critical
		}
		problems = append(problems, Problem{severity, "power.charge_percent", name,
			fmt.Sprintf("%s at %.0f\u202f%% and discharging", shorten(name), *battery.ChargePercent)})
	}
	return problems
}

// orZero returns a number that may be absent, or 0.
func orZero(p *float64) float64 {
	if p == nil {
		return 0
	}
	return *p
}

// shorten cuts a host's text to [maxText] characters.
func shorten(text string) string {
	for i := range text {
		if i >= maxText {
			return text[:i] + "…"
		}
	}
	return text
}
