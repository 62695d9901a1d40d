package collect

import (
	"strings"

	"systant/pkg/schema"
)

// cpuSensors say which sensors show the processor's temperature: chips by the
// start of their name, and of those the labels with one of some starts. Sensors
// in a row further up are the more telling ones.
var cpuSensors = []struct {
	chip   string
	labels []string
}{
	{"coretemp", []string{"Package id"}},
	{"k10temp", []string{"Tdie"}},
	{"zenpower", []string{"Tdie"}},
	{"k10temp", []string{"Tctl"}}, // Tdie and, on some models, an offset
	{"zenpower", []string{"Tctl"}},
	{"coretemp", []string{""}}, // a virtual machine may see cores only
	{"cpu", []string{""}},      // zones of Arm and RISC-V: cpu_thermal, cpu0_thermal, cpuss0_thermal
	{"soc", []string{""}},
	{"package_thermal", []string{""}},
	{zoneChip, []string{"x86_pkg_temp", "cpu", "CPU", "soc", "package-thermal", "package_thermal"}},
	{"thinkpad", []string{"CPU"}},
	{"dell_smm", []string{"CPU"}},
	{"via_cputemp", []string{""}},
	{"acpitz", []string{""}},
	{zoneChip, []string{"acpitz"}},
}

// cpuCelsius returns the temperature of the hottest processor package, in
// degrees Celsius, or nil where no sensor is known to be one's.
func cpuCelsius(sensors map[string]schema.Temperature) *float64 {
	for _, row := range cpuSensors {
		var hottest *float64
		for _, t := range sensors {
			if strings.HasPrefix(t.Chip, row.chip) && startsWithAny(t.Label, row.labels) && (hottest == nil || t.ValueCelsius > *hottest) {
				hottest = new(t.ValueCelsius)
			}
		}
		if hottest != nil {
			return hottest
		}
	}
	return nil
}

// startsWithAny tells whether text starts with one of the prefixes.
func startsWithAny(text string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}
