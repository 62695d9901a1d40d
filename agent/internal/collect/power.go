package collect

import (
	"context"
	"math"
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
// (Documentation/ABI/testing/sysfs-class-power). Empty bays are left out, and
// so are batteries of devices such as mice, whose scope is "Device": they
// don't feed the host. It returns [ErrAbsent] on a host without any supply.
func (c *power) Collect(_ context.Context, s *schema.Stats, _ time.Time) error {
	const folder = "/sys/class/power_supply"
	var found map[string]schema.Power
	for _, name := range c.host.List(folder) {
		path := folder + "/" + name
		kind, err := c.host.Text(path + "/type")
		if err != nil {
			continue
		}
		if scope, err := c.host.Text(path + "/scope"); err == nil && scope == "Device" {
			continue
		}
		if present, ok := c.number(path + "/present"); ok && present == 0 {
			continue
		}
		if found == nil {
			found = make(map[string]schema.Power)
		}
		found[printable(name)] = c.read(path, printable(kind))
	}
	if found == nil {
		return ErrAbsent
	}
	s.Power = found
	return nil
}

// number returns what a file holds, or false where the supply does not say.
func (c *power) number(path string) (float64, bool) {
	n, err := readNumber(c.host.Path(path))
	return float64(n), err == nil
}

// read returns one supply.
func (c *power) read(path, kind string) schema.Power {
	p := schema.Power{Type: kind}
	if kind != "Battery" && kind != "UPS" {
		if online, ok := c.number(path + "/online"); ok {
			p.Online = new(int(min(online, 1))) // 2 means a supply of adjustable voltage
		}
		return p
	}
	if status, err := c.host.Text(path + "/status"); err == nil {
		p.Status = printable(status)
	}
	p.ChargePercent = c.charge(path)
	p.HealthPercent = c.ratio(path, "_full", "_full_design")
	p.PowerWatts = c.watts(path)
	if cycles, ok := c.number(path + "/cycle_count"); ok && cycles > 0 {
		p.Cycles = new(uint64(cycles))
	}
	return p
}

// charge returns how full a battery is, in percent.
func (c *power) charge(path string) *float64 {
	if capacity, ok := c.number(path + "/capacity"); ok && capacity >= 0 {
		return new(min(capacity, 100))
	}
	return c.ratio(path, "_now", "_full")
}

// ratio returns how much of whole a part is, in percent, of two files that
// have energies (µWh), or charges (µAh) with other drivers. A new battery may
// hold more than it was designed to.
func (c *power) ratio(path, part, whole string) *float64 {
	for _, quantity := range []string{"/energy", "/charge"} {
		a, known := c.number(path + quantity + part)
		b, alsoKnown := c.number(path + quantity + whole)
		if known && alsoKnown && a >= 0 && b > 0 {
			return new(min(100, percent(a, b)))
		}
	}
	return nil
}

// watts returns the power that flows, whichever way: some drivers give it a
// sign, others don't.
func (c *power) watts(path string) *float64 {
	if power, ok := c.number(path + "/power_now"); ok {
		return new(round(math.Abs(power)*micro, 1))
	}
	current, known := c.number(path + "/current_now")
	voltage, alsoKnown := c.number(path + "/voltage_now")
	if !known || !alsoKnown {
		return nil
	}
	return new(round(math.Abs(current*micro*voltage*micro), 1))
}
