package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"systant/pkg/schema"
)

// host is one simulated host.
type host struct {
	base   schema.Stats // the recorded machine
	stats  schema.Stats // the sample that was published last
	random *rand.Rand
	load   float64 // how busy the host is, 0 to 1; it wanders
	last   time.Time
	online bool
}

// newHost returns the host with a number: the machine, with a name, tags and a
// boot of its own, and for some numbers a problem.
func newHost(n int, machine schema.Stats, interval time.Duration, now time.Time, random *rand.Rand) *host {
	base := clone(machine)
	base.Hostname = fmt.Sprintf("%s-%04d", base.Hostname, n)
	base.BootID = fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", random.Uint32(), random.IntN(1<<16), random.IntN(1<<12), random.IntN(1<<12), random.Uint64()>>16)
	base.Sequence = 0
	base.IntervalSeconds = interval.Seconds()
	base.Tags = []string{"simulated", []string{"amsterdam", "berlin", "cairo"}[n%3]}
	if base.System != nil {
		base.System.UptimeSeconds = math.Round(random.Float64() * 90 * 24 * 3600)
		base.System.BootTime = now.Unix() - int64(base.System.UptimeSeconds)
	}
	trouble(n, &base)
	h := &host{base: base, random: random, load: random.Float64(), last: now.Add(-interval)}
	h.stats = clone(base)
	return h
}

// clone returns a copy that shares nothing with s.
func clone(s schema.Stats) schema.Stats {
	data, err := json.Marshal(s)
	if err == nil {
		s = schema.Stats{}
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		panic(err) // a sample is plain data
	}
	return s
}

// trouble gives some hosts a problem that lasts.
func trouble(n int, s *schema.Stats) {
	switch {
	case n%13 == 5: // a full disk
		for _, mount := range sorted(s.Disk) {
			d := s.Disk[mount]
			free := d.TotalBytes / 200
			d.UsedBytes, d.AvailableBytes, d.UsagePercent = d.TotalBytes-free, free, 99.5
			s.Disk[mount] = d
			break
		}
	case n%17 == 6: // a hot sensor
		for _, key := range sorted(s.Temperature) {
			t := s.Temperature[key]
			if t.CriticalCelsius == nil {
				continue
			}
			t.ValueCelsius = *t.CriticalCelsius + 1
			s.Temperature[key] = t
			break
		}
	case n%19 == 7: // failed units
		s.Units = &schema.Units{State: "degraded", Failed: 2, FailedUnits: []schema.SystemdUnit{
			{Name: "backup.service", Description: "Nightly backup", SubState: "failed"},
			{Name: "certbot.service", Description: "Renew certificates", SubState: "failed"},
		}}
	case n%23 == 8 && s.Memory != nil: // hardly any memory left
		s.Memory.AvailableBytes = s.Memory.TotalBytes / 50
	}
}

// next returns the host's next sample.
func (h *host) next(now time.Time) schema.Stats {
	seconds := now.Sub(h.last).Seconds()
	h.last = now
	h.load = min(1, max(0.02, h.load+h.random.NormFloat64()*0.08))
	s := clone(h.base)
	s.Timestamp = now.UTC().Truncate(time.Millisecond)
	s.Sequence = h.stats.Sequence + 1
	h.moveCPU(&s)
	h.moveMemory(&s)
	h.moveTraffic(&s, seconds)
	h.moveSensors(&s)
	h.movePrograms(&s)
	if s.System != nil {
		s.System.UptimeSeconds = float64(now.Unix() - s.System.BootTime)
	}
	if s.Self != nil && h.stats.Self != nil {
		s.Self.CPUSecondsTotal = round(h.stats.Self.CPUSecondsTotal+seconds*0.0005, 3)
	}
	h.stats = s
	return s
}

// near returns a value that wanders around what it is at half the load.
func (h *host) near(value float64) float64 {
	return value * (0.2 + 1.6*h.load) * (0.9 + 0.2*h.random.Float64())
}

// percent moves a percentage, if the machine has it.
func (h *host) percent(p *float64) *float64 {
	if p == nil {
		return nil
	}
	return new(round(min(100, h.near(*p)), 2))
}

// rate moves a rate, if the machine has it.
func (h *host) rate(p *float64) *float64 {
	if p == nil {
		return nil
	}
	return new(round(h.near(*p), 1))
}

// round rounds to a number of decimals.
func round(value float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	return math.Round(value*scale) / scale
}
