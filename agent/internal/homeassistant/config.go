package homeassistant

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"systant/pkg/schema"
)

// Config says how a host is announced.
type Config struct {
	// Enabled announces the host. Otherwise an earlier announcement is revoked.
	Enabled bool
	// Host is the host's name, as in topics.
	Host   string
	Topics schema.Topics
	// Prefix is the first part of Home Assistant's discovery topics.
	Prefix string
	// BirthTopic is where Home Assistant says that it is online.
	BirthTopic string
	// DeviceID names the device for ever, in topics and unique ids; see
	// [DeviceID].
	DeviceID string
	// DashboardURL is where the dashboard is, or empty.
	DashboardURL string
	// Area is where Home Assistant puts the device at first, or empty.
	Area string
	// Interval is the least time between two publications of values.
	Interval time.Duration
	// SampleInterval is the time between samples.
	SampleInterval time.Duration
	// RemoveAfter is how long the entities of something that is gone are kept.
	RemoveAfter time.Duration
	// EntityIDs proposes entity ids, so that they are the same everywhere.
	EntityIDs bool
	// Filesystems and Interfaces are those whose main entities are enabled at
	// first, besides / and /home and the primary interface.
	Filesystems, Interfaces Names
	// HasCommands tells whether the host answers to commands at all.
	HasCommands bool
	// Commands are those with buttons.
	Commands []schema.Command
}

// Names is a set of names.
type Names interface {
	// Includes tells whether one of the names is in the set.
	Includes(names ...string) bool
}

// wanted tells whether the main entities of an instance of a group are enabled
// at first.
func (c *Config) wanted(s *schema.Stats, group, instance string) bool {
	switch group {
	case "disk":
		return instance == "/" || instance == "/home" || c.Filesystems.Includes(instance)
	case "network":
		return s.System != nil && instance == s.System.PrimaryInterface || c.Interfaces.Includes(instance)
	}
	return true
}

// period is the time between two publications of values: whole samples.
func (c *Config) period() time.Duration {
	samples := max(1, (c.Interval+c.SampleInterval/2)/c.SampleInterval)
	return samples * c.SampleInterval
}

// staleAfter is after what time a value says nothing about now.
func (c *Config) staleAfter() time.Duration {
	return max(3*c.period(), time.Minute)
}

// CheckURL returns an error for a text that Home Assistant would not take for the
// address of a page.
func CheckURL(text string) error {
	if text == "" {
		return nil
	}
	if u, err := url.Parse(text); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q is not a URL such as http://nas:4000", text)
	}
	return nil
}

// application parts Systant's ids from those that other programs make of the
// same machine's.
var application = [16]byte{0x5c, 0xe5, 0x1d, 0x0f, 0x63, 0x0e, 0x4b, 0x56, 0x9b, 0x0a, 0x8c, 0x0c, 0x6f, 0x7a, 0x2d, 0x41}

// ErrMachineID is returned for a machine id that is none.
var ErrMachineID = errors.New("not a machine id, which is 32 hexadecimal digits")

// DeviceID returns the id of the device for a machine, by the text of
// /etc/machine-id, which is confidential (machine-id(5)): it is hashed as
// sd_id128_get_machine_app_specific(3) does.
func DeviceID(machineID string) (string, error) {
	id, err := hex.DecodeString(strings.TrimSpace(machineID))
	if err != nil || len(id) != 16 {
		return "", ErrMachineID
	}
	hash := hmac.New(sha256.New, id)
	hash.Write(application[:])
	sum := hash.Sum(nil)[:16]
	sum[6] = sum[6]&0x0f | 0x40
	sum[8] = sum[8]&0x3f | 0x80
	return "systant_" + hex.EncodeToString(sum), nil
}

// ValidID tells whether a text can be a device's id: a level of a discovery
// topic.
func ValidID(id string) bool {
	return id != "" && len(id) <= 64 && strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}
