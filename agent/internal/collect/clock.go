package collect

import (
	"strconv"
	"strings"
	"time"

	"systant/agent/internal/kernel"
)

// clockPatience bounds the time that one sample spends on clock rates. On x86
// kernels from 4.14 to 5.17 measure at each question, and sleep 10 ms for it:
// more than a second on a server with many CPUs. Those that aren't reached
// have no rate.
const clockPatience = 50 * time.Millisecond

// clocks reads the clock rates of the CPUs. See [newClocks].
type clocks struct {
	host     kernel.Host
	patience time.Duration
	policies []policy
	cpus     int             // logical CPUs when the policies were listed
	age      int             // samples since then
	rates    map[int]float64 // reused
}

// policy is a group of CPUs that have one clock.
type policy struct {
	path string // of scaling_cur_freq
	cpus []int
}

// newClocks returns the clocks of a host.
func newClocks(h kernel.Host) clocks {
	return clocks{host: h, patience: clockPatience, age: rediscover, rates: make(map[int]float64)}
}

// read returns the current rate of each CPU, in hertz, from scaling_cur_freq
// (kHz) of its policy (Documentation/admin-guide/pm/cpufreq.rst); cpus is the
// number of those online. CPUs whose rate the kernel does not tell are
// missing. The map is good until the next call.
func (c *clocks) read(cpus int) map[int]float64 {
	if c.age >= rediscover || c.cpus != cpus {
		c.age, c.cpus, c.policies = 0, cpus, listPolicies(c.host)
	}
	c.age++
	clear(c.rates)
	started := time.Now()
	for _, p := range c.policies {
		khz, err := c.host.Int(p.path)
		if err == nil && khz > 0 {
			for _, id := range p.cpus {
				c.rates[id] = float64(khz) * 1000
			}
		}
		if time.Since(started) > c.patience {
			break
		}
	}
	return c.rates
}

// listPolicies returns the policies that steer a CPU which is online.
func listPolicies(h kernel.Host) []policy {
	const folder = "/sys/devices/system/cpu/cpufreq/"
	var policies []policy
	for _, name := range h.List(folder) {
		text, err := h.Text(folder + name + "/affected_cpus")
		if err != nil {
			continue
		}
		p := policy{path: folder + name + "/scaling_cur_freq"}
		for id := range strings.FieldsSeq(text) {
			if n, err := strconv.Atoi(id); err == nil {
				p.cpus = append(p.cpus, n)
			}
		}
		policies = append(policies, p)
	}
	return policies
}

// mean returns the mean of the rates, to a kilohertz, or nil without any.
func mean(rates map[int]float64) *float64 {
	if len(rates) == 0 {
		return nil
	}
	sum := 0.0
	for _, rate := range rates {
		sum += rate
	}
	return new(1000 * round(sum/float64(len(rates))/1000, 0))
}
