package collect

import (
	"context"
	"strings"
	"time"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// The temperatures that a sensor can mean, in millidegrees: chips report ones
// outside for inputs that nothing is connected to.
const (
	coldest = -60_000
	hottest = 200_000
)

// temperature reads the temperature sensors.
type temperature struct {
	host    kernel.Host
	sensors Filter
	found   []thermometer
	age     int // samples since found was listed
}

// thermometer is a sensor with what does not change about it.
type thermometer struct {
	channel
	zone           bool // of /sys/class/thermal
	high, critical *float64
}

// newTemperature returns the collector of the host's temperatures.
func newTemperature(c Config) (Collector, error) {
	return &temperature{host: c.Host, sensors: c.Temperature, age: rediscover}, nil
}

// Collect fills s.Temperature from /sys/class/hwmon, and from
// /sys/class/thermal for zones that are not there too.
func (c *temperature) Collect(_ context.Context, s *schema.Stats, _ time.Time) error {
	if c.age >= rediscover {
		c.age, c.found = 0, c.list()
	}
	c.age++
	found := make(map[string]schema.Temperature, len(c.found))
	for _, t := range c.found {
		value, ok := t.value(c.host)
		if !ok {
			continue
		}
		found[t.key] = schema.Temperature{
			Chip:            t.chip,
			Label:           t.label,
			ValueCelsius:    value,
			HighCelsius:     t.high,
			CriticalCelsius: t.critical,
		}
	}
	if len(found) == 0 {
		return ErrAbsent
	}
	s.Temperature = found
	return nil
}

// list finds the sensors, with their limits.
func (c *temperature) list() []thermometer {
	var all []thermometer
	for _, input := range listChannels(c.host, "temp") {
		all = append(all, thermometer{
			channel:  input,
			high:     c.limit(input.path + "_max"),
			critical: c.limit(input.path + "_crit"),
		})
	}
	all = append(all, c.zones()...)
	wanted := all[:0]
	for _, t := range all {
		if c.sensors.Allows(t.key, t.chip, t.label) {
			wanted = append(wanted, t)
		}
	}
	return wanted
}

// value returns the sensor's temperature in degrees Celsius.
func (t thermometer) value(h kernel.Host) (float64, bool) {
	if !t.zone {
		value, ok := t.read(h)
		return plausible(value, ok)
	}
	value, err := h.Int(t.path + "/temp")
	return plausible(value, err == nil)
}

// limit reads a limit, in degrees Celsius. Chips have 0 and figures beyond
// all reason where nobody has set one.
func (c *temperature) limit(path string) *float64 {
	value, err := c.host.Int(path)
	if celsius, ok := plausible(value, err == nil); ok && celsius > 0 && celsius < 150 {
		return &celsius
	}
	return nil
}

// zones returns the thermal zones (Documentation/driver-api/thermal/sysfs-api.rst)
// that the kernel does not show in hwmon as well, where their name ends in
// the zone's.
func (c *temperature) zones() []thermometer {
	const folder = "/sys/class/thermal"
	var found []thermometer
	var keys []channel
	for _, name := range c.host.List(folder) {
		path := folder + "/" + name
		kind, err := c.host.Text(path + "/type")
		if !strings.HasPrefix(name, "thermal_zone") || err != nil || c.inHwmon(path) {
			continue
		}
		input := channel{chip: "thermal", label: printable(kind), path: path}
		input.key = uniqueKey(keys, "thermal/"+input.label, name)
		keys = append(keys, input)
		t := thermometer{channel: input, zone: true}
		c.trips(&t)
		found = append(found, t)
	}
	return found
}

// inHwmon tells whether a thermal zone has a hwmon device of its own.
func (c *temperature) inHwmon(zone string) bool {
	for _, name := range c.host.List(zone) {
		if strings.HasPrefix(name, "hwmon") {
			return true
		}
	}
	return false
}

// trips takes a zone's limits from its trip points.
func (c *temperature) trips(t *thermometer) {
	for _, file := range c.host.List(t.path) {
		point, ok := strings.CutSuffix(file, "_type")
		if !ok || !strings.HasPrefix(point, "trip_point_") {
			continue
		}
		kind, _ := c.host.Text(t.path + "/" + file)
		at := c.limit(t.path + "/" + point + "_temp")
		switch {
		case at == nil:
		case kind == "critical":
			t.critical = at
		case kind == "hot" || kind == "passive" && t.high == nil:
			t.high = at
		}
	}
}

// plausible returns millidegrees as degrees, if they can be a temperature.
func plausible(millidegrees int64, ok bool) (celsius float64, plausible bool) {
	if !ok || millidegrees < coldest || millidegrees > hottest {
		return 0, false
	}
	return round(float64(millidegrees)/1000, 1), true
}

// cpuSensors are the chips whose sensors show the processor's temperature,
// the most telling first, with the labels that count where there are others.
var cpuSensors = []struct {
	chip   string
	labels []string
}{
	{"coretemp", []string{"Package id"}},
	{"k10temp", []string{"Tdie"}},
	{"k10temp", []string{"Tctl"}},
	{"zenpower", []string{"Tdie"}},
	{"thermal", []string{"x86_pkg_temp", "cpu-thermal", "cpu_thermal", "soc_thermal", "soc-thermal", "cpu"}},
	{"cpu_thermal", nil},
	{"cpu-thermal", nil},
	{"soc_thermal", nil},
	{"coretemp", nil},
	{"acpitz", nil},
	{"thermal", []string{"acpitz"}},
}

// cpuCelsius returns the temperature of the hottest processor package, or nil
// where no sensor is known to be one's.
func cpuCelsius(sensors map[string]schema.Temperature) *float64 {
	for _, candidate := range cpuSensors {
		var highest *float64
		for _, t := range sensors {
			if strings.HasPrefix(t.Chip, candidate.chip) && hasLabel(t.Label, candidate.labels) && (highest == nil || t.ValueCelsius > *highest) {
				highest = new(t.ValueCelsius)
			}
		}
		if highest != nil {
			return highest
		}
	}
	return nil
}

// hasLabel tells whether a label starts with one of some; without any, it does.
func hasLabel(label string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(label, prefix) {
			return true
		}
	}
	return len(prefixes) == 0
}
