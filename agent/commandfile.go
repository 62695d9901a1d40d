package agent

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"systant/agent/internal/command"
	"systant/agent/internal/command/process"
	"systant/agent/internal/homeassistant"
	"systant/pkg/config"
	"systant/pkg/schema"
)

// The bounds of what [commands] may ask for.
const (
	maxCommandTimeout = time.Hour
	maxOutput         = 48 << 10
	maxConcurrency    = 64
	maxRate           = 6000
	maxDescription    = 256      // bytes
	maxOffer          = 32 << 10 // bytes of the offer as JSON, which one message has to carry
)

// defaultPath is where programs are looked for, NixOS' places first.
const defaultPath = "/run/wrappers/bin:/run/current-system/sw/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// commandsFile is the shape of the tables about commands.
type commandsFile struct {
	Commands struct {
		Enabled          bool            `toml:"enabled"`
		Timeout          config.Duration `toml:"timeout"`
		OutputLimit      int             `toml:"output_limit"`
		Concurrency      int             `toml:"concurrency"`
		Rate             int             `toml:"rate"`
		ProcessLimit     int             `toml:"process_limit"`
		MemoryLimit      int64           `toml:"memory_limit"`
		Path             string          `toml:"path"`
		RequireSignature bool            `toml:"require_signature"`
		AllowedSigners   string          `toml:"allowed_signers"`
		AuditFile        string          `toml:"audit_file"`
		Signers          []signerFile    `toml:"signers"`
		Available        []commandFile   `toml:"available"`
	} `toml:"commands"`
}

// signerFile limits what one signer may run.
type signerFile struct {
	Principal string   `toml:"principal"`
	Allow     []string `toml:"allow"`
}

// commandFile is one command.
type commandFile struct {
	Trigger          string           `toml:"trigger"`
	Description      string           `toml:"description"`
	Command          []string         `toml:"command"`
	Params           []paramFile      `toml:"params"`
	AllowedParams    []string         `toml:"allowed_params"`
	Timeout          *config.Duration `toml:"timeout"`
	Cooldown         config.Duration  `toml:"cooldown"`
	Env              []string         `toml:"env"`
	User             string           `toml:"user"`
	WorkingDirectory string           `toml:"working_directory"`
	Confirm          bool             `toml:"confirm"`
	RequireSignature bool             `toml:"require_signature"`
	HomeAssistant    bool             `toml:"homeassistant"`
}

// paramFile is one parameter: exactly one of enum, int and match says what
// values it takes.
type paramFile struct {
	Name        string   `toml:"name"`
	Description string   `toml:"description"`
	Enum        []string `toml:"enum"`
	Int         []int64  `toml:"int"`
	Match       *string  `toml:"match"`
	Allow       string   `toml:"allow"`
	Default     *string  `toml:"default"`
	Secret      bool     `toml:"secret"`
}

// defaultCommands returns what holds where the file says nothing.
func defaultCommands() commandsFile {
	var f commandsFile
	c := &f.Commands
	c.Enabled = true
	c.Timeout = config.Seconds(30 * time.Second)
	c.OutputLimit = 32 << 10
	c.Concurrency = 4
	c.Rate = 30
	c.ProcessLimit = 64
	c.MemoryLimit = 512 << 20
	c.Path = defaultPath
	return f
}

// setCommands checks what the host may be asked to run.
func (c *Config) setCommands(f *config.File, raw file, getenv func(string) string) error {
	t := &raw.Commands
	for _, bound := range []struct {
		key             string
		value, min, max int64
	}{
		{"commands.output_limit", int64(t.OutputLimit), 0, maxOutput},
		{"commands.concurrency", int64(t.Concurrency), 1, maxConcurrency},
		{"commands.rate", int64(t.Rate), 1, maxRate},
		{"commands.process_limit", int64(t.ProcessLimit), 0, 1 << 22},
		{"commands.memory_limit", t.MemoryLimit, 0, 1 << 60},
	} {
		if bound.value < bound.min || bound.value > bound.max {
			return f.Invalid(bound.key, "must be %d to %d, not %d", bound.min, bound.max, bound.value)
		}
	}
	c.Commands = command.Config{
		Host: c.Hostname, Topics: c.MQTT.Topics,
		OutputLimit: t.OutputLimit, Concurrency: t.Concurrency, Rate: t.Rate, ProcessLimit: t.ProcessLimit, MemoryLimit: t.MemoryLimit,
		RequireSignature: t.RequireSignature, SignersFile: t.AllowedSigners, AuditFile: t.AuditFile,
	}
	if state, _, _ := strings.Cut(getenv("STATE_DIRECTORY"), ":"); c.Commands.AuditFile == "" && state != "" {
		c.Commands.AuditFile = filepath.Join(state, "audit.jsonl")
	}
	for key, path := range map[string]string{"commands.audit_file": t.AuditFile, "commands.allowed_signers": t.AllowedSigners} {
		if path != "" && !filepath.IsAbs(path) {
			return f.Invalid(key, "must be an absolute path, not %q", path)
		}
	}
	if err := c.addCommands(f, t.Available, raw, getenv); err != nil {
		return err
	}
	if err := c.setSigners(f, raw); err != nil {
		return err
	}
	if !t.Enabled {
		c.Commands.Commands, c.HomeAssistant.Commands = nil, nil
	}
	return c.checkFile(f)
}

