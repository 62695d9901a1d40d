package collect

import (
	"context"
	"time"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// fastest is more than any fan turns, a minute; chips report more for inputs
// that nothing is connected to.
const fastest = 50_000

// fan reads the fans.
type fan struct {
	host    kernel.Host
	sensors Filter
	found   []channel
	age     int // samples since found was listed
}

// newFan returns the collector of the host's fans.
func newFan(c Config) (Collector, error) {
	return &fan{host: c.Host, sensors: c.Fan, age: rediscover}, nil
}

// Collect fills s.Fan from fanN_input in /sys/class/hwmon
// (Documentation/hwmon/sysfs-interface.rst). A fan that stands still is
// there, with 0.
func (c *fan) Collect(_ context.Context, s *schema.Stats, _ time.Time) error {
	if c.age >= rediscover {
		c.age, c.found = 0, listChannels(c.host, "fan")
	}
	c.age++
	found := make(map[string]schema.Fan, len(c.found))
	for _, f := range c.found {
		if !c.sensors.Allows(f.key, f.chip, f.label) {
			continue
		}
		if speed, ok := f.read(c.host); ok && speed >= 0 && speed <= fastest {
			found[f.key] = schema.Fan{Chip: f.chip, Label: f.label, SpeedRPM: float64(speed)}
		}
	}
	if len(found) == 0 {
		return ErrAbsent
	}
	s.Fan = found
	return nil
}
