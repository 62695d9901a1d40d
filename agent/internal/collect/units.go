package collect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/godbus/dbus/v5"

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
	// Overview returns SystemState and NFailedUnits.
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
// (org.freedesktop.systemd1(5)).
func (c *units) Collect(ctx context.Context, s *schema.Stats, _ time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	if c.manager == nil {
		socket := c.host.Path(systemBus)
		if _, err := os.Stat(socket); err != nil {
			return ErrAbsent
		}
		m, err := c.dial(ctx, socket)
		if err != nil {
			return fmt.Errorf("connecting to the system bus: %w", err)
		}
		c.manager = m
	}
	err := c.read(ctx, s)
	if err != nil {
		// The next sample tries a new connection.
		err = errors.Join(err, c.Close())
	}
	return err
}

// read asks the manager.
func (c *units) read(ctx context.Context, s *schema.Stats) error {
	state, failed, err := c.manager.Overview(ctx)
	if unknown, ok := errors.AsType[dbus.Error](err); ok && unknown.Name == "org.freedesktop.DBus.Error.ServiceUnknown" {
		return ErrAbsent // a bus without systemd
	}
	if err != nil {
		return fmt.Errorf("asking systemd for its state: %w", err)
	}
	s.Units = &schema.Units{State: printable(state), Failed: failed}
	if failed == 0 {
		return nil
	}
	if s.Units.FailedUnits, err = c.manager.FailedUnits(ctx); err != nil {
		return fmt.Errorf("asking systemd for failed units: %w", err)
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

// systemd is the service manager behind a connection to the bus.
type systemd struct {
	bus *dbus.Conn
}

// dialSystemd connects to the bus at a socket.
func dialSystemd(ctx context.Context, socket string) (manager, error) {
	// The connection must outlive the sample that opened it.
	bus, err := dbus.Connect("unix:path="+socket, dbus.WithContext(context.WithoutCancel(ctx)))
	if err != nil {
		return nil, err
	}
	return systemd{bus}, nil
}

// manager returns the object to ask.
func (d systemd) manager() dbus.BusObject {
	return d.bus.Object("org.freedesktop.systemd1", "/org/freedesktop/systemd1")
}

// Overview returns SystemState and NFailedUnits.
func (d systemd) Overview(ctx context.Context) (state string, failed int, err error) {
	var n uint32
	for property, into := range map[string]any{"SystemState": &state, "NFailedUnits": &n} {
		var value dbus.Variant
		err := d.manager().CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", dbus.FlagNoAutoStart,
			"org.freedesktop.systemd1.Manager", property).Store(&value)
		if err == nil {
			err = value.Store(into)
		}
		if err != nil {
			return "", 0, err
		}
	}
	return state, int(n), nil
}

// FailedUnits returns the units in state "failed".
func (d systemd) FailedUnits(ctx context.Context) ([]schema.SystemdUnit, error) {
	// Name, description, load, active and sub state, followed unit, path, and
	// the job's id, type and path.
	var rows []struct {
		Name, Description, Load, Active, Sub, Following string
		Path                                            dbus.ObjectPath
		Job                                             uint32
		JobType                                         string
		JobPath                                         dbus.ObjectPath
	}
	err := d.manager().CallWithContext(ctx, "org.freedesktop.systemd1.Manager.ListUnitsFiltered", dbus.FlagNoAutoStart,
		[]string{"failed"}).Store(&rows)
	if err != nil {
		return nil, err
	}
	found := make([]schema.SystemdUnit, 0, min(len(rows), maxFailedUnits))
	for _, row := range rows[:min(len(rows), maxFailedUnits)] {
		found = append(found, schema.SystemdUnit{Name: printable(row.Name), Description: printable(row.Description), SubState: printable(row.Sub)})
	}
	return found, nil
}

// Close ends the connection.
func (d systemd) Close() error {
	return d.bus.Close()
}
