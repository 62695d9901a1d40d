package homeassistant

import (
	"cmp"
	"slices"
	"strings"

	"systant/pkg/schema"
)

// maxListed bounds the lists in attributes, which are recorded with each change.
const maxListed = 20

// online returns the entity that tells whether the host is there. It has no
// availability, as it would be unavailable instead of off.
func (c *Config) online() entity {
	return entity{key: "online", Component: Component{
		Platform:        "binary_sensor",
		UniqueID:        c.DeviceID + "_online",
		DefaultEntityID: c.entityID("binary_sensor", "online"),
		Name:            "Online",
		DeviceClass:     "connectivity",
		Availability:    &[]Availability{},
		StateTopic:      c.Topics.Host(c.Host, schema.KindStatus),
		PayloadOn:       schema.Online,
		PayloadOff:      schema.Offline,
	}}
}

// problems returns an entity for each subject of the sample in which there can
// be problems, with what they are as attributes.
func (c *Config) problems(s *schema.Stats, numbers []schema.Number) []entity {
	there := make(map[string]bool)
	for _, r := range numbers {
		there[r.Group.Name] = true
	}
	found := make(map[string][]string)
	for _, check := range schema.Checks() {
		for _, problem := range check.Find(s) {
			found[check.Group] = append(found[check.Group], problem.Text)
		}
	}
	var all []entity
	for _, g := range schema.Catalogue() {
		looked := slices.ContainsFunc(schema.Checks(), func(check schema.Check) bool { return check.Group == g.Name })
		if looked && there[g.Name] {
			all = append(all, c.problem(s, g, found[g.Name]))
		}
	}
	return all
}

// problem returns the entity that tells whether a group has problems.
func (c *Config) problem(s *schema.Stats, g schema.Group, texts []string) entity {
	key := join("_", groupOf(g.Name).key, "problem")
	one := c.sensor(key)
	one.Platform = "binary_sensor"
	one.DefaultEntityID = c.entityID(one.Platform, key)
	shown := groupOf(g.Name)
	one.Name = upperFirst(cmp.Or(shown.word, shown.key)) + " problem"
	one.DeviceClass = "problem"
	one.PayloadOn, one.PayloadOff = "on", "off"
	one.JSONAttributesTopic = c.Topics.Host(c.Host, schema.KindEntities)
	one.JSONAttributesTemplate = attributesTemplate(key)
	one.value = one.PayloadOff
	if len(texts) > 0 {
		one.value = one.PayloadOn
	}
	attributes := map[string]any{"problems": append([]string{}, texts[:min(len(texts), maxListed)]...)}
	if g.Name == "units" {
		names := []string{}
		for _, unit := range s.Units.FailedUnits[:min(len(s.Units.FailedUnits), maxListed)] {
			names = append(names, unit.Name)
		}
		attributes["units"] = names
	}
	one.attributes = attributes
	return one
}

// fact is a text about the host.
type fact struct {
	key, name, icon string
	text            func(*schema.Stats) string
}

// texts are shown as diagnostic entities where the host knows them.
var texts = []fact{
	{"kernel", "Kernel", "mdi:penguin", ofSystem(func(s *schema.System) string { return s.Kernel })},
	{"os", "Operating system", "mdi:linux", ofSystem(func(s *schema.System) string { return strings.TrimSpace(s.OS + " " + s.OSVersion) })},
	{"agent_version", "Agent version", "mdi:radar", ofSystem(func(s *schema.System) string { return s.AgentVersion })},
	{"ip_address", "IP address", "mdi:ip-network", ofSystem(func(s *schema.System) string { return s.PrimaryAddress })},
	{"nixos_state", "NixOS state", "mdi:nix", ofNixOS(func(s *schema.NixOS) string { return s.State })},
	{"nixos_revision", "NixOS configuration revision", "mdi:source-commit", ofNixOS(func(s *schema.NixOS) string { return s.Revision })},
	{"nixos_upgrade_result", "NixOS last upgrade result", "mdi:update", ofNixOS(func(s *schema.NixOS) string { return s.UpgradeResult })},
}

// ofSystem returns what a fact reads of a sample that has a group "system".
func ofSystem(text func(*schema.System) string) func(*schema.Stats) string {
	return func(s *schema.Stats) string {
		if s.System == nil {
			return ""
		}
		return text(s.System)
	}
}

// ofNixOS returns what a fact reads of a sample of a NixOS host.
func ofNixOS(text func(*schema.NixOS) string) func(*schema.Stats) string {
	return func(s *schema.Stats) string {
		if s.NixOS == nil {
			return ""
		}
		return text(s.NixOS)
	}
}

// facts returns a sensor for each text about the host.
func (c *Config) facts(s *schema.Stats) []entity {
	var all []entity
	for _, f := range texts {
		if f.text(s) == "" {
			continue
		}
		one := c.sensor(f.key)
		one.DefaultEntityID = c.entityID("sensor", f.key)
		one.Name, one.Icon, one.EntityCategory = f.name, f.icon, diagnostic
		one.value = cut(f.text(s), maxState)
		all = append(all, one)
	}
	if s.System != nil && s.System.RebootNeeded != nil {
		all = append(all, c.reboot(s.System))
	}
	return all
}

// rebootMetric is the number that [Config.reboot] shows as yes or no.
const rebootMetric = "system.reboot_needed"

// reboot returns the entity that tells whether the host waits for a reboot, with
// the reasons as attributes. It is no problem sensor: a host waits after every
// update, and does its work meanwhile.
func (c *Config) reboot(s *schema.System) entity {
	const key = "reboot"
	one := c.sensor(key)
	one.Platform = "binary_sensor"
	one.DefaultEntityID = c.entityID(one.Platform, "reboot_needed")
	one.Name, one.Icon, one.EntityCategory = "Reboot needed", "mdi:restart-alert", diagnostic
	one.PayloadOn, one.PayloadOff = "on", "off"
	one.JSONAttributesTopic = c.Topics.Host(c.Host, schema.KindEntities)
	one.JSONAttributesTemplate = attributesTemplate(key)
	one.value = one.PayloadOff
	if *s.RebootNeeded > 0 {
		one.value = one.PayloadOn
	}
	one.attributes = map[string]any{"reasons": append([]string{}, s.RebootReasons[:min(len(s.RebootReasons), maxListed)]...)}
	return one
}
