package agent

import (
	"systant/agent/internal/collect"
	"systant/pkg/config"
)

// The bounds of what a table may ask for.
const (
	maxTop  = 100 // rows of a table
	maxGPUs = 64
)

// modulesFile is the shape of the tables that tell collectors what to leave
// out. Which collectors run is said by general.enabled_modules.
type modulesFile struct {
	Processes struct {
		filterFile
		Top     int  `toml:"top"`
		Command bool `toml:"command"`
	} `toml:"processes"`
	GPU struct {
		filterFile
		Max           int    `toml:"max"`
		Processes     int    `toml:"processes"`
		NVIDIALibrary string `toml:"nvidia_library"`
	} `toml:"gpu"`
}

// filterFile is a pair of pattern lists.
type filterFile struct {
	Include []string `toml:"include"`
	Exclude []string `toml:"exclude"`
}

// defaultModules returns what holds where the file says nothing.
func defaultModules() modulesFile {
	var m modulesFile
	m.Processes.Top = 10
	m.GPU.Max = 16
	m.GPU.Processes = 5
	return m
}

// fill checks the tables and hands them to the collectors.
func (m modulesFile) fill(f *config.File, c *collect.Config) error {
	for _, bound := range []struct {
		key        string
		value, max int
	}{
		{"processes.top", m.Processes.Top, maxTop},
		{"gpu.max", m.GPU.Max, maxGPUs},
		{"gpu.processes", m.GPU.Processes, maxTop},
	} {
		if bound.value < 0 || bound.value > bound.max {
			return f.Invalid(bound.key, "must be 0 to %d, not %d", bound.max, bound.value)
		}
	}
	c.Processes = collect.ProcessesOptions{Top: m.Processes.Top, Command: m.Processes.Command}
	c.GPU = collect.GPUOptions{Max: m.GPU.Max, Processes: m.GPU.Processes, Library: m.GPU.NVIDIALibrary}
	for _, filter := range []struct {
		table string
		file  filterFile
		into  *collect.Filter
	}{
		{"processes", m.Processes.filterFile, &c.Processes.Names},
		{"gpu", m.GPU.filterFile, &c.GPU.Names},
	} {
		if err := filter.file.compile(f, filter.table, filter.into); err != nil {
			return err
		}
	}
	return nil
}

// compile makes a filter of a table's lists; errors name the list.
func (p filterFile) compile(f *config.File, table string, into *collect.Filter) error {
	for list, patterns := range map[string][]string{"include": p.Include, "exclude": p.Exclude} {
		if _, err := collect.NewFilter(patterns, nil); err != nil {
			return f.Invalid(table+"."+list, "%v", err)
		}
	}
	filter, err := collect.NewFilter(p.Include, p.Exclude)
	*into = filter
	return err
}
