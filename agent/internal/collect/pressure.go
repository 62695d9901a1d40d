package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// microseconds is the unit of PSI's totals, in parts of a second.
const microseconds = 1e6

// errPSI is returned for bytes that aren't those of a file of /proc/pressure.
var errPSI = errors.New("not pressure stall information")

// pressure reads for how long tasks waited.
type pressure struct {
	host   kernel.Host
	room   []byte // reused
	window window
	before *stalls // of the sample before
}

// stalls are the totals of all resources.
type stalls struct {
	cpu, memory, io stall
}

// stall is for how long tasks have waited for one resource since boot: some of
// them, or all that are not idle at once.
type stall struct {
	some, full stallTime
}

// stallTime is a total in microseconds, if the kernel tells it: before Linux
// 5.13 there is none for full of the CPU.
type stallTime struct {
	total uint64
	known bool
}

// newPressure returns the collector of the host's pressure stall information.
func newPressure(c Config) (Collector, error) {
	return &pressure{host: c.Host}, nil
}

// Collect fills s.Pressure from the totals in /proc/pressure/{cpu,memory,io}
// (Documentation/accounting/psi.rst), which unlike the averages there cover
// the sample's interval exactly. It returns [ErrAbsent] for a kernel without
// PSI, or one that was started with psi=0.
func (c *pressure) Collect(_ context.Context, s *schema.Stats, now time.Time) error {
	var totals stalls
	for _, file := range []struct {
		resource string
		into     *stall
	}{{"cpu", &totals.cpu}, {"memory", &totals.memory}, {"io", &totals.io}} {
		err := c.read(file.resource, file.into)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.EOPNOTSUPP):
			return ErrAbsent
		case err != nil:
			return fmt.Errorf("reading pressure of %s: %w", file.resource, err)
		}
	}
	seconds := c.window.advance(now)
	before := c.before
	c.before = &totals
	if before == nil {
		return nil
	}
	s.Pressure = &schema.Pressure{
		CPUSomePercent:    stalled(before.cpu.some, totals.cpu.some, seconds),
		MemorySomePercent: stalled(before.memory.some, totals.memory.some, seconds),
		MemoryFullPercent: stalled(before.memory.full, totals.memory.full, seconds),
		IOSomePercent:     stalled(before.io.some, totals.io.some, seconds),
		IOFullPercent:     stalled(before.io.full, totals.io.full, seconds),
	}
	return nil
}

// read reads the totals of one resource.
func (c *pressure) read(resource string, into *stall) (err error) {
	if c.room, err = c.host.ReadInto(c.room, "/proc/pressure/"+resource); err != nil {
		return err
	}
	*into, err = parsePSI(c.room)
	return err
}

// stalled returns the share of the time that a total grew by, in percent.
func stalled(before, now stallTime, seconds float64) *float64 {
	if !before.known || !now.known {
		return nil
	}
	return share(before.total, now.total, seconds, microseconds)
}

// parsePSI returns the totals of a file of /proc/pressure, which has lines
//
//	some avg10=0.00 avg60=0.00 avg300=0.00 total=0
//
// and the same for full; lines of another name are left alone. procfs scans
// the averages as well, with fmt.Sscanf, which makes a sample of the pressure
// three times as dear and its garbage thirteen times as much.
func parsePSI(data []byte) (stall, error) {
	var s stall
	for line := range bytes.Lines(data) {
		name, rest, _ := bytes.Cut(line, []byte{' '})
		var into *stallTime
		switch string(name) {
		case "some":
			into = &s.some
		case "full":
			into = &s.full
		default:
			continue
		}
		_, text, ok := bytes.Cut(rest, []byte(" total="))
		total, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 10, 64)
		if !ok || err != nil {
			return stall{}, errPSI
		}
		*into = stallTime{total: total, known: true}
	}
	if !s.some.known {
		return stall{}, errPSI
	}
	return s, nil
}
