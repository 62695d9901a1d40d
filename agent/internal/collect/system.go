package collect

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

const (
	// bootDrift is how far, in seconds, a boot time may seem to move because
	// the clock is being disciplined. The one published must not waver.
	bootDrift = 2
	// factsFor is how long what seldom changes is taken as unchanged.
	factsFor = time.Minute
)

// system reads what the host is.
type system struct {
	host  kernel.Host
	facts schema.System
	read  time.Time // when the facts that can change were read
}

// newSystem returns the collector of the facts about the host.
func newSystem(c Config) (Collector, error) {
	s := &system{host: c.Host}
	s.facts = schema.System{
		Architecture: architecture(c.Host),
		Machine:      machine(c.Host),
		CPUModel:     cpuModel(c.Host),
		AgentVersion: c.AgentVersion,
	}
	s.facts.Kernel, _ = c.Host.Text("/proc/sys/kernel/osrelease")
	return s, nil
}

// Collect fills s.System from /proc/uptime, /proc/stat, os-release(5), DMI or
// the device tree, the login sessions, the routing tables, and what tells of a
// pending reboot.
func (c *system) Collect(_ context.Context, s *schema.Stats, now time.Time) error {
	if c.read.IsZero() || now.Sub(c.read) >= factsFor {
		c.read = now
		c.refresh()
	}
	facts := c.facts
	s.System = &facts
	var err error
	if facts.UptimeSeconds, err = readUptime(c.host); err != nil {
		return fmt.Errorf("reading uptime: %w", err)
	}
	booted := float64(now.UnixMilli())/1000 - facts.UptimeSeconds
	if math.Abs(booted-float64(c.facts.BootTime)) > bootDrift {
		if c.facts.BootTime, err = readBootTime(c.host); err != nil {
			return fmt.Errorf("reading boot time: %w", err)
		}
	}
	facts.BootTime = c.facts.BootTime
	return nil
}

// refresh reads the facts that change without a boot.
func (c *system) refresh() {
	c.facts.OS, c.facts.OSVersion = readOSRelease(c.host)
	c.facts.PrimaryInterface = defaultRoute(c.host)
	if c.host.Live() {
		c.facts.PrimaryAddress = interfaceAddress(c.facts.PrimaryInterface)
	}
	c.facts.RebootNeeded, c.facts.RebootReasons = nil, nil
	if reasons, known := pendingReboot(c.host); known {
		c.facts.RebootNeeded, c.facts.RebootReasons = new(0), reasons
		if len(reasons) > 0 {
			*c.facts.RebootNeeded = 1
		}
	}
	c.facts.Users = nil
	if users, ok := countUsers(c.host); ok {
		c.facts.Users = &users
	}
}

// readUptime returns the seconds since boot, sleep included: the first number
// in /proc/uptime.
func readUptime(h kernel.Host) (float64, error) {
	text, err := h.Text("/proc/uptime")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(text, " ")
	seconds, err := strconv.ParseFloat(first, 64)
	if err != nil || !(seconds >= 0 && seconds < math.MaxInt32*60) {
		return 0, fmt.Errorf("/proc/uptime holds %.40q", text)
	}
	return seconds, nil
}

// readBootTime returns when the kernel started, in seconds since 1970, from
// btime in /proc/stat.
func readBootTime(h kernel.Host) (int64, error) {
	data, err := h.Read("/proc/stat")
	if err != nil {
		return 0, err
	}
	booted, err := parseBootTime(data)
	return booted.Unix(), err
}