// checkFile makes sure that nobody else can add commands to the file.
func (c *Config) checkFile(f *config.File) error {
	if len(c.Commands.Commands) == 0 || f.Name() == "" {
		return nil
	}
	path, err := filepath.Abs(f.Name())
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); err != nil {
		return nil // the text did not come from a file
	}
	if err := command.Trusted(path); err != nil {
		return f.Invalid(place(f, "commands.available[0]", "commands.available"), "somebody else could add commands to this file: %v", err)
	}
	return nil
}

// setSigners checks who may sign what.
func (c *Config) setSigners(f *config.File, raw file) error {
	t := &raw.Commands
	signed := t.RequireSignature
	for _, cmd := range t.Available {
		signed = signed || cmd.RequireSignature
	}
	if signed && t.AllowedSigners == "" {
		return f.Invalid("commands.allowed_signers", "is missing, but signatures are required")
	}
	if err := command.CheckSigners(t.AllowedSigners); err != nil {
		return f.Invalid("commands.allowed_signers", "%v", err)
	}
	c.Commands.Allow = make(map[string][]string)
	for i, s := range t.Signers {
		key := place(f, fmt.Sprintf("commands.signers[%d]", i), "commands.signers")
		if _, twice := c.Commands.Allow[s.Principal]; twice || s.Principal == "" {
			return f.Invalid(key, "principal: must be there, once for each: %q", s.Principal)
		}
		for _, trigger := range s.Allow {
			if trigger != schema.List && !slices.ContainsFunc(t.Available, func(cmd commandFile) bool { return cmd.Trigger == trigger }) {
				return f.Invalid(key, "allow: there is no command %q", trigger)
			}
		}
		c.Commands.Allow[s.Principal] = s.Allow
	}
	return nil
}

// addCommands checks the commands and adds them.
func (c *Config) addCommands(f *config.File, available []commandFile, raw file, getenv func(string) string) error {
	for i, one := range available {
		at := func(option string) string {
			entry := fmt.Sprintf("commands.available[%d]", i)
			return place(f, entry+"."+option, entry, "commands.available")
		}
		cmd, option, err := one.command(raw, getenv)
		if err == nil {
			option, err = cmd.Check()
		}
		if err == nil && slices.ContainsFunc(c.Commands.Commands, func(other command.Command) bool { return other.Trigger == cmd.Trigger }) {
			option, err = "trigger", fmt.Errorf("there are two commands %q", cmd.Trigger)
		}
		if err != nil {
			if key := at(option); !strings.HasSuffix(key, "."+option) {
				err = fmt.Errorf("%s: %w", option, err)
			}
			return f.Invalid(at(option), "%v", err)
		}
		cmd.Place = strings.TrimSuffix(f.Invalid(at("command"), "").Error(), ": ")
		c.Commands.Commands = append(c.Commands.Commands, cmd)
		if err := c.addButtons(&cmd, one.HomeAssistant); err != nil {
			return f.Invalid(at("homeassistant"), "%v", err)
		}
	}
	if size := command.OfferSize(c.Commands.Commands); size > maxOffer {
		return f.Invalid("commands.available", "the commands take %d bytes to describe; one message carries %d", size, maxOffer)
	}
	return nil
}

// addButtons has Home Assistant show a command as buttons, if it is wanted.
func (c *Config) addButtons(cmd *command.Command, wanted bool) error {
	offer := cmd.Offer()
	offer.RequireSignature = offer.RequireSignature || c.Commands.RequireSignature
	switch {
	case !wanted:
		return nil
	case offer.RequireSignature:
		c.Notes = append(c.Notes, cmd.Place+": "+cmd.Trigger+": homeassistant has no effect: a button can't sign")
		return nil
	}
	c.HomeAssistant.Commands = append(c.HomeAssistant.Commands, offer)
	return homeassistant.CheckButtons(&offer)
}

