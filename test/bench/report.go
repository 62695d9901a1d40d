package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
)

// report prints what was measured, and fails when the agent costs more than
// it may.
func report(w io.Writer, o options, b *broker, agent, floor *subject) error {
	if len(agent.cycles) == 0 {
		return errors.New("nothing measured: -duration is shorter than -interval")
	}
	listed, _ := filepath.Glob("/proc/[0-9]*")
	fmt.Fprintf(w, "%d cycles of %v, %d processes on the host\n\n", len(agent.cycles), o.interval, len(listed))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tagent\tfloor\tratio\t")
	row := func(name, format string, a, f float64) {
		fmt.Fprintf(t, "%s\t"+format+"\t"+format+"\t%.1f\t\n", name, a, f, a/f)
	}
	row("CPU ms a cycle, median", "%.2f", agent.quantile(0.5), floor.quantile(0.5))
	row("CPU ms a cycle, mean", "%.2f", agent.mean(), floor.mean())
	row("CPU ms a cycle, 90 % below", "%.2f", agent.quantile(0.9), floor.quantile(0.9))
	if agent.calls > 0 && floor.calls > 0 {
		row("system calls a cycle", "%.0f", agent.calls, floor.calls)
	} else {
		row("reads and writes a cycle (perf can't count all calls here)", "%.0f", agent.io, floor.io)
	}
	row("PSS MiB", "%.1f", float64(agent.pss)/1024, float64(floor.pss)/1024)
	row("threads", "%.0f", float64(agent.threads), float64(floor.threads))
	messages, size := b.tally.mean("systant")
	_, floorSize := b.tally.mean("floor")
	row("payload bytes", "%.0f", float64(size), float64(floorSize))
	if err := t.Flush(); err != nil {
		return err
	}
	if info, err := os.Stat(o.agent); err == nil {
		fmt.Fprintf(w, "\nbinary %.1f MB, %d samples published\n", float64(info.Size())/1e6, messages)
	}
	if agent.spawned > 0 {
		fmt.Fprintf(w, "the agent's child processes used %v of CPU time\n", agent.spawned)
	}
	if messages == 0 {
		return errors.New("the agent published nothing")
	}
	if ratio := agent.quantile(0.5) / floor.quantile(0.5); o.ratio > 0 && ratio > o.ratio {
		return fmt.Errorf("the agent takes %.1f times the floor's CPU time, at most %.1f are allowed", ratio, o.ratio)
	}
	return nil
}
