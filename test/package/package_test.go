package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// help is a help text in the form of both programs.
const help = `usage: systant-x [run|check] [-config FILE]
       systant-x sign -host HOST
                 COMMAND

  run    do it (default); for
         ever
  sign   make one; -h tells more

-config FILE   the configuration; otherwise
               the defaults

Some more
about it:

  systant-x run |
    cat
`

func TestParseUsage(t *testing.T) {
	want := usage{
		synopsis: []string{"systant-x [run|check] [-config FILE]", "systant-x sign -host HOST COMMAND"},
		words:    []entry{{"run", "", "do it (default); for ever"}, {"sign", "", "make one; -h tells more"}},
		options:  []entry{{"-config", "FILE", "the configuration; otherwise the defaults"}},
		text:     []string{"Some more\nabout it:", "  systant-x run |\n    cat"},
	}
	if diff := cmp.Diff(parseUsage(help), want, cmp.AllowUnexported(usage{}, entry{})); diff != "" {
		t.Errorf("got -, want +\n%s", diff)
	}
	got := parseUsage("usage: systant-x [-config FILE]\n       systant-x check [-other FILE]\n\ncheck   look\n")
	if len(got.options) != 1 || got.options[0].name != "-config" || len(got.words) != 1 {
		t.Errorf("got %+v, want the option of the first line and a word", got)
	}
	if got := parseUsage(""); len(got.synopsis)+len(got.words)+len(got.options)+len(got.text) > 0 {
		t.Errorf("got %+v of nothing", got)
	}
}

// FuzzParseUsage checks that any text is taken, also by what writes pages and
// completions.
func FuzzParseUsage(f *testing.F) {
	f.Add(help)
	f.Add("usage: \n   \n-a  b\n")
	f.Fuzz(func(_ *testing.T, text string) {
		u := parseUsage(text)
		programPage(programs[0], u, map[string]usage{"sign": u}, "2026-01-01")
		configPage(programs[0], text, "2026-01-01")
		for _, shell := range shells {
			shell.make("systant-x", u, map[string]usage{"sign": u})
		}
	})
}

func TestRoff(t *testing.T) {
	check := func(text, want string) {
		t.Helper()
		if got := roff(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	check("a-b ~/.x", `a\-b \(ti/.x`)
	check(".so evil\n'x", "\\&.so evil\n\\&'x")
	check(`C:\x`, `C:\ex`)
	check("", "")
}

func TestConfigPage(t *testing.T) {
	page := string(configPage(program{name: "systant-x", config: "x.toml"}, "# Every option.\n\n[a]\n# How long.\ntime = \"1s\"\n\n# An example:\n# [[a.b]]\n# c = 1\n", "2026-01-01"))
	for _, want := range []string{
		".TH X.TOML 5 2026-01-01", ".PP\nEvery option.\n", ".SH \"[a]\"\n", ".TP\n.B time = \"1s\"\nHow long.\n", ".PP\n.nf\nAn example:\n[[a.b]]\nc = 1\n.fi\n", ".BR systant\\-x (1)",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("got no %q in\n%s", want, page)
		}
	}
}

func TestArchiveIsStable(t *testing.T) {
	folder := t.TempDir()
	var files []file
	for _, name := range []string{"b", "a"} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file{source: path, archive: name, mode: 0o755}, file{source: path})
	}
	made := func(files []file) []byte {
		out := filepath.Join(t.TempDir(), "out.tar.gz")
		if err := archive(out, "x", files, time.Unix(1_767_225_600, 0)); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	first := made(files)
	if err := os.Chtimes(filepath.Join(folder, "a"), time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(files)
	if second := made(files); !bytes.Equal(first, second) {
		t.Error("got other bytes with other times and another order")
	}
}

func TestStableBill(t *testing.T) {
	got, err := stableBill([]byte(`{"metadata":{"tools":[{"name":"x","hashes":[1]}]},"components":[{"hashes":[2]}]}`))
	want := "{\n  \"components\": [\n    {\n      \"hashes\": [\n        2\n      ]\n    }\n  ],\n  \"metadata\": {\n    \"tools\": [\n      {\n        \"name\": \"x\"\n      }\n    ]\n  }\n}\n"
	if diff := cmp.Diff(string(got), want); diff != "" || err != nil {
		t.Errorf("error %v; got -, want +\n%s", err, diff)
	}
	if _, err := stableBill([]byte("no")); err == nil {
		t.Error("got no error for what is no JSON")
	}
}

// TestUnitsAgree holds what both units take away from the programs against each
// other: what one lacks is named here with its reason in the unit.
func TestUnitsAgree(t *testing.T) {
	settings := func(name string) map[string]bool {
		text, err := os.ReadFile("../../deploy/systemd/" + name + ".service")
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]bool{}
		for line := range strings.Lines(string(text)) {
			if key, _, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
				all[key] = true
			}
		}
		return all
	}
	agent, dashboard := settings("systant-agent"), settings("systant-dashboard")
	less := []string{"PrivateDevices", "PrivateUsers", "ProcSubset", "ProtectControlGroups", "ProtectProc", "RestrictNamespaces", "DynamicUser", "TimeoutStartSec", "Before"}
	for key := range dashboard {
		if !agent[key] && !slices.Contains(less, key) {
			t.Errorf("the agent's unit has no %s, which the dashboard's has", key)
		}
	}
}
