package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// options are the command line of the agent's measurement.
type options struct {
	agent    string
	interval time.Duration
	warmup   time.Duration
	duration time.Duration
	traced   time.Duration
	procs    int
	ratio    float64
	extra    string
	asFloor  string
}

// benchAgent measures the agent beside the floor, or is the floor in a process
// of its own.
func benchAgent(ctx context.Context, arguments []string) error {
	var o options
	flags := flag.NewFlagSet("bench agent", flag.ExitOnError)
	flags.StringVar(&o.agent, "agent", "", "the systant-agent binary to measure; empty: it is built")
	flags.DurationVar(&o.interval, "interval", time.Second, "time between two samples")
	flags.DurationVar(&o.warmup, "warmup", 10*time.Second, "time before the measurement")
	flags.DurationVar(&o.duration, "duration", time.Minute, "time measured")
	flags.DurationVar(&o.traced, "traced", 10*time.Second, "time for which system calls are counted afterwards")
	flags.IntVar(&o.procs, "procs", 0, "sleeping processes to start besides")
	flags.Float64Var(&o.ratio, "ratio", 0, "fail when the agent takes more than so many times the floor's CPU time; 0: only report")
	flags.StringVar(&o.extra, "config", "", "a file with more sections for the agent's configuration, such as [processes]")
	flags.StringVar(&o.asFloor, "floor", "", "be the floor and publish to this address (used by bench itself)")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if o.asFloor != "" {
		return runFloor(ctx, o.asFloor, o.interval)
	}
	return measure(ctx, o)
}

// measure runs agent and floor side by side and prints the report.
func measure(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.agent == "" {
		if o.agent, err = build(ctx, dir, "./agent/cmd/systant-agent"); err != nil {
			return err
		}
	}
	b, err := startBroker()
	if err != nil {
		return fmt.Errorf("starting the broker: %w", err)
	}
	defer b.server.Close()
	config, err := writeConfig(dir, b.port, o)
	if err != nil {
		return fmt.Errorf("writing the agent's configuration: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stopSleepers, err := startSleepers(ctx, o.procs)
	defer stopSleepers()
	if err != nil {
		return fmt.Errorf("starting sleeping processes: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	agent, err := start(ctx, o.agent, "run", "-config", config)
	if err != nil {
		return fmt.Errorf("starting the agent: %w", err)
	}
	defer agent.stop()
	// Half a cycle apart, so that neither waits for the other's CPU.
	if err := pause(ctx, o.interval/2); err != nil {
		return err
	}
	floor, err := start(ctx, self, "agent", "-floor", b.address(), "-interval", o.interval.String())
	if err != nil {
		return fmt.Errorf("starting the floor: %w", err)
	}
	defer floor.stop()
	if err := observe(ctx, o, agent, floor); err != nil {
		return err
	}
	return report(os.Stdout, o, b, agent, floor)
}

// writeConfig writes the agent's configuration and returns its path.
func writeConfig(dir string, port int, o options) (string, error) {
	text := fmt.Sprintf("[general]\nhostname = \"bench\"\ninterval = %q\nstartup_delay = \"0s\"\nlog_level = \"warn\"\n\n[mqtt]\nhost = \"127.0.0.1\"\nport = %d\n", o.interval, port)
	if o.extra != "" {
		extra, err := os.ReadFile(o.extra)
		if err != nil {
			return "", err
		}
		text += "\n" + string(extra)
	}
	path := filepath.Join(dir, "systant.toml")
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// startSleepers starts n processes that sleep, and returns how to end them.
func startSleepers(ctx context.Context, n int) (func(), error) {
	var sleepers []*exec.Cmd
	stop := func() {
		for _, c := range sleepers {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}
	for range n {
		c := exec.CommandContext(ctx, "sleep", "1000000")
		c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := c.Start(); err != nil {
			return stop, err
		}
		sleepers = append(sleepers, c)
	}
	return stop, nil
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
