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
	Disk struct {
		filterFile
		Filesystems        []string `toml:"filesystems"`
		ExcludeFilesystems []string `toml:"exclude_filesystems"`
	} `toml:"disk"`
	Block       filterFile `toml:"block"`
	Network     filterFile `toml:"network"`
	Temperature filterFile `toml:"temperature"`
	Fan         filterFile `toml:"fan"`
	Processes   struct {
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
		{"disk", m.Disk.filterFile, &c.Disk.Mounts},
		{"block", m.Block, &c.Block},
		{"network", m.Network, &c.Network},
		{"temperature", m.Temperature, &c.Temperature},
		{"fan", m.Fan, &c.Fan},
		{"processes", m.Processes.filterFile, &c.Processes.Names},
		{"gpu", m.GPU.filterFile, &c.GPU.Names},
	} {
		if err := filter.file.compile(f, filter.table, filter.into); err != nil {
			return err
		}
	}
	types := filterFile{m.Disk.Filesystems, m.Disk.ExcludeFilesystems}
	return types.compileAs(f, "disk.filesystems", "disk.exclude_filesystems", &c.Disk.Filesystems)
}

// compile makes a filter of a table's lists.
func (p filterFile) compile(f *config.File, table string, into *collect.Filter) error {
	return p.compileAs(f, table+".include", table+".exclude", into)
}

// compileAs makes a filter of two lists; errors name the list by its key.
func (p filterFile) compileAs(f *config.File, include, exclude string, into *collect.Filter) error {
	if _, err := collect.NewFilter(p.Include, nil); err != nil {
		return f.Invalid(include, "%v", err)
	}
	filter, err := collect.NewFilter(p.Include, p.Exclude)
	if err != nil {
		return f.Invalid(exclude, "%v", err)
	}
	*into = filter
	return nil
}
