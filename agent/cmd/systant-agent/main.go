// Command systant-agent watches the host it runs on and publishes what it
// measures by MQTT.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"systant/agent"
	"systant/pkg/config"
	"systant/pkg/mqtt"
	"systant/pkg/systemd"
)

// The exit statuses, after sysexits.h where it has one.
const (
	exitOK          = 0
	exitError       = 1
	exitUnavailable = 69 // the broker can't be reached at start
	exitConfig      = 78 // the configuration is bad
)

// usage is the help text.
const usage = `usage: systant-agent [run|once|check|init|version] [-config FILE]
       systant-agent discovery [check|remove] [-config FILE]
       systant-agent sign -host HOST COMMAND [PARAMETER...]

  run      measure, publish and run commands until told to stop (default)
  once     print one sample as JSON and exit; needs no broker
  check    check the configuration, and whether its commands can run here
  init     print a configuration file with every option and its default
  version  print the version

  discovery  print the document that announces the host to Home Assistant, check
             it, or take a host out of Home Assistant; -h tells more
  sign       print a signed request for a host; -h tells more

-config FILE   the configuration; otherwise ./systant.toml,
               ~/.config/systant/systant.toml or /etc/systant/systant.toml,
               or the defaults

The exit status is 0 when all went well, 69 when the broker can't be reached at
the start, 78 for a bad configuration, and 1 for anything else.
`

// gcPercent keeps the heap, of which a sample's garbage is a large part, to
// half more than what lives: the collector then runs a little more often, in
// the milliseconds around a sample, and the program is smaller for good.
const gcPercent = 50

// main runs the program.
func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run does what the arguments ask, and returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "sign" { // its arguments are of another kind
		return sign(args[1:], getenv, stdout, stderr)
	}
	if len(args) > 0 && args[0] == "discovery" { // so are its
		return discovery(ctx, args[1:], getenv, stdout, stderr)
	}
	word, path, err := config.CommandLine(args, "run", "once", "check", "init", "version")
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "systant-agent: %v\n%s", err, usage)
		return exitError
	case word == "version":
		fmt.Fprintln(stdout, "systant-agent", agent.Version())
		return exitOK
	case word == "init":
		fmt.Fprint(stdout, agent.Reference)
		return exitOK
	}
	c, log, err := load(path, getenv, stderr)
	if err != nil {
		return exitConfig
	}
	switch word {
	case "check":
		if err := c.CheckHost(); err != nil {
			fmt.Fprintln(stderr, "systant-agent:", err)
			return exitConfig
		}
		fmt.Fprintln(stdout, "the configuration is good")
		return exitOK
	case "once":
		var sample []byte
		if sample, err = agent.Once(ctx, c, log); err == nil {
			fmt.Fprintf(stdout, "%s\n", sample)
		}
	case "run":
		c.Notifier = systemd.New(getenv, log)
		err = agent.Run(ctx, c, log)
	}
	return outcome(err, stderr)
}

// load reads the configuration, and says what is wrong with it.
func load(path string, getenv func(string) string, stderr io.Writer) (agent.Config, *slog.Logger, error) {
	c, err := agent.Load(path, getenv)
	if err != nil {
		fmt.Fprintln(stderr, "systant-agent:", err)
		return c, nil, err
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: c.LogLevel}))
	for _, note := range c.Notes {
		log.Warn("configuration without effect", "note", note)
	}
	return c, log, nil
}

// outcome says what went wrong, and returns the exit status for it.
func outcome(err error, stderr io.Writer) int {
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, "systant-agent:", err)
	if errors.As(err, new(*mqtt.ConnectError)) {
		return exitUnavailable
	}
	return exitError
}
