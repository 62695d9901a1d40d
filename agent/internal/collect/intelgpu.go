package collect

import (
	"fmt"
	"time"

	"systant/pkg/schema"
)

// energy is a counter of microjoules at a moment.
type energy struct {
	microjoules uint64
	at          time.Time
}

// readIntel returns the key, a PCI address, and the reading of a card of the
// i915 or the xe driver: the graphics clock and, for discrete cards, the
// driver's hwmon (Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon and
// -xe-hwmon). A card that sleeps is named and not read.
//
// Utilization stays absent. The kernel counts a client's busy time in the
// fdinfo of each of its descriptors, so that the card's would be the sum over
// every descriptor of every process; the totals are in the perf interface,
// which needs CAP_PERFMON.
func readIntel(card drmCard, now time.Time, last map[string]energy) (string, schema.GPU) {
	g := schema.GPU{Name: "Intel GPU " + card.pciID, Vendor: "Intel", Driver: card.driver}
	if card.asleep {
		return card.bus, g
	}
	if card.driver == "xe" {
		g.ClockHertz = card.device.scaled("tile0/gt0/freq0/act_freq", 1e6)
	} else if g.ClockHertz = card.folder.scaled("gt/gt0/rps_act_freq_mhz", 1e6); g.ClockHertz == nil {
		g.ClockHertz = card.folder.scaled("gt_act_freq_mhz", 1e6) // older kernels
	}
	if card.hwmon == "" {
		return card.bus, g
	}
	g.TemperatureCelsius = packageTemperature(card.hwmon)
	g.PowerLimitWatts = card.hwmon.scaled("power1_max", 1e-6)
	g.FanRPM = card.hwmon.scaled("fan1_input", 1)
	if used := card.hwmon.uint("energy1_input"); used != nil {
		before, ok := last[card.bus]
		if elapsed := now.Sub(before.at).Seconds(); ok && elapsed > 0 && *used >= before.microjoules {
			g.PowerWatts = new(float64(*used-before.microjoules) * 1e-6 / elapsed)
		}
		last[card.bus] = energy{microjoules: *used, at: now}
	}
	return card.bus, g
}

// packageTemperature returns the temperature in °C of the sensor labelled
// "pkg", which xe has in second place, else of the first one.
func packageTemperature(hwmon sysFolder) *float64 {
	for n := 1; n <= 4; n++ {
		if hwmon.text(fmt.Sprintf("temp%d_label", n)) == "pkg" {
			return hwmon.scaled(fmt.Sprintf("temp%d_input", n), 1e-3)
		}
	}
	return hwmon.scaled("temp1_input", 1e-3)
}
