package collect

import (
	"context"
	"time"

	"systant/pkg/schema"
)

// fastest is more than any fan turns, a minute; chips report more for inputs
// that nothing is connected to.
const fastest = 50_000

// fan reads the fans.
type fan struct {
	sensors *sensors
}

// newFan returns the collector of the host's fans.
func newFan(c Config) (Collector, error) {
	return &fan{sensors: newSensors(c.Host, "fan", c.Fan)}, nil
}

// Collect fills s.Fan from fanN_input in /sys/class/hwmon
// (Documentation/hwmon/sysfs-interface.rst), in revolutions a minute. A fan
// that stands still is there, with 0; so is a connector without a fan, which
// chips can't tell from it. It returns [ErrAbsent] on a host without fans.
func (c *fan) Collect(_ context.Context, s *schema.Stats, _ time.Time) error {
	c.sensors.refresh()
	found := make(map[string]schema.Fan)
	c.sensors.each(func(chip string, input channel, rpm int64) {
		if rpm >= 0 && rpm <= fastest {
			found[input.key] = schema.Fan{Chip: chip, Label: input.label, SpeedRPM: float64(rpm)}
		}
	})
	if len(found) == 0 {
		return ErrAbsent
	}
	s.Fan = found
	return nil
}
