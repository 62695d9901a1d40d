package web

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"
)

// entry is the module that every page begins with. It fetches the one of the
// page that is shown.
const entry = "app.js"

// imports returns what a module imports when it is loaded, by the names in its
// import and export statements; modules that it fetches later are not among
// them.
func imports(script []byte) ([]string, error) {
	tree, err := js.Parse(parse.NewInputBytes(script), js.Options{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, statement := range tree.List {
		var name []byte
		switch s := statement.(type) {
		case *js.ImportStmt:
			name = s.Module
		case *js.ExportStmt:
			name = s.Module
		}
		if len(name) > 0 {
			names = append(names, strings.Trim(string(name), `"'`))
		}
	}
	return names, nil
}

// needed returns the files of all modules that some need, each before those
// that it imports.
func needed(assets map[string]*asset, modules ...string) ([]string, error) {
	var all []string
	known := map[string]bool{}
	var add func(name string) error
	add = func(name string) error {
		if known[name] {
			return nil
		}
		known[name] = true
		one := assets[name]
		if one == nil {
			return fmt.Errorf("%s is not there", name)
		}
		all = append(all, name)
		further, err := imports(one.body)
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		for _, other := range further {
			if err := add(path.Join(path.Dir(name), other)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	}
	for _, name := range modules {
		if err := add(folder + name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// preloaded returns the document with links to all modules that a page needs,
// in place of the end of its head: so that none waits for its importer.
func preloaded(assets map[string]*asset, document []byte, module string) ([]byte, error) {
	names, err := needed(assets, entry, module)
	if err != nil {
		return nil, err
	}
	var links bytes.Buffer
	for _, name := range names {
		fmt.Fprintf(&links, "<link rel=\"modulepreload\" href=\"%s\">\n", name)
	}
	const end = "</head>"
	links.WriteString(end)
	return bytes.Replace(document, []byte(end), links.Bytes(), 1), nil
}
