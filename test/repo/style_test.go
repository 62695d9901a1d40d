package repo

import (
	"bytes"
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The greatest sizes, in lines. They are hard: most files are near 100 and
// most functions near 10.
const (
	maxFile     = 600
	maxFunction = 80
)

// TestSizes checks the lines of files and functions, and logs how they are
// spread.
func TestSizes(t *testing.T) {
	var files, functions []int
	for _, s := range sources(t) {
		lines := bytes.Count(s.text, []byte("\n"))
		if !s.test() {
			files = append(files, lines)
		}
		if lines > maxFile {
			t.Errorf("%s: got %d lines, want at most %d", s.path, lines, maxFile)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := s.line(f.End()) - s.line(f.Pos()) + 1
			if !s.test() {
				functions = append(functions, lines)
			}
			if lines > maxFunction {
				t.Errorf("%s:%d: %s: got %d lines, want at most %d", s.path, s.line(f.Pos()), f.Name.Name, lines, maxFunction)
			}
		}
	}
	t.Logf("%d files: median %d lines, 90 of 100 below %d", len(files), share(files, 50), share(files, 90))
	t.Logf("%d functions: median %d lines, 90 of 100 below %d", len(functions), share(functions, 50), share(functions, 90))
}

// share returns the value that percent of all values do not exceed.
func share(values []int, percent int) int {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[(len(values)-1)*percent/100]
}

// TestNoInit checks that no package does anything before main.
func TestNoInit(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s:%d: got an init function, want none", s.path, s.line(f.Pos()))
			}
		}
	}
}

// TestNames checks the names of files and packages: no underscores but in the
// endings that Go gives a meaning, and no names that say nothing.
func TestNames(t *testing.T) {
	endings := []string{"_test", "_linux", "_unix", "_amd64", "_arm64", "_nvml", "_stub", "_bench"}
	empty := []string{"util", "utils", "common", "helper", "helpers", "model", "models", "manager", "misc", "base", "shared", "types"}
	for _, s := range sources(t) {
		name := strings.TrimSuffix(path.Base(s.path), ".go")
		for again := true; again; {
			again = false
			for _, ending := range endings {
				if cut, ok := strings.CutSuffix(name, ending); ok {
					name, again = cut, true
				}
			}
		}
		if strings.Contains(name, "_") {
			t.Errorf("%s: got an underscore, want one idea and one word", s.path)
		}
		if slices.Contains(empty, s.file.Name.Name) {
			t.Errorf("%s: got package %s, want a name that says what it holds", s.path, s.file.Name.Name)
		}
	}
}

// spawners may start other programs.
var spawners = []string{"agent/internal/command/process/", "test/"}

// TestNoPrograms checks that nothing else starts other programs, tests left
// out: measuring must never cost a process.
func TestNoPrograms(t *testing.T) {
	for _, s := range sources(t) {
		allowed := s.test() || slices.ContainsFunc(spawners, func(dir string) bool { return strings.HasPrefix(s.path, dir) })
		for _, spec := range s.file.Imports {
			if name, err := strconv.Unquote(spec.Path.Value); err != nil || name == "os/exec" && !allowed {
				t.Errorf("%s:%d: got an import of %s, want none outside %v", s.path, s.line(spec.Pos()), name, spawners)
			}
		}
	}
}
