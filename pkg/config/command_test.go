package config

import (
	"errors"
	"flag"
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	check := func(line, word, path, problem string) {
		t.Helper()
		gotWord, gotPath, err := CommandLine(strings.Fields(line), "run", "check")
		got := ""
		if err != nil {
			got = err.Error()
		}
		if gotWord != word || gotPath != path || !strings.Contains(got, problem) || (got == "") != (problem == "") {
			t.Errorf("%q: got %q, %q, %v; want %q, %q, %q", line, gotWord, gotPath, err, word, path, problem)
		}
	}
	check("", "run", "", "")
	check("check", "check", "", "")
	check("-config a", "run", "a", "")
	check("check -config a", "check", "a", "")
	check("--config=a check", "check", "a", "")
	check("jump", "", "", `unknown word "jump"`)
	check("run check", "", "", `unexpected "check"`)
	check("run -x", "", "", "-x")
	check("-config", "", "", "needs an argument")
	if _, _, err := CommandLine([]string{"-h"}, "run"); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: got %v, want flag.ErrHelp", err)
	}
}
