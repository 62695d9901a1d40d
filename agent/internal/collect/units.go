package collect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

const (
	// systemBus is where the bus listens (org.freedesktop.DBus specification,
	// "Well-known Message Bus Instances").
	systemBus = "/run/dbus/system_bus_socket"
	// busTimeout bounds one question to the service manager.
	busTimeout = 2 * time.Second
	// maxFailedUnits bounds the list of failed units.
	maxFailedUnits = 50
)

// manager is the part of systemd that the collector asks.
type manager interface {
	// Overview returns SystemState and NFailedUnits, or [ErrAbsent] where the
	// bus has no systemd.
	Overview(ctx context.Context) (state string, failed int, err error)
	// FailedUnits returns the units in state "failed".
	FailedUnits(ctx context.Context) ([]schema.SystemdUnit, error)
	Close() error
}

// units reads the state of the service manager.
type units struct {
	host    kernel.Host
	dial    func(ctx context.Context, socket string) (manager, error)
	manager manager // nil while there is no connection
}

// newUnits returns the collector of the host's systemd units.
func newUnits(c Config) (Collector, error) {
	return &units{host: c.Host, dial: dialSystemd}, nil
}

// Collect fills s.Units from systemd's Manager on the system bus
// (org.freedesktop.systemd1(5)). It returns [ErrAbsent] on a host without the
// bus, or without systemd on it.
func (c *units) Collect(ctx context.Context, s *schema.Stats, _ time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	if c.manager == nil {
		socket := c.host.Path(systemBus)
		if _, err := os.Stat(socket); errors.Is(err, os.ErrNotExist) {
			return ErrAbsent
		}
		m, err := c.dial(ctx, socket)
		if err != nil {
			return fmt.Errorf("connecting to the system bus: %w", err)
		}
		c.manager = m
	}
	err := c.read(ctx, s)
	if err != nil && !errors.Is(err, ErrAbsent) {
		// The next sample tries a new connection. That this one, which is
		// broken, does not close well is no news.
		_ = c.Close()
	}
	return err
}

// read asks the manager.
func (c *units) read(ctx context.Context, s *schema.Stats) error {
	state, failed, err := c.manager.Overview(ctx)
	if err != nil {
		return fmt.Errorf("asking systemd for its state: %w", err)
	}
	s.Units = &schema.Units{State: printable(state), Failed: failed}
	if failed == 0 {
		return nil
	}
	found, err := c.manager.FailedUnits(ctx)
	if err != nil {
		return fmt.Errorf("asking systemd for failed units: %w", err)
	}
	// systemd's order is not the same each time.
	slices.SortFunc(found, func(a, b schema.SystemdUnit) int { return strings.Compare(a.Name, b.Name) })
	for _, u := range found[:min(len(found), maxFailedUnits)] {
		s.Units.FailedUnits = append(s.Units.FailedUnits, schema.SystemdUnit{
			Name:        printable(u.Name),
			Description: printable(u.Description),
			SubState:    printable(u.SubState),
		})
	}
	return nil
}

// Close ends the connection to the bus.
func (c *units) Close() error {
	if c.manager == nil {
		return nil
	}
	m := c.manager
	c.manager = nil
	return m.Close()
}
