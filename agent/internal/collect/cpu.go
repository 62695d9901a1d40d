package collect

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// cpu reads processor time, load and clock rates.
type cpu struct {
	host   kernel.Host
	fs     procfs.FS
	window window
	before procfs.Stat
	clocks clocks
}

// newCPU returns the collector of the host's processors.
func newCPU(c Config) (Collector, error) {
	fs, err := procfs.NewFS(c.Host.Path("/proc"))
	if err != nil {
		return nil, err
	}
	return &cpu{host: c.Host, fs: fs}, nil
}

// Collect fills s.CPU and s.Core from /proc/stat, /proc/loadavg
// (Documentation/filesystems/proc.rst) and cpufreq.
func (c *cpu) Collect(_ context.Context, s *schema.Stats, now time.Time) error {
	stat, err := c.fs.Stat()
	if err != nil {
		return fmt.Errorf("reading stat: %w", err)
	}
	load, err := c.fs.LoadAvg()
	if err != nil {
		return fmt.Errorf("reading loadavg: %w", err)
	}
	seconds := c.window.advance(now)
	before := c.before
	c.before = stat

	frequencies := c.clocks.read(c.host, len(stat.CPU))
	s.CPU = &schema.CPU{
		Load1m:         load.Load1,
		Load5m:         load.Load5,
		Load15m:        load.Load15,
		Count:          len(stat.CPU),
		FrequencyHertz: mean(frequencies),
	}
	s.Core = make(map[string]schema.Core, len(stat.CPU))
	for id, times := range stat.CPU {
		core := schema.Core{}
		if hertz, ok := frequencies[int(id)]; ok {
			core.FrequencyHertz = &hertz
		}
		if last, ok := before.CPU[id]; ok && seconds > 0 {
			core.UsagePercent = spent(last, times).usage()
		}
		s.Core[strconv.FormatInt(id, 10)] = core
	}
	if seconds > 0 {
		spent(before.CPUTotal, stat.CPUTotal).fill(s.CPU)
		s.CPU.ContextSwitchesPerSecond = perSecond(before.ContextSwitches, stat.ContextSwitches, seconds)
		s.CPU.InterruptsPerSecond = perSecond(before.IRQTotal, stat.IRQTotal, seconds)
		s.CPU.ForksPerSecond = perSecond(before.ProcessCreated, stat.ProcessCreated, seconds)
	}
	return nil
}

// cpuTime is how a stretch of processor time was spent, in seconds.
type cpuTime struct {
	user, nice, system, idle, iowait, irq, steal, guest, total float64
}

// spent returns the time between two readings of a cpu line of /proc/stat. A
// field that went back counts as nothing: the kernel says of iowait that it
// may, and of idle when a CPU was off. User and nice hold the time of guests
// too, which is taken out.
func spent(before, now procfs.CPUStat) cpuTime {
	grown := func(before, now float64) float64 { return max(0, now-before) }
	guest := grown(before.Guest, now.Guest)
	guestNice := grown(before.GuestNice, now.GuestNice)
	t := cpuTime{
		user:   max(0, grown(before.User, now.User)-guest),
		nice:   max(0, grown(before.Nice, now.Nice)-guestNice),
		system: grown(before.System, now.System),
		idle:   grown(before.Idle, now.Idle),
		iowait: grown(before.Iowait, now.Iowait),
		irq:    grown(before.IRQ, now.IRQ) + grown(before.SoftIRQ, now.SoftIRQ),
		steal:  grown(before.Steal, now.Steal),
		guest:  guest + guestNice,
	}
	t.total = t.user + t.nice + t.system + t.idle + t.iowait + t.irq + t.steal + t.guest
	return t
}

// usage returns the time that was neither idle nor waiting, in percent, or
// nil where no time is known to have passed.
func (t cpuTime) usage() *float64 {
	return t.of(t.total - t.idle - t.iowait)
}

// of returns a part of the time in percent, or nil as usage does.
func (t cpuTime) of(part float64) *float64 {
	if t.total <= 0 {
		return nil
	}
	return new(percent(part, t.total))
}

// fill sets the percentages of the whole machine.
func (t cpuTime) fill(c *schema.CPU) {
	c.UsagePercent = t.usage()
	c.UserPercent = t.of(t.user)
	c.NicePercent = t.of(t.nice)
	c.SystemPercent = t.of(t.system)
	c.IOWaitPercent = t.of(t.iowait)
	c.IRQPercent = t.of(t.irq)
	c.StealPercent = t.of(t.steal)
	c.GuestPercent = t.of(t.guest)
}

// clocks reads the clock rates of the CPUs. The zero value has looked for
// none yet.
type clocks struct {
	cpus     int              // logical CPUs when the policies were listed
	policies map[string][]int // the CPUs of each policy's folder
}

// read returns the current rate of each CPU, in hertz, from scaling_cur_freq
// (kHz) of its policy (Documentation/admin-guide/pm/cpufreq.rst). CPUs whose
// rate the kernel does not tell are missing.
func (c *clocks) read(h kernel.Host, cpus int) map[int]float64 {
	if c.policies == nil || c.cpus != cpus {
		c.cpus, c.policies = cpus, listPolicies(h)
	}
	rates := make(map[int]float64, len(c.policies))
	for folder, members := range c.policies {
		khz, err := h.Int(folder + "/scaling_cur_freq")
		if err != nil || khz <= 0 {
			continue
		}
		for _, id := range members {
			rates[id] = float64(khz) * 1000
		}
	}
	return rates
}

// listPolicies returns the CPUs that each cpufreq policy steers now.
func listPolicies(h kernel.Host) map[string][]int {
	const folder = "/sys/devices/system/cpu/cpufreq"
	policies := make(map[string][]int)
	for _, name := range h.List(folder) {
		text, err := h.Text(folder + "/" + name + "/affected_cpus")
		if err != nil {
			continue
		}
		for id := range strings.FieldsSeq(text) {
			if n, err := strconv.Atoi(id); err == nil {
				policies[folder+"/"+name] = append(policies[folder+"/"+name], n)
			}
		}
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
	return new(round(sum/float64(len(rates)), -3))
}
