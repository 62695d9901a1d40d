package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/procfs"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// errMeminfo is returned for a /proc/meminfo that does not tell how much
// memory there is.
var errMeminfo = errors.New("no MemTotal")

// memory reads RAM and swap.
type memory struct {
	host   kernel.Host
	fs     procfs.FS
	window window
	room   []byte            // reused
	before map[string]uint64 // of /proc/vmstat
}

// newMemory returns the collector of the host's memory.
func newMemory(c Config) (Collector, error) {
	fs, err := procfs.NewFS(c.Host.Path("/proc"))
	if err != nil {
		return nil, err
	}
	return &memory{host: c.Host, fs: fs}, nil
}

// Collect fills s.Memory from /proc/meminfo and /proc/vmstat
// (Documentation/filesystems/proc.rst).
func (c *memory) Collect(_ context.Context, s *schema.Stats, now time.Time) error {
	info, err := c.fs.Meminfo()
	if err != nil {
		return fmt.Errorf("reading meminfo: %w", err)
	}
	if info.MemTotalBytes == nil {
		return fmt.Errorf("reading meminfo: %w", errMeminfo)
	}
	s.Memory = fromMeminfo(info)
	if c.room, err = c.host.ReadInto(c.room, "/proc/vmstat"); err != nil {
		return fmt.Errorf("reading vmstat: %w", err)
	}
	seconds := c.window.advance(now)
	before, events := c.before, parseVMStat(c.room)
	c.before = events
	page := uint64(os.Getpagesize())
	rate := func(key string, scale uint64) *float64 {
		value, known := events[key]
		last, knew := before[key]
		if !known || !knew {
			return nil
		}
		return perSecond(last*scale, value*scale, seconds)
	}
	s.Memory.SwapInBytesPerSecond = rate("pswpin", page)
	s.Memory.SwapOutBytesPerSecond = rate("pswpout", page)
	s.Memory.MajorFaultsPerSecond = rate("pgmajfault", 1)
	if kills, ok := events["oom_kill"]; ok {
		s.Memory.OOMKillsTotal = &kills
	}
	return nil
}

// fromMeminfo derives the section from /proc/meminfo. Kernels before 3.14
// have no MemAvailable; free memory and the caches come closest to it, without
// shared memory, which counts as cache and can't be dropped.
func fromMeminfo(info procfs.Meminfo) *schema.Memory {
	bytes := func(p *uint64) uint64 {
		if p == nil {
			return 0
		}
		return *p
	}
	m := &schema.Memory{
		TotalBytes:     bytes(info.MemTotalBytes),
		BuffersBytes:   bytes(info.BuffersBytes),
		CachedBytes:    bytes(info.CachedBytes) + bytes(info.SReclaimableBytes),
		SharedBytes:    bytes(info.ShmemBytes),
		DirtyBytes:     bytes(info.DirtyBytes),
		SwapTotalBytes: bytes(info.SwapTotalBytes),
	}
	m.AvailableBytes = bytes(info.MemFreeBytes) + m.BuffersBytes + m.CachedBytes - min(m.SharedBytes, m.CachedBytes)
	if info.MemAvailableBytes != nil {
		m.AvailableBytes = *info.MemAvailableBytes
	}
	// A container's view of the host may have more available than its limit.
	m.AvailableBytes = min(m.AvailableBytes, m.TotalBytes)
	m.UsedBytes = m.TotalBytes - m.AvailableBytes
	m.UsagePercent = percent(float64(m.UsedBytes), float64(m.TotalBytes))
	m.SwapUsedBytes = m.SwapTotalBytes - min(m.SwapTotalBytes, bytes(info.SwapFreeBytes))
	if m.SwapTotalBytes > 0 {
		m.SwapUsagePercent = new(percent(float64(m.SwapUsedBytes), float64(m.SwapTotalBytes)))
	}
	return m
}

// parseVMStat returns the counters of /proc/vmstat that are published:
// pswpin, pswpout (pages), pgmajfault and oom_kill (events). Those that the
// kernel does not have, and lines that are not "name number", are left out.
func parseVMStat(data []byte) map[string]uint64 {
	events := make(map[string]uint64, 4)
	for line := range bytes.Lines(data) {
		key, value, ok := bytes.Cut(bytes.TrimSpace(line), []byte{' '})
		if !ok {
			continue
		}
		switch string(key) {
		case "pswpin", "pswpout", "pgmajfault", "oom_kill":
			if n, err := strconv.ParseUint(string(value), 10, 64); err == nil {
				events[string(key)] = n
			}
		}
	}
	return events
}
