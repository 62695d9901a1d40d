package agent

import (
	_ "embed" // for the reference configuration
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"systant/agent/internal/collect"
	"systant/agent/internal/command"
	"systant/agent/internal/homeassistant"
	"systant/pkg/config"
	"systant/pkg/mqtt"
	"systant/pkg/schema"
	"systant/pkg/systemd"
)

// FileName is the configuration file's name in the folders that are searched.
const FileName = "systant.toml"

// Reference is a configuration file that explains every option and sets it to
// its default.
//
//go:embed reference.toml
var Reference string

// The bounds of intervals: below, the agent would measure mostly itself.
const (
	minInterval = time.Second
	maxInterval = 24 * time.Hour
)

// Config is a configuration that has been checked. See [Load].
type Config struct {
	// Hostname is the host's name in topics.
	Hostname string
	// Interval is the time between samples, StartupDelay that before the first.
	Interval, StartupDelay time.Duration
	// ConnectTimeout is how long to wait for the broker at start.
	ConnectTimeout time.Duration
	// WaitForBroker has the agent start all the same when it can't be reached.
	WaitForBroker bool
	LogLevel      slog.Level
	MQTT          mqtt.Options
	Collect       collect.Config
	Commands      command.Config
	HomeAssistant homeassistant.Config
	// Notifier tells the service manager how the agent is doing; nil where there
	// is none.
	Notifier *systemd.Notifier
	// Notes tell the operator what in the file has no effect.
	Notes []string
}

// file is the shape of a configuration file.
type file struct {
	General struct {
		Hostname        string          `toml:"hostname"`
		Interval        config.Duration `toml:"interval"`
		StartupDelay    config.Duration `toml:"startup_delay"`
		WaitForBroker   bool            `toml:"wait_for_broker"`
		EnabledModules  []string        `toml:"enabled_modules"`
		DisabledModules []string        `toml:"disabled_modules"`
		Tags            []string        `toml:"tags"`
		LogLevel        string          `toml:"log_level"`
	} `toml:"general"`
	MQTT mqtt.Section `toml:"mqtt"`
	modulesFile
	commandsFile
	homeAssistantFile
}

// defaults returns what holds where the file says nothing.
func defaults() file {
	f := file{MQTT: mqtt.DefaultSection(), modulesFile: defaultModules(), commandsFile: defaultCommands(), homeAssistantFile: defaultHomeAssistant()}
	f.General.Interval = config.Seconds(30 * time.Second)
	f.General.StartupDelay = config.Seconds(5 * time.Second)
	f.General.LogLevel = "info"
	return f
}

// Load reads and checks the configuration: the file named path, or the first
// that is found where path is empty, or the defaults where none is. Variables
// of the environment, as getenv returns them, go before the file.
func Load(path string, getenv func(string) string) (Config, error) {
	f, err := config.Read(config.Find(path, FileName))
	if err != nil {
		return Config{}, err
	}
	return check(f, getenv)
}

// Parse checks the text of a configuration file; name stands for it in errors.
func Parse(name string, text []byte, getenv func(string) string) (Config, error) {
	f, err := config.Parse(name, text)
	if err != nil {
		return Config{}, err
	}
	return check(f, getenv)
}

// check decodes a file and turns it into a configuration that can be run.
func check(f *config.File, getenv func(string) string) (Config, error) {
	raw := defaults()
	if err := f.Decode(&raw); err != nil {
		return Config{}, err
	}
	var c Config
	steps := []func(*config.File, file, func(string) string) error{c.setTimes, c.setHost, c.setLog, c.setMQTT, c.setModules, c.setCommands, c.setHomeAssistant}
	for _, step := range steps {
		if err := step(f, raw, getenv); err != nil {
			return Config{}, err
		}
	}
	c.Collect.Hostname = c.Hostname
	c.Collect.AgentVersion = schema.Version
	c.Collect.Interval = c.Interval
	return c, nil
}

