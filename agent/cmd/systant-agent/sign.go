package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"systant/agent"
	"systant/pkg/schema"
)

// signUsage is the help text of the word sign.
const signUsage = `usage: systant-agent sign -host HOST [-key FILE] [-expires 60s] [-id ID]
                          [-source TEXT] COMMAND [PARAMETER...]

Prints a signed request, to be published on systant/HOST/commands within its
time, for example:

  systant-agent sign -host web1 restart nginx |
    mosquitto_pub -h BROKER -t systant/web1/commands -q 1 -s

-host HOST     who is to run it
-key FILE      a key as ssh-keygen makes it (default ~/.ssh/id_ed25519), or the
               public half of one that the ssh-agent has
-expires TIME  for how long the request is good, at most 5m (default 1m)
-id ID         the request's id (default: a random one)
-source TEXT   who asks, for the host's audit log
`

// sign prints a signed request, and returns the exit status.
func sign(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	var r schema.Request
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what is wrong is said below
	flags.StringVar(&r.Host, "host", "", "")
	flags.StringVar(&r.RequestID, "id", "", "")
	flags.StringVar(&r.Source, "source", "", "")
	key := flags.String("key", "", "")
	goodFor := flags.Duration("expires", time.Minute, "")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, signUsage)
		return exitOK
	case err == nil && r.Host == "":
		err = errors.New("-host is missing")
	case err == nil && flags.NArg() == 0:
		err = errors.New("a command is missing")
	case err == nil && (*goodFor <= 0 || *goodFor > 5*time.Minute):
		err = fmt.Errorf("-expires must be up to 5m, not %v", *goodFor)
	}
	if err != nil {
		fmt.Fprintf(stderr, "systant-agent sign: %v\n%s", err, signUsage)
		return exitError
	}
	r.Command, r.Params = flags.Arg(0), flags.Args()[1:]
	if *key == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			fmt.Fprintln(stderr, "systant-agent sign: -key is missing:", err)
			return exitError
		}
		*key = filepath.Join(home, ".ssh", "id_ed25519")
	}
	envelope, err := agent.Sign(r, *key, *goodFor, getenv)
	if err != nil {
		fmt.Fprintln(stderr, "systant-agent sign:", err)
		return exitError
	}
	fmt.Fprintf(stdout, "%s\n", envelope)
	return exitOK
}
