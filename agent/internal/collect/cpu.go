package collect

import (
	"context"
	"fmt"
	"strconv"
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
	clocks clocks

	room        []byte     // reused
	stat, spare kernelStat // of the sample before, and room for the next
}

// newCPU returns the collector of the host's processors.
func newCPU(c Config) (Collector, error) {
	fs, err := procfs.NewFS(c.Host.Path("/proc"))
	if err != nil {
		return nil, err
	}
	return &cpu{host: c.Host, fs: fs, clocks: newClocks(c.Host)}, nil
}

// Collect fills s.CPU and s.Core from /proc/stat, /proc/loadavg
// (Documentation/filesystems/proc.rst) and cpufreq.
func (c *cpu) Collect(_ context.Context, s *schema.Stats, now time.Time) error {
	before, seconds, err := c.advance(now)
	if err != nil {
		return fmt.Errorf("reading stat: %w", err)
	}
	stat := &c.stat
	rates := c.clocks.read(len(stat.cores))
	s.Core = make(map[string]schema.Core, len(stat.cores))
	for _, core := range stat.cores {
		var reading schema.Core
		if hertz, ok := rates[core.id]; ok {
			reading.FrequencyHertz = &hertz
		}
		// A CPU that was offline the last time has nothing to compare with.
		if last, ok := before.core(core.id); ok && seconds > 0 {
			reading.UsagePercent = spent(last, core.cpuTicks).usage()
		}
		s.Core[strconv.Itoa(core.id)] = reading
	}
	s.CPU = &schema.CPU{Count: len(stat.cores), FrequencyHertz: mean(rates)}
	if seconds > 0 {
		spent(before.total, stat.total).fill(s.CPU)
		s.CPU.ContextSwitchesPerSecond = perSecond(before.contextSwitches, stat.contextSwitches, seconds)
		s.CPU.InterruptsPerSecond = perSecond(before.interrupts, stat.interrupts, seconds)
		s.CPU.ForksPerSecond = perSecond(before.forks, stat.forks, seconds)
	}
	load, err := c.fs.LoadAvg()
	if err != nil {
		return fmt.Errorf("reading loadavg: %w", err)
	}
	s.CPU.Load1m, s.CPU.Load5m, s.CPU.Load15m = load.Load1, load.Load5, load.Load15
	return nil
}

// advance reads /proc/stat into c.stat, and returns what was there before
// and how many seconds ago.
func (c *cpu) advance(now time.Time) (before *kernelStat, seconds float64, err error) {
	if c.room, err = c.host.ReadInto(c.room, "/proc/stat"); err != nil {
		return nil, 0, err
	}
	if err := c.spare.parse(c.room); err != nil {
		return nil, 0, err
	}
	c.stat, c.spare = c.spare, c.stat
	return &c.spare, c.window.advance(now), nil
}

// core returns the time of a logical CPU, if it was online.
func (s *kernelStat) core(id int) (cpuTicks, bool) {
	// Nearly always it stands at the place of its number, or before it.
	for i := min(id, len(s.cores)-1); i >= 0; i-- {
		if s.cores[i].id == id {
			return s.cores[i].cpuTicks, true
		}
	}
	return cpuTicks{}, false
}

// cpuTime is how a stretch of processor time was spent, in 1/userHZ s.
type cpuTime struct {
	user, nice, system, idle, iowait, irq, steal, guest, total float64
}

// spent returns the time between two readings of a cpu line. A field that
// went back counts as nothing: the kernel says of iowait that it may, and of
// idle when a CPU was off. User and nice hold the time of guests too, which
// is taken out.
func spent(before, now cpuTicks) cpuTime {
	guest := grown(before.guest, now.guest)
	guestNice := grown(before.guestNice, now.guestNice)
	t := cpuTime{
		user:   max(0, grown(before.user, now.user)-guest),
		nice:   max(0, grown(before.nice, now.nice)-guestNice),
		system: grown(before.system, now.system),
		idle:   grown(before.idle, now.idle),
		iowait: grown(before.iowait, now.iowait),
		irq:    grown(before.irq, now.irq) + grown(before.softIRQ, now.softIRQ),
		steal:  grown(before.steal, now.steal),
		guest:  guest + guestNice,
	}
	t.total = t.user + t.nice + t.system + t.idle + t.iowait + t.irq + t.steal + t.guest
	return t
}

// grown returns by how much a counter grew, and 0 where it went back.
func grown(before, now uint64) float64 {
	return float64(now - min(before, now))
}

// usage returns the time that was neither idle nor waiting, in percent, or
// nil where no time is known to have passed.
func (t cpuTime) usage() *float64 {
	return t.of(t.user + t.nice + t.system + t.irq + t.steal + t.guest)
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
