// Command record writes a recorded machine: the kernel's files that the agent
// reads, at two moments, without what would tell whose machine it is. The
// agent's tests run on such archives, so that a machine nobody of the project
// has can still be tested. It is no part of the agent and changes nothing.
//
//	go run ./test/record > my-machine.txtar
//
// What was left out or replaced is said on standard error. Read the archive
// before you give it to others.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// options is what the command line sets.
type options struct {
	root      string
	kind      string
	elapsed   time.Duration
	processes int
	names     bool
}

func main() {
	var o options
	flag.StringVar(&o.root, "root", "/", "the `folder` above proc, sys, etc and run")
	flag.StringVar(&o.kind, "kind", "A machine", "what it is, in one `sentence`, such as \"A laptop: ...\"")
	flag.DurationVar(&o.elapsed, "elapsed", 10*time.Second, "the `time` between the two moments")
	flag.IntVar(&o.processes, "processes", 48, "how `many` processes to record, those with the lowest numbers")
	flag.BoolVar(&o.names, "names", false, "keep the names of programs")
	flag.Parse()
	if err := run(o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

// run records the machine twice and writes the archive to out.
func run(o options, out, notes io.Writer) error {
	clean := newScrubber(o)
	if o.elapsed > time.Second {
		fmt.Fprintf(notes, "recording; done in %v\n", o.elapsed)
	}
	started := time.Now()
	first, err := readMachine(o)
	if err != nil {
		return err
	}
	time.Sleep(time.Until(started.Add(o.elapsed)))
	later, err := readMachine(o)
	if err != nil {
		return err
	}
	first, later = clean.machine(first), clean.machine(later)
	h := header{
		kind:    o.kind,
		kernel:  string(first.files["proc/sys/kernel/osrelease"]),
		now:     started,
		elapsed: o.elapsed,
	}
	skipped, err := writeArchive(out, h, first, later)
	if err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	for _, path := range skipped {
		fmt.Fprintf(notes, "left out: %s, which an archive can't hold\n", path)
	}
	for _, note := range clean.notes() {
		fmt.Fprintln(notes, note)
	}
	return nil
}
