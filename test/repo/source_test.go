package repo

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// root is the repository's folder, seen from this package.
const root = "../.."

// source is one Go file of the repository.
type source struct {
	path  string // below the root, with slashes
	text  []byte
	file  *ast.File
	files *token.FileSet
}

// test tells whether the file holds tests.
func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// line returns the line of a place in the file.
func (s source) line(at token.Pos) int { return s.files.Position(at).Line }

// sources returns all Go files, read once.
func sources(t *testing.T) []source {
	t.Helper()
	found, err := parseAll()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// parseAll reads and parses every Go file below the root.
var parseAll = sync.OnceValues(func() ([]source, error) {
	var found []source
	err := walk(func(path string) error {
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, text, parser.ParseComments|parser.SkipObjectResolution)
		found = append(found, source{path, text, file, files})
		return err
	})
	return found, err
})

// walk calls visit with the path below the root of every file that belongs to
// the repository; what tools put there is left out.
func walk(visit func(path string) error) error {
	skip := map[string]bool{".git": true, ".dev": true, "bin": true, "node_modules": true, "vendor": true}
	return filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && skip[e.Name()] && path != root:
			if e.Name() == "vendor" && strings.Contains(path, "static") {
				return nil // the page's libraries, which are ours to keep in order
			}
			return filepath.SkipDir
		case !e.Type().IsRegular(), e.Name() == ".git": // of a second work tree
			return nil
		}
		path, err = filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return visit(filepath.ToSlash(path))
	})
}
