package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"systant/agent/internal/kernel"
	"systant/agent/internal/nvml"
	"systant/pkg/schema"
)

// nvidia reads the GPUs of NVIDIA's driver. It returns [nvml.ErrAbsent] on a
// host without one, and may return GPUs and the faults of others.
type nvidia interface {
	Read(now time.Time) ([]nvml.GPU, error)
	Close() error
}

// GPUOptions is what the section [gpu] sets.
type GPUOptions struct {
	// Names chooses GPUs by name and by key.
	Names Filter
	// Max is the greatest number of GPUs in a sample.
	Max int
	// Processes is the number of programs listed for each GPU.
	Processes int
	// Library is the path of NVIDIA's library; empty finds it.
	Library string
}

// gpu reads the graphics processors of all vendors.
type gpu struct {
	options GPUOptions
	host    kernel.Host
	nvidia  nvidia            // nil on a recorded host
	energy  map[string]energy // of Intel's cards, by key
}

// newGPU returns the collector of the host's GPUs. NVIDIA's library reads the
// running kernel, so that it is not asked about a recorded host.
func newGPU(c Config) (Collector, error) {
	g := &gpu{options: c.GPU, host: c.Host, energy: make(map[string]energy)}
	if c.Host.Live() {
		g.nvidia = nvml.New(c.GPU.Library)
	}
	return g, nil
}

// Close closes NVIDIA's library.
func (c *gpu) Close() error {
	if c.nvidia == nil {
		return nil
	}
	return c.nvidia.Close()
}

// Collect fills s.GPU from NVML and from the DRM cards in sysfs.
func (c *gpu) Collect(_ context.Context, s *schema.Stats, now time.Time) error {
	found := make(map[string]schema.GPU)
	var fault error
	if c.nvidia != nil {
		gpus, err := c.nvidia.Read(now)
		if !errors.Is(err, nvml.ErrAbsent) {
			fault = err
		}
		for _, g := range gpus {
			found[g.UUID] = c.fromNVIDIA(g)
		}
	}
	for _, card := range drmCards(c.host, "amdgpu", "i915", "xe") {
		var key string
		var g schema.GPU
		if card.driver == "amdgpu" {
			key, g = readAMD(card)
		} else {
			key, g = readIntel(card, now, c.energy)
		}
		found[key] = g
	}
	if len(found) == 0 {
		if fault == nil {
			return ErrAbsent
		}
		return fault
	}
	s.GPU = c.choose(found)
	return fault
}

// choose keeps the GPUs that the configuration wants, the first by key where
// there are too many, and finishes their numbers.
func (c *gpu) choose(found map[string]schema.GPU) map[string]schema.GPU {
	chosen := make(map[string]schema.GPU, len(found))
	for _, key := range slices.Sorted(maps.Keys(found)) {
		g := found[key]
		g.Name = cleanText([]byte(g.Name), 96)
		if !c.options.Names.Allows(g.Name, key) {
			continue
		}
		if len(chosen) == c.options.Max {
			break
		}
		if used, total := g.MemoryUsedBytes, g.MemoryTotalBytes; used != nil && total != nil && *total > 0 {
			g.MemoryUsagePercent = new(percent(float64(*used), float64(*total)))
		}
		for _, watts := range []**float64{&g.PowerWatts, &g.PowerLimitWatts} {
			if *watts != nil {
				*watts = new(round(**watts, 1))
			}
		}
		chosen[key] = g
	}
	return chosen
}

// fromNVIDIA turns a reading of NVML into the payload.
func (c *gpu) fromNVIDIA(g nvml.GPU) schema.GPU {
	return schema.GPU{
		Name:               g.Name,
		Vendor:             "NVIDIA",
		Driver:             g.Driver,
		UtilizationPercent: g.UtilizationPercent,
		MemoryUsedBytes:    g.MemoryUsedBytes,
		MemoryTotalBytes:   g.MemoryTotalBytes,
		TemperatureCelsius: g.TemperatureCelsius,
		PowerWatts:         g.PowerWatts,
		PowerLimitWatts:    g.PowerLimitWatts,
		FanPercent:         g.FanPercent,
		ClockHertz:         g.ClockHertz,
		MemoryClockHertz:   g.MemoryClockHertz,
		EncoderPercent:     g.EncoderPercent,
		DecoderPercent:     g.DecoderPercent,
		Processes:          c.programs(g.Processes),
	}
}

// programs returns the programs that hold most memory of a GPU, with the
// names in /proc/<pid>/comm. One that runs in a container that hides its pid
// has no name.
func (c *gpu) programs(running []nvml.Process) []schema.GPUProcess {
	slices.SortFunc(running, func(a, b nvml.Process) int {
		return cmp.Or(cmp.Compare(b.MemoryBytes, a.MemoryBytes), cmp.Compare(a.PID, b.PID))
	})
	var rows []schema.GPUProcess
	for _, p := range running[:min(len(running), c.options.Processes)] {
		// A program that has ended meanwhile has no name.
		comm, _ := c.host.Text(fmt.Sprintf("/proc/%d/comm", p.PID))
		rows = append(rows, schema.GPUProcess{PID: p.PID, Name: cleanText([]byte(comm), 64), MemoryBytes: p.MemoryBytes})
	}
	return rows
}