// place returns the first of some keys that stands in the file, or the first
// of all.
func place(f *config.File, keys ...string) string {
	for _, key := range keys {
		if f.Has(key) {
			return key
		}
	}
	return keys[0]
}

// command turns the table into a command. What the host lacks for it becomes
// its problem; what is wrong with the table is an error of an option.
func (t *commandFile) command(raw file, getenv func(string) string) (c command.Command, option string, err error) {
	c = command.Command{
		Trigger: t.Trigger, Description: t.Description, Argv: slices.Clone(t.Command), Confirm: t.Confirm, RequireSignature: t.RequireSignature,
		Timeout: raw.Commands.Timeout.Duration(), Cooldown: t.Cooldown.Duration(), Dir: t.WorkingDirectory,
	}
	if t.Timeout != nil {
		c.Timeout = t.Timeout.Duration()
	}
	if c.Dir == "" {
		c.Dir = "/"
	}
	if option, err := bounds(&c); err != nil {
		return c, option, err
	}
	if c.Params, option, err = t.params(); err != nil {
		return c, option, err
	}
	home := "/"
	if t.User != "" {
		c.User, home, c.Problem = account(t.User)
	}
	if c.Env, err = environ(t.Env, raw.Commands.Path, home, getenv); err != nil {
		return c, "env", err
	}
	if len(c.Argv) > 0 && c.Argv[0] != "" && len(command.Placeholders(c.Argv[0])) == 0 {
		path, err := command.FindProgram(c.Argv[0], raw.Commands.Path)
		if err != nil {
			c.Problem = err
		} else {
			c.Argv[0] = path
		}
	}
	return c, "", nil
}

// bounds checks the numbers and texts of a command.
func bounds(c *command.Command) (option string, err error) {
	switch {
	case c.Timeout < time.Second || c.Timeout > maxCommandTimeout:
		return "timeout", fmt.Errorf(`must be "1s" to "1h", not %v`, c.Timeout)
	case c.Cooldown < 0 || c.Cooldown > 24*time.Hour:
		return "cooldown", fmt.Errorf(`must be "0s" to "24h", not %v`, c.Cooldown)
	case !filepath.IsAbs(c.Dir):
		return "working_directory", fmt.Errorf("must be an absolute path, not %q", c.Dir)
	case len(c.Description) > maxDescription:
		return "description", fmt.Errorf("has %d bytes; at most %d are shown", len(c.Description), maxDescription)
	}
	return "", nil
}

// account returns a user to run a command as, nil for the agent's own, and its
// home folder.
func account(name string) (*process.User, string, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, "/", fmt.Errorf("user %s: %w", name, err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, "/", err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, "/", err
	}
	if int(uid) == os.Geteuid() {
		return nil, u.HomeDir, nil
	}
	if os.Geteuid() != 0 {
		return nil, "/", fmt.Errorf("only root can run a command as %s", name)
	}
	who := &process.User{UID: uint32(uid), GID: uint32(gid)}
	groups, err := u.GroupIds()
	if err != nil {
		return nil, "/", fmt.Errorf("groups of %s: %w", name, err)
	}
	for _, group := range groups {
		if id, err := strconv.ParseUint(group, 10, 32); err == nil && uint32(id) != who.GID {
			who.Groups = append(who.Groups, uint32(id))
		}
	}
	return who, u.HomeDir, nil
}

// ours are the beginnings of variables that no command may inherit: they hold
// the agent's secrets, or have programs load somebody's code.
var ours = []string{"MQTT_", "SYSTANT_", "LD_", "GLIBC_", "NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY", "LISTEN_", "WATCHDOG_", "JOURNAL_STREAM", "BASH_FUNC_", "BASH_ENV", "ENV"}

// environ returns the environment of a command: a few variables that most
// programs need, those of the agent's own that are listed by name, and those
// that are listed with a value.
func environ(list []string, path, home string, getenv func(string) string) ([]string, error) {
	env := []string{"PATH=" + path, "LANG=C.UTF-8", "HOME=" + home}
	for _, entry := range list {
		name, value, given := strings.Cut(entry, "=")
		if name == "" || strings.ContainsAny(entry, "\x00\n") {
			return nil, fmt.Errorf("%q is neither a name nor NAME=value", entry)
		}
		if !given {
			if slices.ContainsFunc(ours, func(start string) bool { return strings.HasPrefix(name, start) }) {
				return nil, fmt.Errorf("%s is not handed on", name)
			}
			if value = getenv(name); value == "" {
				continue
			}
		}
		env = slices.DeleteFunc(env, func(old string) bool { return strings.HasPrefix(old, name+"=") })
		env = append(env, name+"="+value)
	}
	return env, nil
}
