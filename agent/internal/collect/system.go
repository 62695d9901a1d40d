package collect

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs"

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
// the device tree, the login sessions, and the routing tables.
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
	_, rest, ok := strings.Cut(string(data), "\nbtime ")
	if !ok {
		return 0, errors.New("/proc/stat has no btime")
	}
	line, _, _ := strings.Cut(rest, "\n")
	return strconv.ParseInt(line, 10, 64)
}

// readOSRelease returns the distribution's name and version from
// /etc/os-release, or /usr/lib/os-release where there is none (os-release(5)).
// Rolling distributions have no version.
func readOSRelease(h kernel.Host) (name, version string) {
	data, err := h.Read("/etc/os-release")
	if err != nil {
		if data, err = h.Read("/usr/lib/os-release"); err != nil {
			return "Linux", ""
		}
	}
	fields := parseOSRelease(data)
	name = fields["NAME"]
	if name == "" {
		name = "Linux" // the default that os-release(5) gives
	}
	version = fields["VERSION_ID"]
	if version == "" {
		version = fields["BUILD_ID"]
	}
	return name, version
}

// parseOSRelease returns the assignments of an os-release file: one a line,
// the value bare or in single or double quotes, with a backslash before
// characters that the shell would take as its own.
func parseOSRelease(data []byte) map[string]string {
	fields := make(map[string]string)
	for line := range strings.Lines(string(data)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || key == "" || key[0] == '#' {
			continue
		}
		if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			value = value[1 : n-1]
		}
		value = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\$`, `$`, "\\`", "`").Replace(value)
		fields[key] = cleanText([]byte(value), 64)
	}
	return fields
}

// architecture returns the machine's architecture as uname(2) names it, which
// kernels from 6.1 tell in /proc/sys/kernel/arch.
func architecture(h kernel.Host) string {
	if arch, err := h.Text("/proc/sys/kernel/arch"); err == nil {
		return arch
	}
	switch runtime.GOARCH {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	}
	return runtime.GOARCH
}

// machine returns the maker's name of the machine: vendor and product from
// /sys/class/dmi/id, or the model in the device tree. Placeholders that
// boards are shipped with count as nothing.
func machine(h kernel.Host) string {
	if model, err := h.Text("/proc/device-tree/model"); err == nil {
		return cleanText([]byte(model), 80)
	}
	real := func(file string) string {
		text, _ := h.Text("/sys/class/dmi/id/" + file)
		switch strings.ToLower(text) {
		case "", "to be filled by o.e.m.", "system manufacturer", "system product name", "default string", "o.e.m.", "not specified", "unknown", "none":
			return ""
		}
		return cleanText([]byte(text), 80)
	}
	vendor, product := real("sys_vendor"), real("product_name")
	if product == "" {
		vendor, product = real("board_vendor"), real("board_name")
	}
	if strings.HasPrefix(product, vendor) {
		return product
	}
	return strings.TrimSpace(vendor + " " + product)
}

// cpuModel returns the processor's name from /proc/cpuinfo. Arm kernels name
// the whole chip, on a line "Model" or "Hardware", or nothing.
func cpuModel(h kernel.Host) string {
	fs, err := procfs.NewFS(h.Path("/proc"))
	if err != nil {
		return ""
	}
	info, err := fs.CPUInfo()
	if err != nil || len(info) == 0 {
		return ""
	}
	return strings.Join(strings.Fields(cleanText([]byte(info[0].ModelName), 80)), " ")
}
