package collect

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

const (
	// maxCommand bounds a published command line, in bytes.
	maxCommand = 256
	// bootTimeFor is how long a boot time read from /proc/stat is good for:
	// it changes only when the clock is set, and its file is a long one.
	bootTimeFor = time.Minute
)

// ProcessesOptions is what the section [processes] sets.
type ProcessesOptions struct {
	// Names chooses the processes that the tables may list. The counts cover
	// all of them whatever it says.
	Names Filter
	// Top is the number of rows in each table; with 0 there are none.
	Top int
	// Command asks for the rows' command lines, which may hold passwords.
	Command bool
}

// processes counts the processes and finds those that use most.
type processes struct {
	options ProcessesOptions
	host    kernel.Host
	table   *procTable
	users   *userNames
	page    uint64 // bytes

	window    window
	booted    time.Time
	bootRead  time.Time
	topCPU    []*process // reused
	topMemory []*process // reused
}

// newProcesses returns the collector of the host's processes.
func newProcesses(c Config) (Collector, error) {
	return &processes{
		options: c.Processes,
		host:    c.Host,
		table:   newProcTable(c.Host.Path("/proc")),
		users:   newUserNames(c.Host.Path("/etc/passwd")),
		page:    uint64(os.Getpagesize()),
	}, nil
}

// Close closes the table's descriptors.
func (c *processes) Close() error {
	c.table.close()
	return nil
}

// Collect fills s.Processes from /proc/<pid>. Counts cover every process,
// kernel threads too; a process is in the state of its first thread. CPU
// percentages are of one logical CPU and have the grain of 1/userHZ s.
func (c *processes) Collect(_ context.Context, s *schema.Stats, now time.Time) error {
	fault := c.table.scan()
	if len(c.table.alive) == 0 {
		return fault
	}
	seconds := c.window.advance(now)
	sum := &schema.Processes{}
	c.topCPU, c.topMemory = c.topCPU[:0], c.topMemory[:0]
	for _, p := range c.table.alive {
		sum.Total++
		if !p.readable {
			continue
		}
		sum.Threads += p.threads
		switch p.state {
		case 'R':
			sum.Running++
		case 'D':
			sum.Blocked++
		case 'Z':
			sum.Zombie++
		}
		if !c.options.Names.Allows(p.name) {
			continue
		}
		if !p.fresh && seconds > 0 {
			c.topCPU = keepTop(c.topCPU, c.options.Top, p, usesMoreCPU)
		}
		if p.resident > 0 {
			c.topMemory = keepTop(c.topMemory, c.options.Top, p, usesMoreMemory)
		}
	}
	if len(c.topCPU)+len(c.topMemory) > 0 {
		c.users.refresh()
		c.refreshBootTime(now)
		sum.TopCPU = c.rows(c.topCPU, seconds)
		sum.TopMemory = c.rows(c.topMemory, seconds)
	}
	s.Processes = sum
	return fault
}

// keepTop inserts p into a list of at most limit processes that is sorted by
// before, if it belongs there.
func keepTop(top []*process, limit int, p *process, before func(a, b *process) bool) []*process {
	if len(top) == limit && (limit == 0 || !before(p, top[limit-1])) {
		return top
	}
	if len(top) < limit {
		top = append(top, p)
	}
	i := len(top) - 1
	for ; i > 0 && before(p, top[i-1]); i-- {
		top[i] = top[i-1]
	}
	top[i] = p
	return top
}

// usesMoreCPU orders by processor time since the sample before, then by
// memory, so that the rows of an idle host don't jump about.
func usesMoreCPU(a, b *process) bool {
	if a.busy != b.busy {
		return a.busy > b.busy
	}
	return usesMoreMemory(a, b)
}

// usesMoreMemory orders by resident set, then by pid.
func usesMoreMemory(a, b *process) bool {
	if a.resident != b.resident {
		return a.resident > b.resident
	}
	return a.pid < b.pid
}

// rows returns the table of some processes. A process may end before its user
// and command are read; its row then goes without.
func (c *processes) rows(top []*process, seconds float64) []schema.Process {
	if len(top) == 0 {
		return nil
	}
	rows := make([]schema.Process, 0, len(top))
	for _, p := range top {
		row := schema.Process{
			PID:         p.pid,
			Name:        p.name,
			State:       string(rune(p.state)),
			MemoryBytes: p.resident * c.page,
			Threads:     p.threads,
			Started:     c.booted.Add(time.Duration(p.started) * (time.Second / userHZ)).Truncate(time.Second),
		}
		if !p.fresh && seconds > 0 {
			row.CPUPercent = new(percent(float64(p.busy)/userHZ, seconds))
		}
		if uid, ok := c.table.owner(p); ok {
			row.User = c.users.name(uid)
		}
		if c.options.Command {
			if line, err := c.table.readFile(p, "cmdline", maxCommand); err == nil {
				row.Command = cleanCommand(line)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// cleanCommand turns the NUL-terminated arguments of /proc/<pid>/cmdline into
// one line of text. A program may have overwritten them with anything.
func cleanCommand(arguments []byte) string {
	arguments = bytes.TrimRight(arguments, "\x00")
	for i, c := range arguments {
		if c == 0 {
			arguments[i] = ' '
		}
	}
	return cleanText(arguments, maxCommand)
}

// refreshBootTime reads btime in /proc/stat, at most once in bootTimeFor.
func (c *processes) refreshBootTime(now time.Time) {
	if !c.bootRead.IsZero() && now.Sub(c.bootRead) < bootTimeFor {
		return
	}
	data, err := c.host.Read("/proc/stat")
	if err != nil {
		return
	}
	if booted, err := parseBootTime(data); err == nil {
		c.booted, c.bootRead = booted, now
	}
}

// parseBootTime returns btime, in seconds since 1970 UTC, from /proc/stat
// (Documentation/filesystems/proc.rst, section 1.7).
func parseBootTime(stat []byte) (time.Time, error) {
	_, rest, ok := bytes.Cut(stat, []byte("\nbtime "))
	line, _, _ := bytes.Cut(rest, []byte{'\n'})
	seconds, err := strconv.ParseInt(string(line), 10, 64)
	if !ok || err != nil {
		return time.Time{}, fmt.Errorf("parsing btime in /proc/stat: %w", errProcStat)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
