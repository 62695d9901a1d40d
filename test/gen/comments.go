package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// readComments returns the comments of the types and fields that pkg/schema
// below root declares, on one line each, by "Type" and "Type.Field".
func readComments(root string) (map[string]string, error) {
	dir := filepath.Join(root, "pkg", "schema")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	comments := make(map[string]string)
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".go" || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.TYPE {
				typeComments(d, comments)
			}
		}
	}
	return comments, nil
}

// typeComments adds the comments of one declaration of a type.
func typeComments(d *ast.GenDecl, comments map[string]string) {
	spec := d.Specs[0].(*ast.TypeSpec)
	name := spec.Name.Name
	comments[name] = plain(d.Doc)
	shape, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range shape.Fields.List {
		for _, id := range field.Names {
			comments[name+"."+id.Name] = plain(field.Doc) + plain(field.Comment)
		}
	}
}

// plain returns a comment on one line, without the brackets of its links.
func plain(c *ast.CommentGroup) string {
	return strings.NewReplacer("[", "", "]", "").Replace(strings.Join(strings.Fields(c.Text()), " "))
}
