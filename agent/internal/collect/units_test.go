package collect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/google/go-cmp/cmp"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// fakeManager is a service manager that says what it is told to.
type fakeManager struct {
	state  string
	failed []schema.SystemdUnit
	err    error
	closed int
}

// Overview returns the state and how many units failed.
func (f *fakeManager) Overview(context.Context) (string, int, error) {
	return f.state, len(f.failed), f.err
}

// FailedUnits returns the failed units.
func (f *fakeManager) FailedUnits(context.Context) ([]schema.SystemdUnit, error) {
	return f.failed, f.err
}

// Close counts.
func (f *fakeManager) Close() error {
	f.closed++
	return nil
}

// busHost returns a host with something at the place of the bus.
func busHost(t *testing.T) kernel.Host {
	t.Helper()
	return writeHost(t, map[string]string{"run/dbus/system_bus_socket": ""})
}

// collectUnits takes a sample.
func collectUnits(t *testing.T, c Collector) (*schema.Units, error) {
	t.Helper()
	var s schema.Stats
	err := c.Collect(t.Context(), &s, time.Now())
	return s.Units, err
}

func TestUnits(t *testing.T) {
	many := make([]schema.SystemdUnit, 60)
	for i := range many {
		many[i] = schema.SystemdUnit{Name: fmt.Sprintf("%02d.service", 59-i), Description: "A\nB", SubState: "failed"}
	}
	m := &fakeManager{state: "running"}
	dials := 0
	c := &units{host: busHost(t), dial: func(context.Context, string) (manager, error) {
		dials++
		return m, nil
	}}
	got, err := collectUnits(t, c)
	if diff := cmp.Diff(got, &schema.Units{State: "running"}); diff != "" || err != nil {
		t.Errorf("got -, want +, error %v\n%s", err, diff)
	}
	m.state, m.failed = "degraded", many
	got, err = collectUnits(t, c)
	if err != nil || got.State != "degraded" || got.Failed != 60 || len(got.FailedUnits) != maxFailedUnits {
		t.Fatalf("got %+v, error %v, want degraded, 60 failed, %d listed", got, err, maxFailedUnits)
	}
	if want := (schema.SystemdUnit{Name: "00.service", Description: "A�B", SubState: "failed"}); got.FailedUnits[0] != want {
		t.Errorf("got first %+v, want %+v", got.FailedUnits[0], want)
	}
	m.err = errors.New("connection reset")
	if got, err := collectUnits(t, c); err == nil || got != nil || m.closed != 1 {
		t.Errorf("got %+v, error %v, closed %d times, want an error and a closed connection", got, err, m.closed)
	}
	m.err = ErrAbsent
	if _, err := collectUnits(t, c); !errors.Is(err, ErrAbsent) || m.closed != 1 || dials != 2 {
		t.Errorf("got error %v, closed %d times, %d dials, want %v, 1, 2", err, m.closed, dials, ErrAbsent)
	}
	if err := c.Close(); err != nil || m.closed != 2 {
		t.Errorf("got error %v, closed %d times, want none, 2", err, m.closed)
	}
}

func TestUnitsWithoutBus(t *testing.T) {
	c, _ := newUnits(Config{Host: writeHost(t, nil)})
	if _, err := collectUnits(t, c); !errors.Is(err, ErrAbsent) {
		t.Errorf("got %v, want %v", err, ErrAbsent)
	}
	c, _ = newUnits(Config{Host: busHost(t)})
	if _, err := collectUnits(t, c); err == nil || errors.Is(err, ErrAbsent) {
		t.Errorf("got %v of a file that isn't a socket, want a fault", err)
	}
}

// TestGreetSilentBus connects to a bus that accepts and then says nothing.
func TestGreetSilentBus(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "bus")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	context.AfterFunc(ctx, func() { listener.Close() })
	go func() {
		if conn, err := listener.Accept(); err == nil {
			defer conn.Close()
			cancel() // the sample's time is up
			_, _ = conn.Read(make([]byte, 1<<10))
			<-t.Context().Done()
		}
	}()
	if m, err := dialSystemd(ctx, socket); err == nil {
		t.Errorf("got %v, want an error", m)
	}
}

