package collect

import (
	"context"
	"time"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// micro is the scale of the energies, charges, powers, currents and voltages
// in /sys/class/power_supply.
const micro = 1e-6

// power reads batteries and mains adapters.
type power struct {
	host kernel.Host
}

// newPower returns the collector of the host's power supplies.
func newPower(c Config) (Collector, error) {
	return &power{host: c.Host}, nil
}

// Collect fills s.Power from /sys/class/power_supply
// (Documentation/ABI/testing/sysfs-class-power). Batteries of devices such as
// mice, whose scope is "Device", are left out: they don't feed the host.
func (c *power) Collect(_ context.Context, s *schema.Stats, _ time.Time) error {
	const folder = "/sys/class/power_supply"
	found := make(map[string]schema.Power)
	for _, name := range c.host.List(folder) {
		path := folder + "/" + name
		kind, err := c.host.Text(path + "/type")
		if err != nil {
			continue
		}
		if scope, _ := c.host.Text(path + "/scope"); scope == "Device" {
			continue
		}
		found[printable(name)] = c.read(path, printable(kind))
	}
	if len(found) == 0 {
		return ErrAbsent
	}
	s.Power = found
	return nil
}

// read returns one supply.
func (c *power) read(path, kind string) schema.Power {
	p := schema.Power{Type: kind}
	p.Status, _ = c.host.Text(path + "/status")
	if kind != "Battery" && kind != "UPS" {
		if online, err := c.host.Int(path + "/online"); err == nil {
			p.Online = new(int(min(online, 1))) // 2 means a supply of adjustable voltage
		}
		return p
	}
	if charge, err := c.host.Int(path + "/capacity"); err == nil && charge >= 0 {
		p.ChargePercent = new(float64(min(charge, 100)))
	}
	p.HealthPercent = c.health(path)
	if cycles, err := c.host.Int(path + "/cycle_count"); err == nil && cycles > 0 {
		p.Cycles = new(uint64(cycles))
	}
	if watts, ok := c.watts(path); ok {
		p.PowerWatts = new(round(watts, 2))
	}
	return p
}

// health returns what a full battery holds of what it was designed to, which
// drivers tell as energy or as charge.
func (c *power) health(path string) *float64 {
	for _, what := range []string{"energy", "charge"} {
		full, err := c.host.Int(path + "/" + what + "_full")
		design, err2 := c.host.Int(path + "/" + what + "_full_design")
		if err == nil && err2 == nil && full > 0 && design > 0 {
			return new(percent(float64(full), float64(design)))
		}
	}
	return nil
}

// watts returns the power that flows, whichever way: some drivers give it a
// sign, others not.
func (c *power) watts(path string) (float64, bool) {
	if microwatts, err := c.host.Int(path + "/power_now"); err == nil {
		return abs(float64(microwatts) * micro), true
	}
	current, err := c.host.Int(path + "/current_now")
	voltage, err2 := c.host.Int(path + "/voltage_now")
	return abs(float64(current) * micro * float64(voltage) * micro), err == nil && err2 == nil
}

// abs returns x without its sign.
func abs(x float64) float64 {
	return max(x, -x)
}
