package config

import (
	"flag"
	"fmt"
	"io"
	"slices"
)

// CommandLine splits the arguments of a program into a word, one of words and
// the first of them where none is given, and the file that -config names,
// which may stand before or after the word. It returns [flag.ErrHelp] for -h.
func CommandLine(args []string, words ...string) (word, path string, err error) {
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the caller says what is wrong
	flags.StringVar(&path, "config", "", "")
	word = words[0]
	for given := false; ; given = true {
		if err := flags.Parse(args); err != nil {
			return "", "", err
		}
		if flags.NArg() == 0 {
			return word, path, nil
		}
		if given {
			return "", "", fmt.Errorf("unexpected %q", flags.Arg(0))
		}
		word, args = flags.Arg(0), flags.Args()[1:]
		if !slices.Contains(words, word) {
			return "", "", fmt.Errorf("unknown word %q", word)
		}
	}
}
