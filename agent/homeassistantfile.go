package agent

import (
	"os"
	"strings"
	"time"

	"systant/agent/internal/collect"
	"systant/agent/internal/homeassistant"
	"systant/pkg/config"
	"systant/pkg/schema"
)

// homeAssistantFile is the shape of the table about Home Assistant.
type homeAssistantFile struct {
	HomeAssistant struct {
		DiscoveryEnabled bool            `toml:"discovery_enabled"`
		Prefix           string          `toml:"prefix"`
		BirthTopic       string          `toml:"birth_topic"`
		Interval         config.Duration `toml:"interval"`
		RemoveAfter      config.Duration `toml:"remove_after"`
		DeviceID         string          `toml:"device_id"`
		Area             string          `toml:"area"`
		DashboardURL     string          `toml:"dashboard_url"`
		EntityIDs        bool            `toml:"entity_ids"`
		Filesystems      []string        `toml:"filesystems"`
		Interfaces       []string        `toml:"interfaces"`
	} `toml:"homeassistant"`
}

// defaultHomeAssistant returns what holds where the file says nothing.
func defaultHomeAssistant() homeAssistantFile {
	var f homeAssistantFile
	h := &f.HomeAssistant
	h.DiscoveryEnabled = true
	h.Prefix = "homeassistant"
	h.Interval = config.Seconds(30 * time.Second)
	h.RemoveAfter = config.Seconds(24 * time.Hour)
	h.EntityIDs = true
	h.Filesystems = []string{"*"}
	return f
}

// machineIDs are where a machine's id is, systemd's first (machine-id(5)).
var machineIDs = []string{"/etc/machine-id", "/var/lib/dbus/machine-id"}

// setHomeAssistant checks how the host is announced to Home Assistant.
func (c *Config) setHomeAssistant(f *config.File, raw file, _ func(string) string) error {
	t := &raw.HomeAssistant
	for key, topic := range map[string]string{"homeassistant.prefix": t.Prefix, "homeassistant.birth_topic": t.BirthTopic} {
		if _, err := schema.NewTopics(topic); err != nil && (topic != "" || key == "homeassistant.prefix") {
			return f.Invalid(key, "%v", err)
		}
	}
	for key, d := range map[string]time.Duration{"homeassistant.interval": t.Interval.Duration(), "homeassistant.remove_after": t.RemoveAfter.Duration()} {
		if d < minInterval || d > 30*24*time.Hour {
			return f.Invalid(key, `must be "1s" to "720h", not %v`, d)
		}
	}
	filesystems, err := collect.NewFilter(t.Filesystems, nil)
	if err != nil {
		return f.Invalid("homeassistant.filesystems", "%v", err)
	}
	interfaces, err := collect.NewFilter(t.Interfaces, nil)
	if err != nil {
		return f.Invalid("homeassistant.interfaces", "%v", err)
	}
	if t.BirthTopic == "" {
		t.BirthTopic = t.Prefix + "/status"
	}
	commands := c.HomeAssistant.Commands
	c.HomeAssistant = homeassistant.Config{
		Enabled: t.DiscoveryEnabled, Host: c.Hostname, Topics: c.MQTT.Topics, Prefix: t.Prefix, BirthTopic: t.BirthTopic,
		DeviceID: t.DeviceID, DashboardURL: t.DashboardURL, Area: t.Area,
		Interval: t.Interval.Duration(), SampleInterval: c.Interval, RemoveAfter: t.RemoveAfter.Duration(), EntityIDs: t.EntityIDs,
		HasCommands: len(c.Commands.Commands) > 0, Commands: commands,
		Filesystems: filesystems, Interfaces: interfaces,
	}
	if problem := homeassistant.CheckURL(t.DashboardURL); problem != nil {
		return f.Invalid("homeassistant.dashboard_url", "%v", problem)
	}
	return c.setDevice(f)
}

// setDevice finds the id by which Home Assistant knows the host.
func (c *Config) setDevice(f *config.File) error {
	h := &c.HomeAssistant
	if h.DeviceID != "" {
		if !homeassistant.ValidID(h.DeviceID) {
			return f.Invalid("homeassistant.device_id", "must be 1 to 64 of a-z, A-Z, 0-9, '_' and '-', not %.80q", h.DeviceID)
		}
		return nil
	}
	for _, path := range machineIDs {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if h.DeviceID, err = homeassistant.DeviceID(strings.TrimSpace(string(text))); err == nil {
			return nil
		}
	}
	if h.Enabled {
		c.Notes = append(c.Notes, "homeassistant.discovery_enabled has no effect: the machine has no id in /etc/machine-id; set homeassistant.device_id")
	}
	h.Enabled = false
	return nil
}
