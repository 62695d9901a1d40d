// Command systant-dashboard shows a fleet of hosts live in the browser.
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
	"syscall"

	"systant/dashboard"
	"systant/pkg/config"
	"systant/pkg/systemd"
)

// The exit statuses.
const (
	exitOK     = 0
	exitError  = 1
	exitConfig = 78 // EX_CONFIG
)

// usage is the help text.
const usage = `usage: systant-dashboard [run|check|init|version] [-config FILE]

  run      show the fleet (default)
  check    check the configuration and exit
  init     print a configuration file with every option and its default
  version  print the version

-config FILE   the configuration; otherwise ./systant-dashboard.toml,
               ~/.config/systant/systant-dashboard.toml or
               /etc/systant/systant-dashboard.toml, or the defaults

The exit status is 0 when all went well, 78 for a bad configuration, and 1 for
anything else.
`

// main runs the program.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run does what the arguments ask, and returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	word, path, err := config.CommandLine(args, "run", "check", "init", "version")
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "systant-dashboard: %v\n%s", err, usage)
		return exitError
	}
	switch word {
	case "version":
		fmt.Fprintln(stdout, "systant-dashboard", dashboard.Version)
		return exitOK
	case "init":
		_, _ = stdout.Write(dashboard.Reference)
		return exitOK
	}
	c, err := dashboard.Load(path, getenv)
	if err != nil {
		fmt.Fprintln(stderr, "systant-dashboard:", err)
		return exitConfig
	}
	if word == "check" {
		fmt.Fprintln(stdout, "the configuration is good")
		return exitOK
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: c.LogLevel}))
	c.Notifier = systemd.New(getenv, log)
	if err := dashboard.Run(ctx, c, log); err != nil {
		fmt.Fprintln(stderr, "systant-dashboard:", err)
		return exitError
	}
	return exitOK
}
