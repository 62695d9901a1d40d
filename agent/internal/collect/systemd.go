package collect

import (
	"context"
	"errors"
	"math"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/godbus/dbus/v5"

	"systant/pkg/schema"
)

// systemd is the service manager behind a connection to the system bus, which
// speaks the D-Bus specification's protocol.
type systemd struct {
	bus *dbus.Conn
}

// dialSystemd connects to the bus at a socket, and gives up when ctx ends. The
// connection outlives ctx.
func dialSystemd(ctx context.Context, socket string) (manager, error) {
	d, err := dialBus(ctx, socket)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// dialBus is [dialSystemd] for whoever asks something else of it.
func dialBus(ctx context.Context, socket string) (*systemd, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	// The library has no time limit for what comes before the first call.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	bus, err := greet(boundWrites{conn})
	if !stop() && err == nil {
		err = errors.Join(ctx.Err(), bus.Close())
	}
	if err != nil {
		return nil, err
	}
	return &systemd{bus}, nil
}

// greet introduces the program to the bus, as the user that it runs as.
func greet(conn net.Conn) (*dbus.Conn, error) {
	bus, err := dbus.NewConn(conn)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	err = bus.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Geteuid()))})
	if err == nil {
		err = bus.Hello()
	}
	if err != nil {
		_ = bus.Close() // it was never of use
		return nil, err
	}
	return bus, nil
}

// boundWrites is a connection on which a write fails when the other side does
// not read: the library's calls end with their context only once they are sent.
type boundWrites struct {
	net.Conn
}

// Write writes b within busTimeout.
func (c boundWrites) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(busTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// call asks the Manager, or an interface that it has.
func (d *systemd) call(ctx context.Context, method string, arguments ...any) *dbus.Call {
	manager := d.bus.Object("org.freedesktop.systemd1", "/org/freedesktop/systemd1")
	return manager.CallWithContext(ctx, method, dbus.FlagNoAutoStart, arguments...)
}

// Overview returns SystemState and NFailedUnits, or [ErrAbsent] where the bus
// has no systemd.
func (d *systemd) Overview(ctx context.Context) (state string, failed int, err error) {
	var n uint32
	for property, into := range map[string]any{"SystemState": &state, "NFailedUnits": &n} {
		var value dbus.Variant
		err := d.call(ctx, "org.freedesktop.DBus.Properties.Get", "org.freedesktop.systemd1.Manager", property).Store(&value)
		if err == nil {
			err = value.Store(into)
		}
		if answer, ok := errors.AsType[dbus.Error](err); ok {
			switch answer.Name {
			case "org.freedesktop.DBus.Error.NameHasNoOwner", "org.freedesktop.DBus.Error.ServiceUnknown":
				return "", 0, ErrAbsent
			}
		}
		if err != nil {
			return "", 0, err
		}
	}
	return state, int(n), nil
}

// FailedUnits returns the units in state "failed".
func (d *systemd) FailedUnits(ctx context.Context) ([]schema.SystemdUnit, error) {
	// Name, description, load, active and sub state, followed unit, path, and
	// the job's id, type and path.
	var rows []struct {
		Name, Description, Load, Active, Sub, Following string
		Path                                            dbus.ObjectPath
		Job                                             uint32
		JobType                                         string
		JobPath                                         dbus.ObjectPath
	}
	err := d.call(ctx, "org.freedesktop.systemd1.Manager.ListUnitsFiltered", []string{"failed"}).Store(&rows)
	if err != nil {
		return nil, err
	}
	found := make([]schema.SystemdUnit, 0, len(rows))
	for _, row := range rows {
		found = append(found, schema.SystemdUnit{Name: row.Name, Description: row.Description, SubState: row.Sub})
	}
	return found, nil
}

// LastRun returns how a service that a timer of the same name starts ended
// last; its zero value where there is none or it never ran. What happened before
// the boot only the timer knows, as its stamp is kept in /var/lib/systemd/timers.
func (d *systemd) LastRun(ctx context.Context, job string) (lastRun, error) {
	var result string
	var exited, triggered uint64 // microseconds since 1970
	err := d.unit(ctx, job+".service", "Service", map[string]any{"Result": &result, "ExecMainExitTimestamp": &exited})
	if err == nil && exited == 0 {
		result = ""
		err = d.unit(ctx, job+".timer", "Timer", map[string]any{"LastTriggerUSec": &triggered})
	}
	at := max(exited, triggered)
	if err != nil || at == 0 || at > math.MaxInt64 {
		return lastRun{}, err
	}
	return lastRun{time.UnixMicro(int64(at)), result}, nil
}

// unit reads properties of a unit, if systemd has it loaded; it loads none.
func (d *systemd) unit(ctx context.Context, name, kind string, properties map[string]any) error {
	var path dbus.ObjectPath
	err := d.call(ctx, "org.freedesktop.systemd1.Manager.GetUnit", name).Store(&path)
	if answer, ok := errors.AsType[dbus.Error](err); ok {
		switch answer.Name {
		case "org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.DBus.Error.NameHasNoOwner", "org.freedesktop.DBus.Error.ServiceUnknown":
			return nil
		}
	}
	if err != nil {
		return err
	}
	object := d.bus.Object("org.freedesktop.systemd1", path)
	for property, into := range properties {
		var value dbus.Variant
		err := object.CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", dbus.FlagNoAutoStart, "org.freedesktop.systemd1."+kind, property).Store(&value)
		if err == nil {
			err = value.Store(into)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Close ends the connection.
func (d *systemd) Close() error {
	return d.bus.Close()
}
