package agent

import (
	"systant/pkg/config"
)

// laterFile is the shape of the tables for what this release does not do yet:
// running commands and announcing the host to Home Assistant. They are read,
// so that a file written for them is not refused, and the operator is told
// that they have no effect.
type laterFile struct {
	Commands struct {
		Enabled   *bool           `toml:"enabled"`
		Timeout   config.Duration `toml:"timeout"`
		Available []struct {
			Trigger       string          `toml:"trigger"`
			Description   string          `toml:"description"`
			Command       any             `toml:"command"`
			Params        any             `toml:"params"`
			AllowedParams []string        `toml:"allowed_params"`
			Timeout       config.Duration `toml:"timeout"`
		} `toml:"available"`
	} `toml:"commands"`
	HomeAssistant struct {
		DiscoveryEnabled bool   `toml:"discovery_enabled"`
		Prefix           string `toml:"prefix"`
	} `toml:"homeassistant"`
}

// notes says which tables of the file have no effect.
func (l laterFile) notes() []string {
	var notes []string
	if len(l.Commands.Available) > 0 {
		notes = append(notes, "commands.available has no effect: this release runs no commands")
	}
	if l.HomeAssistant.DiscoveryEnabled {
		notes = append(notes, "homeassistant.discovery_enabled has no effect: this release does not announce the host")
	}
	return notes
}
