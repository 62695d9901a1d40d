package command

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"systant/agent/internal/command/process"
	"systant/pkg/schema"
)

// Command is one command that the host allows.
type Command struct {
	Trigger     string
	Description string
	// Argv is the program, as an absolute path, and its arguments. {name}
	// stands for the value of a parameter; parameters that stand nowhere are
	// added at the end.
	Argv   []string
	Params []Param
	// Timeout is after what time the command is killed.
	Timeout time.Duration
	// Cooldown is the least time between the end of a run and the next start.
	Cooldown time.Duration
	// Env is the whole environment, as NAME=value.
	Env []string
	// User runs the command; nil is the agent's.
	User *process.User
	// Dir is the working directory.
	Dir string
	// Confirm asks user interfaces to ask first.
	Confirm bool
	// RequireSignature refuses unsigned requests.
	RequireSignature bool
	// Place is where the command is configured, for errors and logs.
	Place string
	// Problem says why the command can't run as it is configured, such as for a
	// user that the host does not have. What else is lacking, Verify finds.
	Problem error
}

// placeholder is how an argument names a parameter.
var placeholder = regexp.MustCompile(`\{([a-z0-9_]+)\}`)

// Placeholders returns the names of the parameters that an argument has a
// place for.
func Placeholders(argument string) []string {
	var names []string
	for _, match := range placeholder.FindAllStringSubmatch(argument, -1) {
		names = append(names, match[1])
	}
	return names
}

// bind checks a request's parameters and returns the values of all.
func (c *Command) bind(given []string) ([]string, error) {
	if len(given) > len(c.Params) {
		return nil, fmt.Errorf("params[%d]: %s takes %d at most, not %d", len(c.Params), c.Trigger, len(c.Params), len(given))
	}
	values := make([]string, len(c.Params))
	for i := range c.Params {
		p := &c.Params[i]
		switch {
		case i < len(given):
			values[i] = given[i]
		case p.Default != nil:
			values[i] = *p.Default
		default:
			return nil, fmt.Errorf("params[%d] (%s): is missing", i, p.Name)
		}
		if err := p.Check(values[i]); err != nil {
			return nil, fmt.Errorf("params[%d] (%s): %w", i, p.Name, err)
		}
	}
	return values, nil
}

// argv returns the program and its arguments with the values in their places.
func (c *Command) argv(values []string) []string {
	placed := make([]bool, len(values))
	argv := slices.Clone(c.Argv)
	for i, argument := range argv {
		if i == 0 {
			continue // a value never chooses the program
		}
		argv[i] = placeholder.ReplaceAllStringFunc(argument, func(name string) string {
			n := slices.IndexFunc(c.Params, func(p Param) bool { return "{"+p.Name+"}" == name })
			if n < 0 {
				return name
			}
			placed[n] = true
			return values[n]
		})
	}
	for i, value := range values {
		if !placed[i] {
			argv = append(argv, value)
		}
	}
	return argv
}

// hidden returns the parameters for the audit log: what a secret one was given
// is not in it, and long ones are cut.
func (c *Command) hidden(given []string) []string {
	shown := slices.Clone(given)
	secret := slices.ContainsFunc(c.Params, func(p Param) bool { return p.Secret })
	for i := range shown {
		if i < len(c.Params) && c.Params[i].Secret || i >= len(c.Params) && secret {
			shown[i] = "[hidden]"
		} else if len(shown[i]) > maxValue {
			shown[i] = fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(shown[i][:maxValue], ""), len(shown[i]))
		}
	}
	return shown
}

// Offer returns what others are told about the command.
func (c *Command) Offer() schema.Command {
	o := schema.Command{
		Trigger: c.Trigger, Description: c.Description, Confirm: c.Confirm, RequireSignature: c.RequireSignature,
		TimeoutSeconds: c.Timeout.Seconds(), CooldownSeconds: c.Cooldown.Seconds(),
	}
	for i := range c.Params {
		o.Params = append(o.Params, c.Params[i].offer())
	}
	if err := c.Verify(); err != nil {
		o.Problem = err.Error()
	}
	return o
}

// shells are programs that run the text after -c.
var shells = []string{"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "busybox", "su", "runuser", "script"}

// runsText tells whether an argument list hands text to a shell, in which a
// parameter could do anything.
func runsText(argv []string) bool {
	for i, argument := range argv {
		if !slices.Contains(shells, filepath.Base(argument)) {
			continue
		}
		for _, option := range argv[i+1:] {
			if strings.HasPrefix(option, "-") && !strings.HasPrefix(option, "--") && strings.Contains(option, "c") || option == "--command" {
				return true
			}
		}
	}
	return false
}

// Check tells what is wrong with how a command is configured, naming the
// option. What the host lacks for it is not looked at: see [Command.Verify].
func (c *Command) Check() (option string, err error) {
	switch {
	case c.Trigger == schema.List:
		return "trigger", fmt.Errorf("%q is built in", schema.List)
	case !isTrigger(c.Trigger):
		return "trigger", fmt.Errorf("must be 1 to %d of a-z, 0-9, '_' and '-', not %s", maxTrigger, shown(c.Trigger))
	case len(c.Argv) == 0 || c.Argv[0] == "":
		return "command", fmt.Errorf("is missing: the program and its arguments, as a list")
	case len(Placeholders(c.Argv[0])) > 0:
		return "command", fmt.Errorf("a parameter can't choose the program")
	case len(c.Params) > 0 && runsText(c.Argv):
		return "command", fmt.Errorf("a shell would run what a parameter says: name the program itself, or a script that takes arguments")
	case len(c.Params) > maxParams:
		return "params", fmt.Errorf("are at most %d, not %d", maxParams, len(c.Params))
	}
	for _, argument := range c.Argv {
		if strings.ContainsRune(argument, 0) {
			return "command", fmt.Errorf("an argument holds NUL")
		}
		for _, name := range Placeholders(argument) {
			if !slices.ContainsFunc(c.Params, func(p Param) bool { return p.Name == name }) {
				return "command", fmt.Errorf("{%s} is no parameter of this command", name)
			}
		}
	}
	return "", nil
}
