package agent

// laterFile is the shape of the table for what this release does not do yet:
// announcing the host to Home Assistant. It is read, so that a file written for
// it is not refused, and the operator is told that it has no effect.
type laterFile struct {
	HomeAssistant struct {
		DiscoveryEnabled bool   `toml:"discovery_enabled"`
		Prefix           string `toml:"prefix"`
	} `toml:"homeassistant"`
}

// notes says which tables of the file have no effect.
func (l laterFile) notes() []string {
	if l.HomeAssistant.DiscoveryEnabled {
		return []string{"homeassistant.discovery_enabled has no effect: this release does not announce the host"}
	}
	return nil
}
