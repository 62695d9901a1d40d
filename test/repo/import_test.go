package repo

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// module is the first part of every import path of the repository.
const module = "systant/"

// arrow is a row of the table of imports in ARCHITECTURE.md.
type arrow struct {
	from string   // a pattern of packages, as path.Match has it
	to   []string // patterns of what they may import
}

// arrows reads the table of imports. Its rows start with a package in
// backticks; what stands in backticks in the next cell may be imported.
func arrows(t *testing.T) []arrow {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "| package | may import |")
	if !found {
		t.Fatal("ARCHITECTURE.md: got no table `| package | may import |`")
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	var rows []arrow
	for line := range strings.Lines(strings.TrimLeft(table, "\n")) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			break
		}
		for _, from := range quoted.FindAllStringSubmatch(cells[1], -1) {
			row := arrow{from: from[1]}
			for _, to := range quoted.FindAllStringSubmatch(cells[2], -1) {
				row.to = append(row.to, to[1])
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// TestImports checks each import between the repository's packages against
// the table in ARCHITECTURE.md. Tests may import what Go lets them.
func TestImports(t *testing.T) {
	rows := arrows(t)
	list := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "work")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		packages := strings.Fields(line)
		name := strings.TrimPrefix(packages[0], module)
		at := slices.IndexFunc(rows, func(r arrow) bool { return matches(r.from, name) })
		if at < 0 {
			t.Errorf("%s: got no row in the table of ARCHITECTURE.md", name)
			continue
		}
		for _, imported := range packages[1:] {
			to, ours := strings.CutPrefix(imported, module)
			if ours && !slices.ContainsFunc(rows[at].to, func(p string) bool { return matches(p, to) }) {
				t.Errorf("%s: got an import of %s, want only %v", name, to, rows[at].to)
			}
		}
	}
}

// matches tells whether a package has the pattern.
func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}
