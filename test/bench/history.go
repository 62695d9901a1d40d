package main

import (
	"context"
	"os"
	"os/exec"
)

// benchHistory runs the benchmarks of the history, which see into it: they fill
// a year of it first.
func benchHistory(ctx context.Context, arguments []string) error {
	all := append([]string{"test", "-timeout", "60m", "-run", "^$", "-bench", ".", "./dashboard/internal/history"}, arguments...)
	c := exec.CommandContext(ctx, "go", all...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	return c.Run()
}
