package schema

import "time"

// Stats is one sample of one host, the payload of [Topics.Stats]. A section
// that is switched off, or that the host does not have, is nil and absent
// from the JSON.
type Stats struct {
	// Timestamp is when the sample was taken, in UTC, by the host's clock.
	Timestamp time.Time `json:"timestamp"`
	// Hostname is the host's name as in the topic.
	Hostname string `json:"hostname"`
	// BootID is the kernel's random id of this boot, /proc/sys/kernel/random/boot_id.
	BootID string `json:"boot_id"`
	// Sequence counts the samples since the agent started, from 1.
	Sequence uint64 `json:"sequence"`
	// IntervalSeconds is the time that the agent means to leave between samples.
	IntervalSeconds float64 `json:"interval_seconds"`
	// Tags are the host's labels from its configuration.
	Tags []string `json:"tags,omitempty"`

	CPU         *CPU                   `json:"cpu,omitempty"`
	Core        map[string]Core        `json:"core,omitempty"`
	Memory      *Memory                `json:"memory,omitempty"`
	Pressure    *Pressure              `json:"pressure,omitempty"`
	Disk        map[string]Disk        `json:"disk,omitempty"`
	Block       map[string]Block       `json:"block,omitempty"`
	Network     map[string]Network     `json:"network,omitempty"`
	Temperature map[string]Temperature `json:"temperature,omitempty"`
	Fan         map[string]Fan         `json:"fan,omitempty"`
	Power       map[string]Power       `json:"power,omitempty"`
	GPU         map[string]GPU         `json:"gpu,omitempty"`
	Processes   *Processes             `json:"processes,omitempty"`
	Units       *Units                 `json:"units,omitempty"`
	NixOS       *NixOS                 `json:"nixos,omitempty"`
	System      *System                `json:"system,omitempty"`
	Self        *Self                  `json:"self,omitempty"`
}

// Catalogue returns every metric that a sample can carry, in the order in
// which groups and rows are shown. The slices are shared: don't change them.
func Catalogue() []Group {
	return []Group{
		{Name: "cpu", Label: "CPU", Metrics: cpuMetrics},
		{Name: "core", Label: "Cores", Instance: "logical CPU", Metrics: coreMetrics},
		{Name: "memory", Label: "Memory", Metrics: memoryMetrics},
		{Name: "pressure", Label: "Pressure", Metrics: pressureMetrics},
		{Name: "disk", Label: "Filesystems", Instance: "mount point", Metrics: diskMetrics},
		{Name: "block", Label: "Block devices", Instance: "device", Metrics: blockMetrics},
		{Name: "network", Label: "Network", Instance: "interface", Metrics: networkMetrics},
		{Name: "temperature", Label: "Temperatures", Instance: "sensor", Metrics: temperatureMetrics},
		{Name: "fan", Label: "Fans", Instance: "sensor", Metrics: fanMetrics},
		{Name: "power", Label: "Power supplies", Instance: "power supply", Metrics: powerMetrics},
		{Name: "gpu", Label: "GPUs", Instance: "GPU", Metrics: gpuMetrics},
		{Name: "processes", Label: "Processes", Metrics: processesMetrics},
		{Name: "units", Label: "systemd units", Metrics: unitsMetrics},
		{Name: "nixos", Label: "NixOS", Metrics: nixosMetrics},
		{Name: "system", Label: "System", Metrics: systemMetrics},
		{Name: "self", Label: "Agent", Metrics: selfMetrics},
	}
}
