package fleet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"systant/pkg/schema"
)

// maxReasons bounds what a host can put into every browser's overview.
const maxReasons = 12

// maxText bounds a name within a reason's text, in characters.
const maxText = 64

// check returns what is wrong with one subject of a sample; the instances it
// names are sorted.
type check func(s *schema.Stats) []Reason

// checks are all that is looked at, in the order in which equally severe
// reasons are shown. Thresholds that need a configuration are alert rules;
// these are the states in which a machine is about to stop doing its work.
var checks = []check{
	checkFilesystems,
	checkInodes,
	checkMemory,
	checkTemperatures,
	checkUnits,
	checkStalls,
	checkBatteries,
}

// checkFilesystems looks for filesystems of which little is left, by the share
// free for users other than root. Read-only ones, such as images, are full by
// nature.
func checkFilesystems(s *schema.Stats) []Reason {
	var reasons []Reason
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
		reasons = append(reasons, Reason{severity, "disk.usage_percent", mount,
			fmt.Sprintf("%s %.0f\u202f%% full", shorten(mount), disk.UsagePercent)})
	}
	return reasons
}

// checkInodes looks for filesystems that can hold hardly another file.
func checkInodes(s *schema.Stats) []Reason {
	var reasons []Reason
	for _, mount := range slices.Sorted(maps.Keys(s.Disk)) {
		disk := s.Disk[mount]
		if disk.ReadOnly || disk.InodesUsagePercent == nil || *disk.InodesUsagePercent <= 95 {
			continue
		}
		severity := Warning
		if *disk.InodesUsagePercent > 97 {
			severity = Critical
		}
		reasons = append(reasons, Reason{severity, "disk.inodes_usage_percent", mount,
			fmt.Sprintf("%s %.0f\u202f%% of inodes used", shorten(mount), *disk.InodesUsagePercent)})
	}
	return reasons
}

// checkMemory looks for a machine that waits for memory. Little available
// memory alone is no fault where nothing waits for more of it.
func checkMemory(s *schema.Stats) []Reason {
	if s.Memory == nil || s.Memory.TotalBytes == 0 {
		return nil
	}
	available := 100 * float64(s.Memory.AvailableBytes) / float64(s.Memory.TotalBytes)
	waiting := 0.0
	if s.Pressure != nil {
		waiting = value(s.Pressure.MemoryFullPercent)
	}
	const metric = "memory.usage_percent"
	switch {
	case available >= 5:
		return nil
	case waiting >= 10:
		return []Reason{{Critical, metric, "",
			fmt.Sprintf("memory %.0f\u202f%% used, stalled %.0f\u202f%% of the time", 100-available, waiting)}}
	case waiting > 0 || s.Pressure == nil:
		return []Reason{{Warning, metric, "", fmt.Sprintf("memory %.0f\u202f%% used", 100-available)}}
	}
	return nil
}

// checkTemperatures compares each sensor with the critical limit that its own
// chip states. Limits that no chip means, 0 and below, are left out.
func checkTemperatures(s *schema.Stats) []Reason {
	var reasons []Reason
	for _, sensor := range slices.Sorted(maps.Keys(s.Temperature)) {
		t := s.Temperature[sensor]
		limit := value(t.CriticalCelsius)
		if limit <= 0 || t.ValueCelsius < limit-5 {
			continue
		}
		severity := Warning
		if t.ValueCelsius >= limit {
			severity = Critical
		}
		reasons = append(reasons, Reason{severity, "temperature.value_celsius", sensor,
			fmt.Sprintf("%s %.0f\u202f°C, limit %.0f\u202f°C", shorten(sensor), t.ValueCelsius, limit)})
	}
	return reasons
}

// checkUnits looks for failed systemd units.
func checkUnits(s *schema.Stats) []Reason {
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
	return []Reason{{Warning, "units.failed", "", text}}
}

// checkStalls looks for a machine in which everything waits for its disks.
func checkStalls(s *schema.Stats) []Reason {
	if s.Pressure == nil || value(s.Pressure.IOFullPercent) <= 40 {
		return nil
	}
	return []Reason{{Warning, "pressure.io_full_percent", "",
		fmt.Sprintf("stalled on I/O %.0f\u202f%% of the time", *s.Pressure.IOFullPercent)}}
}

// checkBatteries looks for batteries that will soon leave the machine without
// power.
func checkBatteries(s *schema.Stats) []Reason {
	var reasons []Reason
	for _, name := range slices.Sorted(maps.Keys(s.Power)) {
		battery := s.Power[name]
		if battery.ChargePercent == nil || battery.Status != "Discharging" || *battery.ChargePercent > 15 {
			continue
		}
		severity := Warning
		if *battery.ChargePercent <= 5 {
			severity = Critical
		}
		reasons = append(reasons, Reason{severity, "power.charge_percent", name,
			fmt.Sprintf("%s at %.0f\u202f%% and discharging", shorten(name), *battery.ChargePercent)})
	}
	return reasons
}

// clockReasons compares a host's clock with this machine's. A sample may
// have waited in a queue, so that only a large lag is the clock's.
func clockReasons(timestamp, now time.Time) []Reason {
	ahead := timestamp.Sub(now).Round(time.Second)
	switch {
	case ahead > time.Minute:
		return []Reason{{Warning, "timestamp", "", "clock " + ahead.String() + " ahead"}}
	case ahead < -10*time.Minute:
		return []Reason{{Warning, "timestamp", "", "clock or sample " + (-ahead).String() + " behind"}}
	}
	return nil
}

// value returns a number that may be absent, or 0.
func value(p *float64) float64 {
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
