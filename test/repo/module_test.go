package repo

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// maxAgentModules is the most modules of others that the agent may require
// directly: it runs as a service on every host, so each one is a risk to all.
const maxAgentModules = 10

// read returns a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestGoLines checks that go.work and each go.mod name a minor version of Go,
// not the patch release of the day, and all the same.
func TestGoLines(t *testing.T) {
	line := regexp.MustCompile(`(?m)^go (\S+)$`)
	want := line.FindString(read(t, "go.work"))
	if !regexp.MustCompile(`^go 1\.\d+\.0$`).MatchString(want) {
		t.Errorf("go.work: got %q, want a version that ends with .0", want)
	}
	err := walk(func(path string) error {
		if filepath.Base(path) != "go.mod" {
			return nil
		}
		text := read(t, path)
		if got := line.FindString(text); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
		if strings.Contains(text, "\ntoolchain ") {
			t.Errorf("%s: got a toolchain line, want none", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFewAgentModules counts what the agent requires of others.
func TestFewAgentModules(t *testing.T) {
	var direct []string
	for line := range strings.Lines(read(t, "agent/go.mod")) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) == 2 && strings.HasPrefix(fields[1], "v") && !strings.HasPrefix(fields[0], module) {
			direct = append(direct, fields[0])
		}
	}
	if len(direct) > maxAgentModules {
		t.Errorf("agent/go.mod: got %d direct requirements %v, want at most %d", len(direct), direct, maxAgentModules)
	}
}

// TestDependenciesAreDecided checks that the page of dependencies names each
// one that a product or a test requires directly.
func TestDependenciesAreDecided(t *testing.T) {
	decision := read(t, "docs/decisions/0003-dependencies.md")
	err := walk(func(path string) error {
		if filepath.Base(path) == "go.mod" && path != "tools/go.mod" {
			undecided(t, path, decision)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// undecided reports each direct requirement of a go.mod that the decision
// does not name.
func undecided(t *testing.T, path, decision string) {
	t.Helper()
	requirement := regexp.MustCompile(`(?m)^(?:require |\t)(\S+\.\S+/\S+) v\S+$`)
	for _, found := range requirement.FindAllStringSubmatch(read(t, path), -1) {
		if !strings.Contains(decision, "`"+found[1]+"`") {
			t.Errorf("%s: got %s, which docs/decisions/0003-dependencies.md does not name", path, found[1])
		}
	}
}
