package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// subject is a program under measurement and what was seen of it.
type subject struct {
	command *exec.Cmd
	ended   chan error // what Wait returned
	cycles  []time.Duration
	calls   float64 // system calls a cycle, 0 where perf can't count them
	io      float64 // read and write calls a cycle, from /proc/<pid>/io
	pss     int     // KiB
	threads int
	spawned time.Duration // CPU time of children, which no subject should have
}

// errEnded is returned when a subject ended before the measurement did.
var errEnded = errors.New("it was to run until stopped")

// start starts a program that is ended when ctx is.
func start(ctx context.Context, name string, arguments ...string) (*subject, error) {
	c := exec.CommandContext(ctx, name, arguments...)
	c.Stderr = os.Stderr
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 5 * time.Second
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		return nil, err
	}
	s := &subject{command: c, ended: make(chan error, 1)}
	go func() { s.ended <- c.Wait() }()
	return s, nil
}

// stop ends the program and waits for its end.
func (s *subject) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended: //nolint:errcheck // how it ended does not matter any more
	case <-time.After(5 * time.Second):
		_ = s.command.Process.Kill()
		<-s.ended //nolint:errcheck // it was killed
	}
}

// running tells whether the program has not ended yet.
func (s *subject) running() bool {
	select {
	case err := <-s.ended:
		s.ended <- err
		return false
	default:
		return true
	}
}

// observe fills what is seen of the subjects over the warm-up, the measured
// time and the time in which system calls are counted.
func observe(ctx context.Context, o options, subjects ...*subject) error {
	if err := pause(ctx, o.warmup); err != nil {
		return err
	}
	last := make([]time.Duration, len(subjects))
	before := make([]int, len(subjects))
	for cycle := range 1 + int(o.duration/o.interval) {
		for i, s := range subjects {
			used, err := s.cpu()
			if err != nil {
				return err
			}
			if cycle == 0 {
				before[i] = s.ioCalls()
			} else {
				s.cycles = append(s.cycles, used-last[i])
			}
			last[i] = used
		}
		if err := pause(ctx, o.interval); err != nil {
			return err
		}
	}
	for i, s := range subjects {
		s.io = float64(s.ioCalls()-before[i]) / float64(len(s.cycles)+1)
		if err := s.weigh(); err != nil {
			return err
		}
		s.calls = s.countCalls(ctx, o)
	}
	return nil
}

// cpu returns the CPU time that the process has used so far: its clock, to
// the nanosecond. It fails when the process has ended.
func (s *subject) cpu() (time.Duration, error) {
	select {
	case err := <-s.ended:
		s.ended <- err
		return 0, fmt.Errorf("%s ended early with status %d: %w", s.command.Path, s.command.ProcessState.ExitCode(), errors.Join(errEnded, err))
	default:
	}
	// The kernel's MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED), which
	// clock_getcpuclockid(3) returns.
	clock := int32(^s.command.Process.Pid<<3 | 2)
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0, fmt.Errorf("reading the process clock: %w", err)
	}
	return time.Duration(t.Nano()), nil
}

// ioCalls returns the read and write calls so far, without pread on procfs'
// own terms or getdents: a lower bound of the system calls.
func (s *subject) ioCalls() int {
	values := s.proc("io")
	return values["syscr"] + values["syscw"]
}

// weigh fills memory, threads and the children's CPU time.
func (s *subject) weigh() error {
	s.pss = s.proc("smaps_rollup")["Pss"]
	s.threads = s.proc("status")["Threads"]
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.command.Process.Pid))
	if err != nil {
		return fmt.Errorf("reading its stat: %w", err)
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	for _, f := range fields[13:15] { // cutime and cstime, 1/100 s
		ticks, err := strconv.Atoi(f)
		if err != nil {
			return fmt.Errorf("parsing its stat: %w", err)
		}
		s.spawned += time.Duration(ticks) * 10 * time.Millisecond
	}
	return nil
}

// proc returns the numbers of the "Name: number" lines of a /proc/<pid> file.
func (s *subject) proc(name string) map[string]int {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.command.Process.Pid, name))
	if err != nil {
		return nil
	}
	values := make(map[string]int)
	for line := range strings.Lines(string(data)) {
		key, rest, _ := strings.Cut(line, ":")
		if fields := strings.Fields(rest); len(fields) > 0 {
			if n, err := strconv.Atoi(fields[0]); err == nil {
				values[key] = n
			}
		}
	}
	return values
}

// countCalls counts system calls with perf(1), which slows them down: nothing
// else is measured meanwhile. It returns 0 where perf isn't there or not
// permitted.
func (s *subject) countCalls(ctx context.Context, o options) float64 {
	if o.traced <= 0 {
		return 0
	}
	c := exec.CommandContext(ctx, "perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p", strconv.Itoa(s.command.Process.Pid),
		"--", "sleep", strconv.FormatFloat(o.traced.Seconds(), 'f', -1, 64))
	out, err := c.CombinedOutput()
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(out)) {
		if number, rest, ok := strings.Cut(line, ","); ok && strings.Contains(rest, "raw_syscalls") {
			if n, err := strconv.ParseFloat(number, 64); err == nil {
				return n * float64(o.interval) / float64(o.traced)
			}
		}
	}
	return 0
}

// quantile returns the value below which a share q of the cycles lie, in ms.
func (s *subject) quantile(q float64) float64 {
	sorted := slices.Sorted(slices.Values(s.cycles))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)].Seconds() * 1e3
}

// mean returns the mean of the cycles, in ms.
func (s *subject) mean() float64 {
	var sum time.Duration
	for _, c := range s.cycles {
		sum += c
	}
	return sum.Seconds() * 1e3 / float64(len(s.cycles))
}