// TestBoundWrites writes to somebody who does not read.
func TestBoundWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		defer near.Close()
		started := time.Now()
		_, err := boundWrites{near}.Write([]byte("hello"))
		if took := time.Since(started); !errors.Is(err, os.ErrDeadlineExceeded) || took != busTimeout {
			t.Errorf("got %v after %v, want %v after %v", err, took, os.ErrDeadlineExceeded, busTimeout)
		}
	})
}

// startBus starts a message bus of the test's own, and returns the host whose
// system bus it is.
func startBus(t *testing.T) kernel.Host {
	t.Helper()
	program, err := exec.LookPath("dbus-daemon")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("dbus-daemon is not installed")
		}
		t.Skip("dbus-daemon is not installed")
	}
	host := writeHost(t, map[string]string{"run/dbus/": ""})
	config := fmt.Sprintf(`<busconfig><type>system</type><listen>unix:path=%s</listen><policy context="default">
<allow user="*"/><allow own="*"/><allow send_type="*"/><allow receive_type="*"/><allow send_destination="*" eavesdrop="true"/>
</policy></busconfig>`, host.Path(systemBus))
	file := filepath.Join(host.Root, "bus.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ready, daemonEnd, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer ready.Close()
	daemon := exec.Command(program, "--config-file="+file, "--nofork", "--nosyslog", "--print-address=3")
	daemon.ExtraFiles = []*os.File{daemonEnd}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
	})
	daemonEnd.Close()
	if n, err := ready.Read(make([]byte, 256)); n == 0 {
		t.Fatalf("dbus-daemon said nothing: %v", err)
	}
	return host
}

// fakeSystemd is what a test exports as systemd's Manager.
type fakeSystemd struct {
	state  string
	failed uint32
}

// unitRow is a row of ListUnitsFiltered's answer.
type unitRow struct {
	Name, Description, Load, Active, Sub, Following string
	Path                                            dbus.ObjectPath
	Job                                             uint32
	JobType                                         string
	JobPath                                         dbus.ObjectPath
}

// Get answers org.freedesktop.DBus.Properties.Get.
func (f *fakeSystemd) Get(_, property string) (dbus.Variant, *dbus.Error) {
	if property == "SystemState" {
		return dbus.MakeVariant(f.state), nil
	}
	return dbus.MakeVariant(f.failed), nil
}

// ListUnitsFiltered answers for the Manager.
func (f *fakeSystemd) ListUnitsFiltered(states []string) ([]unitRow, *dbus.Error) {
	if len(states) != 1 || states[0] != "failed" {
		return nil, dbus.MakeFailedError(fmt.Errorf("states %q", states))
	}
	return []unitRow{{"backup.service", "Nightly backup", "loaded", "failed", "failed", "", "/unit/backup", 0, "", "/"}}, nil
}

func TestUnitsOverBus(t *testing.T) {
	host := startBus(t)
	c, _ := newUnits(Config{Host: host})
	t.Cleanup(func() {
		if err := c.(*units).Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := collectUnits(t, c); !errors.Is(err, ErrAbsent) {
		t.Errorf("got %v of a bus without systemd, want %v", err, ErrAbsent)
	}
	service, err := dbus.Connect("unix:path=" + host.Path(systemBus))
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	manager := &fakeSystemd{state: "degraded", failed: 1}
	const path = "/org/freedesktop/systemd1"
	err = errors.Join(service.Export(manager, path, "org.freedesktop.systemd1.Manager"),
		service.Export(manager, path, "org.freedesktop.DBus.Properties"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.RequestName("org.freedesktop.systemd1", 0); err != nil {
		t.Fatal(err)
	}
	got, err := collectUnits(t, c)
	want := &schema.Units{State: "degraded", Failed: 1, FailedUnits: []schema.SystemdUnit{
		{Name: "backup.service", Description: "Nightly backup", SubState: "failed"},
	}}
	if diff := cmp.Diff(got, want); diff != "" || err != nil {
		t.Errorf("got -, want +, error %v\n%s", err, diff)
	}
	// The connection breaks; the sample after that has a new one.
	if err := c.(*units).manager.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := collectUnits(t, c); err == nil {
		t.Error("got no error over a broken connection")
	}
	if got, err := collectUnits(t, c); err != nil || got.Failed != 1 {
		t.Errorf("got %+v, error %v, want it again", got, err)
	}
}

func BenchmarkUnits(b *testing.B) {
	c := &units{host: writeHost(b, nil), manager: &fakeManager{state: "running"}}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Collect(b.Context(), &schema.Stats{}, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
