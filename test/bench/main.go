package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// words are what can be measured.
var words = []struct {
	name string
	run  func(ctx context.Context, arguments []string) error
}{
	{"agent", benchAgent},
	{"fleet", benchFleet},
	{"page", benchPage},
	{"history", benchHistory},
}

// main measures what the first word says.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for _, word := range words {
		if len(os.Args) < 2 || os.Args[1] != word.name {
			continue
		}
		if err := word.run(ctx, os.Args[2:]); err != nil {
			fmt.Fprintf(os.Stderr, "bench %s: %v\n", word.name, err)
			os.Exit(1)
		}
		return
	}
	fmt.Fprintln(os.Stderr, "bench: name what to measure: agent, fleet, page or history; then flags, which -h lists")
	os.Exit(2)
}
