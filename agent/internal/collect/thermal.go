package collect

import (
	"strings"

	"systant/agent/internal/kernel"
)

// zoneChip stands for the chip in the keys of thermal zones: "thermal/x86_pkg_temp".
const zoneChip = "thermal"

// zone is a thermal zone that hwmon does not show.
type zone struct {
	channel
	limits
}

// listZones returns the zones in /sys/class/thermal
// (Documentation/driver-api/thermal/sysfs-api.rst) that names lets through,
// less those that are switched off, that hwmon shows as well, or that measure
// nothing.
func listZones(h kernel.Host, names Filter) []zone {
	const folder = "/sys/class/thermal"
	shown := hwmonNames(h)
	keys := make(map[string]bool)
	var zones []zone
	for _, name := range h.List(folder) {
		path := folder + "/" + name
		if !strings.HasPrefix(name, "thermal_zone") {
			continue
		}
		kind, err := h.Text(path + "/type")
		// INT3400 is where Intel's firmware takes commands; it says 20 °C.
		if err != nil || shown[hwmonName(kind)] || strings.HasPrefix(kind, "INT3400") {
			continue
		}
		if mode, err := h.Text(path + "/mode"); err == nil && mode == "disabled" {
			continue
		}
		z := zone{channel: channel{label: printable(kind), path: h.Path(path + "/temp")}}
		z.key = uniqueKey(keys, zoneChip+"/"+z.label, name)
		if names.Allows(z.key, zoneChip, z.label) {
			z.limits = tripPoints(h, path)
			zones = append(zones, z)
		}
	}
	return zones
}

// hwmonNames returns the names of all chips in hwmon.
func hwmonNames(h kernel.Host) map[string]bool {
	const folder = "/sys/class/hwmon"
	names := make(map[string]bool)
	for _, name := range h.List(folder) {
		if text, err := h.Text(folder + "/" + name + "/name"); err == nil {
			names[hwmonName(text)] = true
		}
	}
	return names
}

// hwmonName returns the name that the kernel gives a thermal zone in hwmon,
// where a dash is not allowed (drivers/thermal/thermal_hwmon.c).
func hwmonName(kind string) string {
	return strings.ReplaceAll(kind, "-", "_")
}

// tripPoints returns a zone's limits: the lowest point at which the kernel
// slows the device down or warns, and that at which it shuts down.
func tripPoints(h kernel.Host, path string) limits {
	var l limits
	for _, file := range h.List(path) {
		point, ok := strings.CutSuffix(file, "_type")
		if !ok || !strings.HasPrefix(point, "trip_point_") {
			continue
		}
		kind, err := h.Text(path + "/" + file)
		at := readLimit(h.Path(path + "/" + point + "_temp"))
		switch {
		case err != nil || at == nil:
		case kind == "critical":
			l.critical = at
		case (kind == "hot" || kind == "passive") && (l.high == nil || *at < *l.high):
			l.high = at
		}
	}
	return l
}
