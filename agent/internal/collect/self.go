package collect

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// self reads what the agent itself costs.
type self struct {
	host kernel.Host
}

// newSelf returns the collector of the agent's own cost.
func newSelf(Config) (Collector, error) {
	return &self{host: kernel.Host{}}, nil
}

// Collect fills s.Self from getrusage(2) and the second field of
// /proc/self/statm (pages); the sampler adds how long the sample took.
func (c *self) Collect(_ context.Context, s *schema.Stats, _ time.Time) error {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return fmt.Errorf("reading own usage: %w", err)
	}
	statm, err := c.host.Text("/proc/self/statm")
	if err != nil {
		return fmt.Errorf("reading own memory: %w", err)
	}
	fields := strings.Fields(statm)
	if len(fields) < 2 {
		return fmt.Errorf("reading own memory: statm has %d fields", len(fields))
	}
	resident, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return fmt.Errorf("reading own memory: %w", err)
	}
	spent := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	s.Self = &schema.Self{
		CPUSecondsTotal: round(spent.Seconds(), 3),
		ResidentBytes:   resident * uint64(os.Getpagesize()),
	}
	return nil
}
