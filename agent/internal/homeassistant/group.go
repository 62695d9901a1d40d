package homeassistant

import (
	"slices"
	"strings"

	"systant/pkg/schema"
)

// group says how the metrics of a group of the catalogue are shown.
type group struct {
	name       string
	key        string // starts keys and entity ids
	word       string // starts names
	icon       string // of entities whose device class has none
	diagnostic bool   // of interest to who maintains the host only
	percent    string // the device class of its main percentage
	small      bool   // its sizes are a few MiB
}

// groups are by the catalogue's names. One that is missing is shown under its
// own name.
var groups = []group{
	{name: "cpu", key: "cpu", word: "CPU", icon: "mdi:cpu-64-bit"},
	{name: "core", key: "core", word: "Core", icon: "mdi:cpu-64-bit"},
	{name: "memory", key: "memory", word: "Memory", icon: "mdi:memory"},
	{name: "pressure", key: "pressure", word: "Pressure", icon: "mdi:gauge"},
	{name: "disk", key: "disk", word: "Disk", icon: "mdi:harddisk"},
	{name: "block", key: "block", word: "Drive", icon: "mdi:harddisk"},
	{name: "network", key: "network", word: "Network", icon: "mdi:lan"},
	{name: "temperature", key: "temperature", icon: "mdi:thermometer", diagnostic: true},
	{name: "fan", key: "fan", icon: "mdi:fan", diagnostic: true},
	{name: "power", key: "power", icon: "mdi:power-plug-battery", percent: "battery"},
	{name: "gpu", key: "gpu", word: "GPU", icon: "mdi:expansion-card"},
	{name: "processes", key: "processes", word: "Processes", icon: "mdi:format-list-numbered"},
	{name: "units", key: "units", icon: "mdi:cogs"},
	{name: "nixos", key: "nixos", word: "NixOS", icon: "mdi:nix"},
	{name: "system", icon: "mdi:server"},
	{name: "self", key: "agent", word: "Agent", icon: "mdi:radar", small: true},
}

// groupOf returns how a group is shown.
func groupOf(name string) group {
	if i := slices.IndexFunc(groups, func(g group) bool { return g.name == name }); i >= 0 {
		return groups[i]
	}
	return group{name: name, key: name, word: upperFirst(name), icon: "mdi:chart-line"}
}

// scale returns how the group's metrics of a unit are shown.
func (g group) scale(unit schema.Unit) scale {
	s := scales[unit]
	if g.small && unit == schema.Bytes {
		s.unit, s.divisor, s.decimals, s.precision = "MiB", 1<<20, 1, 1
	}
	return s
}

// title returns the name of an instance, for people.
func title(s *schema.Stats, g schema.Group, instance string) string {
	switch g.Name {
	case "temperature", "fan":
		instance = strings.ReplaceAll(instance, "/", " ")
	case "gpu":
		if len(s.GPU) == 1 {
			return ""
		}
		return shortGPU(instance)
	}
	return cut(instance, maxName)
}

// instanceID returns what stands for an instance in an entity id. A host's only
// GPU needs nothing.
func instanceID(s *schema.Stats, g schema.Group, instance string) string {
	if g.Name == "gpu" {
		if len(s.GPU) == 1 {
			return ""
		}
		return slug(shortGPU(instance))
	}
	return slug(instance)
}

// shortGPU returns what tells the GPUs of a host apart, for people: the start of
// a UUID, before which NVIDIA's have "GPU-", or a whole PCI address.
func shortGPU(id string) string {
	if strings.Contains(id, ":") {
		return id
	}
	return cut(strings.TrimPrefix(id, "GPU-"), 8)
}
