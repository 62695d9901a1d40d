package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// maxInstances bounds how many disks, block devices or interfaces a sample
// holds: hosts that run containers by the thousand have as many interfaces.
const maxInstances = 256

// sectorBytes is the unit of sectors in /proc/diskstats, whatever the device's
// own sectors are (Documentation/block/stat.rst).
const sectorBytes = 512

// usuallyNoBlock are the devices that are left out unless asked for by name:
// floppy and optical drives, and what stands for a file or for memory.
var usuallyNoBlock = []string{"fd*", "loop*", "ram*", "sr*", "zram*"}

// block reads what the block devices do. Partitions are left out: what they
// do is in the numbers of their disk. So are devices that have never read or
// written, such as card readers without a card.
type block struct {
	host    kernel.Host
	names   selection
	window  window
	round   uint64
	devices map[string]*blockDevice
}

// blockDevice is what is remembered of one device between samples.
type blockDevice struct {
	wanted bool
	model  string
	before diskStats
	round  uint64 // the sample that saw it last
}

// newBlock returns the collector of the host's block devices.
func newBlock(c Config) (Collector, error) {
	names, err := newSelection(c.Block, usuallyNoBlock)
	return &block{host: c.Host, names: names, devices: make(map[string]*blockDevice)}, err
}

// Collect fills s.Block from /proc/diskstats
// (Documentation/admin-guide/iostats.rst) and /sys/block. It returns
// [ErrAbsent] on a host without block devices.
func (c *block) Collect(_ context.Context, s *schema.Stats, now time.Time) error {
	data, err := c.host.Read("/proc/diskstats")
	if errors.Is(err, os.ErrNotExist) {
		return ErrAbsent
	}
	if err != nil {
		return fmt.Errorf("reading diskstats: %w", err)
	}
	seconds := c.window.advance(now)
	c.round++
	blocks := make(map[string]schema.Block)
	for line := range bytes.Lines(data) {
		name, stats, bad := parseDiskStats(line)
		if bad != nil {
			err = fmt.Errorf("reading diskstats: %w", bad)
			continue
		}
		d, first := c.device(name, stats)
		if d.wanted && stats.reads+stats.writes > 0 && len(blocks) < maxInstances {
			b := schema.Block{Model: d.model}
			if !first {
				d.before.fill(&b, stats, seconds)
			}
			blocks[string(name)] = b
		}
		d.before = stats
	}
	c.forget()
	if len(blocks) > 0 {
		s.Block = blocks
	} else if err == nil {
		err = ErrAbsent
	}
	return err
}

// device returns what is known of a device, and whether it is new: first seen,
// or another one under an old name, which shows in counters that went back.
func (c *block) device(name []byte, stats diskStats) (d *blockDevice, first bool) {
	d = c.devices[string(name)]
	first = d == nil || stats.reads < d.before.reads || stats.writes < d.before.writes
	if first {
		d = c.describe(string(name))
		c.devices[string(name)] = d
	}
	d.round = c.round
	return d, first
}

// forget drops the devices that the sample did not see.
func (c *block) forget() {
	for name, d := range c.devices {
		if d.round != c.round {
			delete(c.devices, name)
		}
	}
}

// describe reads what stays as it is while a device is there: whether it is
// wanted, and its model from /sys/block/<name>/device/model, which is the
// mapping's name for the device mapper. Only whole devices have a folder
// there; the hidden ones are the paths of a multipath NVMe disk.
func (c *block) describe(name string) *blockDevice {
	// sysfs can't have the '/' of names such as "cciss/c0d0".
	folder := "/sys/block/" + strings.ReplaceAll(name, "/", "!")
	if _, err := os.Stat(c.host.Path(folder)); err != nil || !c.names.wants(name) {
		return &blockDevice{}
	}
	if hidden, err := c.host.Int(folder + "/hidden"); err == nil && hidden == 1 {
		return &blockDevice{}
	}
	d := &blockDevice{wanted: true}
	for _, file := range []string{"/device/model", "/device/name", "/dm/name"} {
		if text, err := c.host.Text(folder + file); err == nil && text != "" {
			d.model = cleanText([]byte(text), 64)
			break
		}
	}
	return d
}

// fill sets the rates of a block from what its device did since before.
func (before diskStats) fill(b *schema.Block, now diskStats, seconds float64) {
	b.ReadBytesPerSecond = perSecond(before.readSectors*sectorBytes, now.readSectors*sectorBytes, seconds)
	b.WriteBytesPerSecond = perSecond(before.writeSectors*sectorBytes, now.writeSectors*sectorBytes, seconds)
	b.ReadsPerSecond = perSecond(before.reads, now.reads, seconds)
	b.WritesPerSecond = perSecond(before.writes, now.writes, seconds)
	if now.busyTime == 0 && before.busyTime == 0 {
		return // md measured no times before Linux 5.16, and some drivers don't
	}
	const milliseconds = 1000 // in a second
	b.BusyPercent = share(0, passed(before.busyTime, now.busyTime), seconds, milliseconds)
	b.ReadLatencySeconds = latency(now.reads-before.reads, passed(before.readTime, now.readTime))
	b.WriteLatencySeconds = latency(now.writes-before.writes, passed(before.writeTime, now.writeTime))
	if seconds > 0 {
		b.QueueDepth = new(round(float64(passed(before.queueTime, now.queueTime))/milliseconds/seconds, 2))
	}
}

// passed returns by how many milliseconds a time of diskstats grew: the
// kernel prints them as 32-bit numbers, which start again from 0.
func passed(before, now uint64) uint64 {
	return uint64(uint32(now - before))
}

// latency returns the mean time of requests in seconds, to a microsecond, or
// nil where there were none.
func latency(requests, milliseconds uint64) *float64 {
	if requests == 0 {
		return nil
	}
	return new(round(float64(milliseconds)/1000/float64(requests), 6))
}
