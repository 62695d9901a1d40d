package collect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"systant/pkg/schema"
)

// microseconds is the unit of PSI's totals, in parts of a second.
const microseconds = 1e6

// pressure reads for how long tasks waited.
type pressure struct {
	fs     procfs.FS
	window window
	before map[string]procfs.PSIStats
}

// newPressure returns the collector of the host's pressure stall information.
func newPressure(c Config) (Collector, error) {
	fs, err := procfs.NewFS(c.Host.Path("/proc"))
	if err != nil {
		return nil, err
	}
	return &pressure{fs: fs}, nil
}

// Collect fills s.Pressure from the totals in /proc/pressure/{cpu,memory,io}
// (Documentation/accounting/psi.rst), which unlike the averages there cover
// the sample's interval exactly. It returns [ErrAbsent] for a kernel without
// PSI, or one that was started with psi=0.
func (c *pressure) Collect(_ context.Context, s *schema.Stats, now time.Time) error {
	stats := make(map[string]procfs.PSIStats, 3)
	for _, resource := range []string{"cpu", "memory", "io"} {
		psi, err := c.fs.PSIStatsForResource(resource)
		switch {
		case errors.Is(err, os.ErrNotExist), errors.Is(err, unix.ENOTSUP):
			return ErrAbsent
		case err != nil:
			return fmt.Errorf("reading pressure of %s: %w", resource, err)
		}
		stats[resource] = psi
	}
	seconds := c.window.advance(now)
	before := c.before
	c.before = stats
	if before == nil {
		return nil
	}
	s.Pressure = &schema.Pressure{
		CPUSomePercent:    stalled(before["cpu"].Some, stats["cpu"].Some, seconds),
		MemorySomePercent: stalled(before["memory"].Some, stats["memory"].Some, seconds),
		MemoryFullPercent: stalled(before["memory"].Full, stats["memory"].Full, seconds),
		IOSomePercent:     stalled(before["io"].Some, stats["io"].Some, seconds),
		IOFullPercent:     stalled(before["io"].Full, stats["io"].Full, seconds),
	}
	return nil
}

// stalled returns the share of the time that a total grew by, in percent.
func stalled(before, now *procfs.PSILine, seconds float64) *float64 {
	if before == nil || now == nil {
		return nil
	}
	return share(before.Total, now.Total, seconds, microseconds)
}
