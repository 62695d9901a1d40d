package main

import (
	"maps"
	"slices"

	"systant/pkg/schema"
)

// sorted returns the keys of a map in order, so that chance is dealt out in
// the same order in each run.
func sorted[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}

// moveCPU moves processor times, loads, clock rates and pressure.
func (h *host) moveCPU(s *schema.Stats) {
	if c := s.CPU; c != nil {
		busy := round(100*h.load*(0.9+0.1*h.random.Float64()), 2)
		c.UsagePercent = &busy
		c.UserPercent, c.SystemPercent = new(round(busy*0.7, 2)), new(round(busy*0.25, 2))
		c.IOWaitPercent, c.StealPercent = h.percent(c.IOWaitPercent), h.percent(c.StealPercent)
		c.Load1m = round(h.load*float64(c.Count), 2)
		c.Load5m, c.Load15m = round(c.Load1m*0.9, 2), round(c.Load1m*0.8, 2)
		c.ContextSwitchesPerSecond = h.rate(c.ContextSwitchesPerSecond)
		c.InterruptsPerSecond = h.rate(c.InterruptsPerSecond)
	}
	for _, id := range sorted(s.Core) {
		core := s.Core[id]
		core.UsagePercent = new(round(min(100, 100*h.load*2*h.random.Float64()), 2))
		s.Core[id] = core
	}
	if p := s.Pressure; p != nil {
		for _, value := range []**float64{&p.CPUSomePercent, &p.MemorySomePercent, &p.MemoryFullPercent, &p.IOSomePercent, &p.IOFullPercent} {
			*value = h.percent(*value)
		}
	}
}

// moveMemory moves what is used of memory and of disks. Disks fill slowly.
func (h *host) moveMemory(s *schema.Stats) {
	if m := s.Memory; m != nil {
		spare := float64(m.AvailableBytes) * (1 - 0.4*h.load) * (0.99 + 0.01*h.random.Float64())
		m.AvailableBytes = min(m.TotalBytes, uint64(spare))
		m.UsedBytes = m.TotalBytes - m.AvailableBytes
		if m.TotalBytes > 0 {
			m.UsagePercent = round(100*float64(m.UsedBytes)/float64(m.TotalBytes), 2)
		}
	}
	for _, mount := range sorted(s.Disk) {
		d := s.Disk[mount]
		grown := min(d.AvailableBytes, uint64(float64(h.stats.Sequence)*65536*h.random.Float64()))
		d.UsedBytes += grown
		d.AvailableBytes -= grown
		if sum := d.UsedBytes + d.AvailableBytes; sum > 0 {
			d.UsagePercent = round(100*float64(d.UsedBytes)/float64(sum), 2)
		}
		s.Disk[mount] = d
	}
}

// moveTraffic moves what disks and networks carry; the totals grow by it.
func (h *host) moveTraffic(s *schema.Stats, seconds float64) {
	for _, name := range sorted(s.Block) {
		b := s.Block[name]
		b.ReadBytesPerSecond, b.WriteBytesPerSecond = h.rate(b.ReadBytesPerSecond), h.rate(b.WriteBytesPerSecond)
		b.ReadsPerSecond, b.WritesPerSecond = h.rate(b.ReadsPerSecond), h.rate(b.WritesPerSecond)
		b.BusyPercent = h.percent(b.BusyPercent)
		s.Block[name] = b
	}
	for _, name := range sorted(s.Network) {
		n := s.Network[name]
		n.RxBytesPerSecond, n.TxBytesPerSecond = h.rate(n.RxBytesPerSecond), h.rate(n.TxBytesPerSecond)
		n.RxPacketsPerSecond, n.TxPacketsPerSecond = h.rate(n.RxPacketsPerSecond), h.rate(n.TxPacketsPerSecond)
		last := h.stats.Network[name]
		n.RxBytesTotal, n.TxBytesTotal = last.RxBytesTotal, last.TxBytesTotal
		if n.RxBytesPerSecond != nil {
			n.RxBytesTotal += uint64(*n.RxBytesPerSecond * seconds)
		}
		if n.TxBytesPerSecond != nil {
			n.TxBytesTotal += uint64(*n.TxBytesPerSecond * seconds)
		}
		s.Network[name] = n
	}
}

// moveSensors moves temperatures, fans, batteries and GPUs. A sensor that is
// at its critical limit stays there.
func (h *host) moveSensors(s *schema.Stats) {
	for _, key := range sorted(s.Temperature) {
		t := s.Temperature[key]
		if t.CriticalCelsius == nil || t.ValueCelsius < *t.CriticalCelsius {
			t.ValueCelsius = round(t.ValueCelsius+8*(h.load-0.5), 1)
			s.Temperature[key] = t
		}
	}
	if s.System != nil && s.System.CPUCelsius != nil {
		s.System.CPUCelsius = new(round(*s.System.CPUCelsius+8*(h.load-0.5), 1))
	}
	for _, key := range sorted(s.Fan) {
		f := s.Fan[key]
		f.SpeedRPM = round(f.SpeedRPM*(0.8+0.4*h.load), 0)
		s.Fan[key] = f
	}
	for _, key := range sorted(s.GPU) {
		g := s.GPU[key]
		g.UtilizationPercent, g.PowerWatts = h.percent(g.UtilizationPercent), h.rate(g.PowerWatts)
		s.GPU[key] = g
	}
}

// movePrograms moves what the processes use.
func (h *host) movePrograms(s *schema.Stats) {
	if s.Processes == nil {
		return
	}
	for _, table := range [][]schema.Process{s.Processes.TopCPU, s.Processes.TopMemory} {
		for i := range table {
			table[i].CPUPercent = h.rate(table[i].CPUPercent)
		}
	}
	s.Processes.Running = int(round(h.near(float64(s.Processes.Running)), 0))
}
