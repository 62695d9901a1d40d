// Tally reads what go test -json prints and says what a person wants to know:
// the output of what failed, what was skipped and why, and how many tests
// passed. It fails when a test, or a build, did.
//
//	go test -race -json work | go run ./test/tally
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is one line of go test -json; see go doc test2json.
type event struct {
	Action     string
	Package    string
	ImportPath string // of a package that does not build
	Test       string
	Output     string
}

// tally counts tests and keeps what may have to be shown.
type tally struct {
	out            io.Writer
	output         map[string]*strings.Builder // by package and test
	skipped        []string
	passed, failed int
	failedPackages map[string]bool // those of which a test failed
}

// newTally returns a tally that has seen nothing, and will report to out.
func newTally(out io.Writer) *tally {
	return &tally{out: out, output: make(map[string]*strings.Builder), failedPackages: make(map[string]bool)}
}

// main reads standard input to its end.
func main() {
	t := newTally(os.Stdout)
	if err := t.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(1)
	}
	if t.report(); t.failed > 0 {
		os.Exit(1)
	}
}

// read takes all events.
func (t *tally) read(r io.Reader) error {
	for d := json.NewDecoder(r); ; {
		var e event
		switch err := d.Decode(&e); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading the events of go test: %w", err)
		}
		t.take(e)
	}
}

// take counts one event.
func (t *tally) take(e event) {
	e.ImportPath, _, _ = strings.Cut(e.ImportPath, " ") // of a test: "b [b.test]"
	key := e.Package + e.ImportPath + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		if t.output[key] == nil {
			t.output[key] = &strings.Builder{}
		}
		t.output[key].WriteString(e.Output)
		return
	case "pass":
		if e.Test != "" {
			t.passed++
		}
	case "skip":
		if e.Test != "" {
			t.skipped = append(t.skipped, fmt.Sprintf("skipped %s %s", key, reason(t.text(key))))
		}
	case "fail", "build-fail":
		t.fail(e, key)
	}
	if e.Action != "start" && e.Action != "run" {
		delete(t.output, key)
	}
}

// fail counts a failure and shows its output. A package fails with its tests,
// and is shown only when none of them did.
func (t *tally) fail(e event, key string) {
	if e.Action == "fail" && e.Test == "" && t.failedPackages[e.Package] {
		return
	}
	t.failed++
	t.failedPackages[e.Package+e.ImportPath] = true
	fmt.Fprintf(t.out, "failed %s\n%s", key, t.text(key))
}

// text returns the output so far of a test or a package.
func (t *tally) text(key string) string {
	if t.output[key] == nil {
		return ""
	}
	return t.output[key].String()
}

// reason returns what a skipped test said, without the frame around it.
func reason(output string) string {
	var said []string
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			said = append(said, line)
		}
	}
	return strings.Join(said, " ")
}

// report says what was skipped and how many passed.
func (t *tally) report() {
	for _, line := range t.skipped {
		fmt.Fprintln(t.out, line)
	}
	fmt.Fprintf(t.out, "%d passed, %d failed\n", t.passed, t.failed)
}