// setTimes checks the intervals.
func (c *Config) setTimes(f *config.File, raw file, getenv func(string) string) error {
	c.Interval, c.StartupDelay = raw.General.Interval.Duration(), raw.General.StartupDelay.Duration()
	key := "general.interval"
	if text := getenv("SYSTANT_INTERVAL"); text != "" {
		key = "SYSTANT_INTERVAL"
		var err error
		if c.Interval, err = config.ParseDuration(text); err != nil {
			return f.Invalid(key, "%v", err)
		}
	}
	if c.Interval < minInterval || c.Interval > maxInterval {
		return f.Invalid(key, `must be "1s" to "24h", not %v`, c.Interval)
	}
	if c.StartupDelay < 0 || c.StartupDelay > maxInterval {
		return f.Invalid("general.startup_delay", `must be "0s" to "24h", not %v`, c.StartupDelay)
	}
	return nil
}

// setHost finds the host's name, and checks what else it says of itself.
func (c *Config) setHost(f *config.File, raw file, _ func(string) string) error {
	name := raw.General.Hostname
	if name == "" {
		full, err := os.Hostname()
		if err != nil {
			return f.Invalid("general.hostname", "is not set, and the machine's is not known: %v", err)
		}
		name, _, _ = strings.Cut(full, ".")
	}
	c.Hostname = strings.ToLower(name)
	if err := schema.CheckHost(c.Hostname); err != nil {
		return f.Invalid("general.hostname", "%v", err)
	}
	for _, tag := range raw.General.Tags {
		if tag == "" || len(tag) > 64 {
			return f.Invalid("general.tags", "a tag has 1 to 64 bytes, not %d", len(tag))
		}
	}
	if len(raw.General.Tags) > 32 {
		return f.Invalid("general.tags", "are at most 32, not %d", len(raw.General.Tags))
	}
	c.Collect.Tags = raw.General.Tags
	return nil
}

// setLog reads the log level.
func (c *Config) setLog(f *config.File, raw file, getenv func(string) string) error {
	key, level := "general.log_level", raw.General.LogLevel
	if text := getenv("SYSTANT_LOG_LEVEL"); text != "" {
		key, level = "SYSTANT_LOG_LEVEL", text
	}
	if err := c.LogLevel.UnmarshalText([]byte(level)); err != nil {
		return f.Invalid(key, "must be debug, info, warn or error, not %q", level)
	}
	return nil
}

// setMQTT checks the link to the broker.
func (c *Config) setMQTT(f *config.File, raw file, getenv func(string) string) error {
	var err error
	if c.MQTT, err = raw.MQTT.Options(f, getenv); err != nil {
		return err
	}
	c.ConnectTimeout, c.WaitForBroker = c.MQTT.ConnectTimeout, raw.General.WaitForBroker
	// One attempt must end before the whole wait does, so that its error can
	// be told.
	c.MQTT.ConnectTimeout = c.ConnectTimeout * 4 / 5
	c.MQTT.ClientName = c.Hostname
	return nil
}

// setModules checks which collectors run and what they leave out.
func (c *Config) setModules(f *config.File, raw file, _ func(string) string) error {
	all := collect.Modules()
	for key, list := range map[string][]string{"general.enabled_modules": raw.General.EnabledModules, "general.disabled_modules": raw.General.DisabledModules} {
		for _, name := range list {
			if !slices.Contains(all, name) {
				return f.Invalid(key, "there is no module %q; there are %s", name, strings.Join(all, " "))
			}
		}
	}
	enabled := raw.General.EnabledModules
	if len(enabled) == 0 {
		enabled = all
	}
	c.Collect.Modules = slices.DeleteFunc(slices.Clone(enabled), func(name string) bool {
		return slices.Contains(raw.General.DisabledModules, name)
	})
	return raw.fill(f, &c.Collect)
}
