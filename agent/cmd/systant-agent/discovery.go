package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"systant/agent"
)

// discoveryUsage is the help text of the word discovery.
const discoveryUsage = `usage: systant-agent discovery [-config FILE]
       systant-agent discovery check [-config FILE]
       systant-agent discovery remove [-config FILE] [HOST|DEVICE]

Without a further word, prints the document that announces this host to Home
Assistant; needs no broker.

check   say what Home Assistant would not take of it
remove  take this host out of Home Assistant, or another one by its name or by
        its device's id: delete what the broker keeps of it. A host that is
        online loses its device until its agent starts again
`

// discovery does what is wanted about Home Assistant, and returns the exit
// status.
func discovery(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	word, path, which, err := discoveryArguments(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, discoveryUsage)
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "systant-agent discovery: %v\n%s", err, discoveryUsage)
		return exitError
	}
	c, log, err := load(path, getenv, stderr)
	if err != nil {
		return exitConfig
	}
	if word == "remove" {
		device, err := agent.RemoveDiscovery(ctx, c, which, log)
		if err != nil {
			return outcome(err, stderr)
		}
		if device.DeviceID != "" {
			fmt.Fprintf(stdout, "%s: removed the device %s\n", device.Host, device.DeviceID)
		}
		if device.Forgotten {
			fmt.Fprintf(stdout, "%s: removed what the broker had of it\n", device.Host)
		} else {
			fmt.Fprintf(stdout, "%s: kept what the broker has of it, as it is not known to be offline\n", device.Host)
		}
		return exitOK
	}
	document, faults, err := agent.Discovery(ctx, c, log)
	switch {
	case err != nil:
		return outcome(err, stderr)
	case word == "":
		fmt.Fprintf(stdout, "%s\n", document)
	case len(faults) == 0:
		fmt.Fprintf(stdout, "%s takes all of it, on %s\n", agent.DiscoveryRules(), c.DiscoveryTopic())
	}
	for _, fault := range faults {
		fmt.Fprintln(stderr, "systant-agent:", fault)
	}
	if len(faults) > 0 {
		return exitError
	}
	return exitOK
}

// discoveryArguments returns the further word, the configuration file and the
// device to remove. Options may stand between words.
func discoveryArguments(args []string) (word, path, which string, err error) {
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the caller says what is wrong
	flags.StringVar(&path, "config", "", "")
	var words []string
	for err = flags.Parse(args); err == nil && flags.NArg() > 0; err = flags.Parse(flags.Args()[1:]) {
		words = append(words, flags.Arg(0))
	}
	switch {
	case err != nil || len(words) == 0:
	case words[0] == "remove" && len(words) == 2:
		which = words[1]
		fallthrough
	case (words[0] == "remove" || words[0] == "check") && len(words) == 1:
		word = words[0]
	default:
		err = fmt.Errorf("unexpected %q", words[len(words)-1])
	}
	return word, path, which, err
}
