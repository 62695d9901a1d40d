package collect

import (
	"context"
	"time"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// The temperatures that a sensor can mean, in millidegrees. Chips report ones
// outside, and 0, for inputs that nothing is connected to: 8-bit ones have
// -128 and 127, NVMe disks 0 K.
const (
	coldest = -50_000
	hottest = 125_000
	// highestLimit is beyond what any maker states: NVMe disks have 65261 °C
	// for none.
	highestLimit = 150_000
)

// temperature reads the temperature sensors.
type temperature struct {
	host    kernel.Host
	names   Filter
	sensors *sensors
	limits  map[string]limits // of the sensors, by key
	zones   []zone
}

// limits are the temperatures, in degrees Celsius, above which a device is
// hot and above which it fails or is switched off; nil where nobody says.
type limits struct {
	high, critical *float64
}

// newTemperature returns the collector of the host's temperatures.
func newTemperature(c Config) (Collector, error) {
	return &temperature{
		host:    c.Host,
		names:   c.Temperature,
		sensors: newSensors(c.Host, "temp", c.Temperature),
	}, nil
}

// Collect fills s.Temperature from tempN_input in /sys/class/hwmon
// (Documentation/hwmon/sysfs-interface.rst), and from /sys/class/thermal for
// the zones that are not there too. It returns [ErrAbsent] on a host without
// either.
func (c *temperature) Collect(_ context.Context, s *schema.Stats, _ time.Time) error {
	if c.sensors.refresh() {
		c.list()
	}
	found := make(map[string]schema.Temperature, len(c.limits)+len(c.zones))
	c.sensors.each(func(chip string, input channel, value int64) {
		c.add(found, chip, input, value, c.limits[input.key])
	})
	for _, z := range c.zones {
		if value, err := readNumber(z.path); err == nil {
			c.add(found, zoneChip, z.channel, value, z.limits)
		}
	}
	if len(found) == 0 {
		return ErrAbsent
	}
	s.Temperature = found
	return nil
}

// add adds a sensor's value if it can be a temperature.
func (c *temperature) add(found map[string]schema.Temperature, chip string, input channel, millidegrees int64, l limits) {
	if millidegrees == 0 || millidegrees < coldest || millidegrees > hottest {
		return
	}
	found[input.key] = schema.Temperature{
		Chip:            chip,
		Label:           input.label,
		ValueCelsius:    round(float64(millidegrees)/1000, 1),
		HighCelsius:     l.high,
		CriticalCelsius: l.critical,
	}
}

// list reads what does not change from sample to sample: the limits, and which
// thermal zones there are.
func (c *temperature) list() {
	c.limits = make(map[string]limits)
	for _, chip := range c.sensors.chips {
		for _, input := range chip.channels {
			base := input.path[:len(input.path)-len("input")]
			c.limits[input.key] = limits{high: readLimit(base + "max"), critical: readLimit(base + "crit")}
		}
	}
	c.zones = listZones(c.host, c.names)
}

// readLimit returns a limit in degrees Celsius. Chips have 0 and figures
// beyond all reason where nobody has set one.
func readLimit(path string) *float64 {
	millidegrees, err := readNumber(path)
	if err != nil || millidegrees <= 0 || millidegrees > highestLimit {
		return nil
	}
	return new(round(float64(millidegrees)/1000, 1))
}
