package repo

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// TestPackageComments checks that each package has one comment, in one file.
func TestPackageComments(t *testing.T) {
	comments := make(map[string][]string) // the files with one, by folder
	for _, s := range sources(t) {
		dir := path.Dir(s.path)
		if _, ok := comments[dir]; !ok {
			comments[dir] = nil
		}
		if s.file.Doc != nil && !strings.HasSuffix(s.file.Name.Name, "_test") {
			comments[dir] = append(comments[dir], s.path)
		}
	}
	for dir, files := range comments {
		if len(files) != 1 {
			t.Errorf("%s: got package comments in %d files %v, want one", dir, len(files), files)
		}
	}
}

// TestDeclarationComments checks that each declaration has a comment, which
// starts with its name. What a group of values holds may be said once, and the
// functions that go test runs say by their names what they check.
func TestDeclarationComments(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.test() && runByGo(f) {
				continue
			}
			for _, missing := range uncommented(d) {
				t.Errorf("%s:%d: %s has no comment that starts with its name", s.path, s.line(missing.Pos()), missing.Name)
			}
		}
	}
}

// runByGo tells whether go test calls a function of a test file by itself.
func runByGo(f *ast.FuncDecl) bool {
	prefixes := []string{"Test", "Benchmark", "Fuzz", "Example"}
	return f.Recv == nil && slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(f.Name.Name, p) })
}

// uncommented returns the names that d declares without a good comment.
func uncommented(d ast.Decl) []*ast.Ident {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.Name != "main" && !startsWith(d.Doc, d.Name.Name) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		if d.Tok == token.IMPORT || d.Lparen.IsValid() && d.Doc != nil {
			return nil // what a group holds is said above it
		}
		var missing []*ast.Ident
		for _, spec := range d.Specs {
			if name, doc := specComment(spec); !startsWith(doc, name.Name) && (len(d.Specs) != 1 || !startsWith(d.Doc, name.Name)) {
				missing = append(missing, name)
			}
		}
		return missing
	}
	return nil
}

// specComment returns the first name that a type or value specification
// declares, and the comment above it.
func specComment(spec ast.Spec) (*ast.Ident, *ast.CommentGroup) {
	if spec, ok := spec.(*ast.TypeSpec); ok {
		return spec.Name, spec.Doc
	}
	value := spec.(*ast.ValueSpec)
	return value.Names[0], value.Doc
}

// startsWith tells whether a comment's first word is name. An assertion that a
// type satisfies an interface has no name to start with.
func startsWith(doc *ast.CommentGroup, name string) bool {
	if name == "_" {
		return doc != nil
	}
	words := strings.Fields(doc.Text())
	return len(words) > 0 && strings.TrimSuffix(strings.TrimRight(words[0], ",:;."), "'s") == name
}
