// Gen writes the files that follow from the source: docs/metrics.md from the
// metric catalogue, and a JSON Schema of each payload: docs/schema/stats.json
// from the Go types, their comments and the catalogue, docs/schema/status.json
// from the two words, and those about commands from their Go types. With -check it writes nothing and fails when a file is
// not what it would write.
//
//	go run ./test/gen
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"systant/pkg/schema"
)

// generated is one file and what makes its content, given the repository's
// root. To generate another file, add a row.
type generated struct {
	path string
	make func(root string) ([]byte, error)
}

// files are all generated files.
var files = []generated{
	{"docs/metrics.md", func(string) ([]byte, error) { return metricsPage(), nil }},
	{"docs/schema/stats.json", statsSchema},
	{"docs/schema/status.json", statusSchema},
	{"docs/schema/request.json", payloadSchema[schema.Request]("Systant request", strict)},
	{"docs/schema/signed.json", payloadSchema[schema.Signed]("Systant signed request", strictSigned)},
	{"docs/schema/response.json", payloadSchema[schema.Response]("Systant response", nil)},
	{"docs/schema/available.json", payloadSchema[schema.Offer]("Systant offer of commands", nil)},
}

// errStale is returned for a file that is not what would be written.
var errStale = errors.New("not fresh: run `go run ./test/gen`")

// main writes or checks the files.
func main() {
	check := flag.Bool("check", false, "write nothing, fail when a file is not fresh")
	flag.Parse()
	act := write
	if *check {
		act = fresh
	}
	if err := all(act); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// all makes every file and passes it, with its path, to act.
func all(act func(path string, want []byte) error) error {
	root, err := findRoot()
	if err != nil {
		return err
	}
	for _, file := range files {
		want, err := file.make(root)
		if err != nil {
			return fmt.Errorf("making %s: %w", file.path, err)
		}
		if err := act(filepath.Join(root, file.path), want); err != nil {
			return err
		}
	}
	return nil
}

// findRoot returns the folder of go.work: the working folder or one above.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, found := os.Stat(filepath.Join(dir, "go.work")); found == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.work here or above")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}

// write puts a file in its place.
func write(path string, want []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, want, 0o644)
}

// fresh returns errStale unless the file is what it should be.
func fresh(path string, want []byte) error {
	got, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%s: %w", path, errStale)
	}
	return nil
}
