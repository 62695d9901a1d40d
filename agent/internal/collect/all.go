package collect

import (
	"slices"
	"time"

	"systant/agent/internal/kernel"
)

// Config is what the sampler and its collectors are told.
type Config struct {
	// Host is the machine to read.
	Host kernel.Host
	// Hostname, Tags and AgentVersion are published as they are.
	Hostname     string
	Tags         []string
	AgentVersion string
	// Interval is the time that the agent means to leave between samples.
	Interval time.Duration
	// Modules are the collectors to run, by name; nil means all of them.
	Modules []string

	Disk        DiskOptions
	Block       Filter // devices, by name
	Network     Filter // interfaces, by name
	Temperature Filter // sensors, by key, chip or label
	Fan         Filter // the same
	Processes   ProcessesOptions
	GPU         GPUOptions
}

// module is a collector that can be switched on and off by its name.
type module struct {
	name string
	new  func(Config) (Collector, error)
}

// modules are all collectors, in the order in which they run.
var modules = []module{
	{"cpu", newCPU},
	{"memory", newMemory},
	{"pressure", newPressure},
	{"disk", newDisk},
	{"block", newBlock},
	{"network", newNetwork},
	{"temperature", newTemperature},
	{"fan", newFan},
	{"power", newPower},
	{"processes", newProcesses},
	{"gpu", newGPU},
	{"units", newUnits},
	{"nixos", newNixOS},
	{"system", newSystem},
	{"self", newSelf},
}

// Modules returns the names of all collectors, in the order in which they run.
func Modules() []string {
	names := make([]string, len(modules))
	for i, m := range modules {
		names[i] = m.name
	}
	return names
}

// wanted tells whether a module is to run.
func (c Config) wanted(name string) bool {
	return c.Modules == nil || slices.Contains(c.Modules, name)
}
