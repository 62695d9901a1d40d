package collect

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/google/go-cmp/cmp"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

func TestParseNixOSVersion(t *testing.T) {
	tests := []struct{ name, script, configuration, nixpkgs string }{
		{"both", "#!/bin/sh\ncat <<'EOF'\n{\"configurationRevision\":\"abc\",\"nixosVersion\":\"25.11\",\"nixpkgsRevision\":\"def\"}\nEOF\n", "abc", "def"},
		{"on several lines", "cat <<EOF\n{\n  \"nixpkgsRevision\": \"def\"\n}\nEOF\n", "", "def"},
		{"none", "\n{\"nixosVersion\":\"25.11\"}\n", "", ""},
		{"an old one", "#!/bin/sh\necho 18.09\n", "", ""},
		{"a function before it", "f()\n{ echo; }\n{\"configurationRevision\":\"abc\"}", "", ""},
		{"of another type", "\n{\"configurationRevision\":7}", "", ""},
		{"cut off", "\n{\"configurationRevision\":\"ab", "", ""},
		{"control characters", "\n{\"configurationRevision\":\"a\\u001b[31m\"}", "a\ufffd[31m", ""},
		{"nothing", "", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if a, b := parseNixOSVersion([]byte(test.script)); a != test.configuration || b != test.nixpkgs {
				t.Errorf("got %q %q, want %q %q", a, b, test.configuration, test.nixpkgs)
			}
		})
	}
}

// FuzzNixOSVersion checks that any script is taken, and only text published.
func FuzzNixOSVersion(f *testing.F) {
	f.Add([]byte("\n{\"configurationRevision\":\"abc\",\"nixpkgsRevision\":\"def\"}"))
	f.Add([]byte("\n{"))
	f.Fuzz(func(t *testing.T, script []byte) {
		a, b := parseNixOSVersion(script)
		for _, got := range []string{a, b} {
			if len(got) > 3*maxName || strings.ContainsAny(got, "\n\x1b") {
				t.Errorf("got %q", got)
			}
		}
	})
}

func TestStoreMount(t *testing.T) {
	const root, boot = "27 1 254:1 / / rw - ext4 /dev/vda1 rw\n", "28 27 254:15 / /boot rw - vfat /dev/vda15 rw\n"
	check := func(name, table, want string) {
		t.Helper()
		mounts, _ := parseMounts([]byte(table))
		if got, _ := storeMount(mounts); got.point != want {
			t.Errorf("%s: got %q, want %q", name, got.point, want)
		}
	}
	check("on the root", root+boot+"29 27 254:1 /nix/store /nix/store ro - ext4 /dev/vda1 rw\n", "")
	check("of its own", root+"29 27 254:2 / /nix rw - ext4 /dev/vda2 rw\n30 29 254:2 /store /nix/store ro - ext4 /dev/vda2 rw\n", "/nix/store")
	check("the store alone", root+"29 27 254:2 / /nix/store rw - xfs /dev/vda2 rw\n", "/nix/store")
	check("that holds more", root+"29 27 254:2 / /nix rw - ext4 /dev/vda2 rw\n30 27 254:2 /persist /persist rw - ext4 /dev/vda2 rw\n", "")
	check("a subvolume", "27 1 0:30 /@ / rw - btrfs /dev/vda1 rw\n29 27 0:30 /@nix /nix rw - btrfs /dev/vda1 rw\n", "")
	check("a dataset", root+"29 27 0:31 / /nix rw - zfs tank/nix rw\n", "/nix")
	check("of a server", root+"29 27 0:40 / /nix/store ro - nfs4 nas:/nix ro\n", "")
	check("an installer's", root+"29 27 0:41 / /nix/store rw - overlay overlay rw\n", "")
	check("nothing", "", "")
}

// fakeRuns is a systemd whose jobs ran.
type fakeRuns struct {
	runs map[string]lastRun
	err  error
}

// LastRun returns what it was told.
func (f *fakeRuns) LastRun(_ context.Context, job string) (lastRun, error) { return f.runs[job], f.err }

// Close does nothing.
func (f *fakeRuns) Close() error { return nil }

func TestNixOSAsksSeldom(t *testing.T) {
	h := nixHost(t, profile("c", "c", "c"))
	put(t, h, map[string]string{"/run/dbus/system_bus_socket": ""})
	f, dials := &fakeRuns{runs: map[string]lastRun{"nixos-upgrade": {time.Unix(1000, 0), "success"}}}, 0
	c := &nixos{host: h, dial: func(context.Context, string) (runs, error) { dials++; return f, nil }}
	started := time.Now()
	collect := func(after time.Duration, wantDials int, wantTime int64, wantResult string, wantFault bool) {
		t.Helper()
		var s schema.Stats
		err := c.Collect(t.Context(), &s, started.Add(after))
		if (err != nil) != wantFault || s.NixOS == nil || dials != wantDials || *s.NixOS.UpgradeTime != wantTime || s.NixOS.UpgradeResult != wantResult || s.NixOS.GCTime != nil {
			t.Errorf("after %v: got %+v, error %v, %d dials; want the time %d, %q, a fault %v, %d dials", after, s.NixOS, err, dials, wantTime, wantResult, wantFault, wantDials)
		}
	}
	collect(0, 1, 1000, "success", false)
	f.runs["nixos-upgrade"] = lastRun{time.Unix(2000, 0), "exit-code"}
	collect(2*time.Minute, 1, 1000, "success", false)
	collect(6*time.Minute, 2, 2000, "exit-code", false)
	f.err = errors.New("connection reset")
	collect(12*time.Minute, 3, 2000, "exit-code", true)
	collect(13*time.Minute, 3, 2000, "exit-code", true) // one fault, not many
}

func TestNixOSElsewhere(t *testing.T) {
	c, _ := newNixOS(Config{Host: hostOf(t, nil)})
	if err := c.Collect(t.Context(), &schema.Stats{}, time.Now()); !errors.Is(err, ErrAbsent) {
		t.Errorf("got %v, want %v", err, ErrAbsent)
	}
}

// fakeUnit is what a test exports as a unit of systemd: properties by name.
type fakeUnit map[string]any

// Get answers org.freedesktop.DBus.Properties.Get.
func (f fakeUnit) Get(kind, property string) (dbus.Variant, *dbus.Error) {
	value, ok := f[kind+"."+property]
	if !ok {
		return dbus.Variant{}, dbus.MakeFailedError(fmt.Errorf("no property %s of %s", property, kind))
	}
	return dbus.MakeVariant(value), nil
}

// fakeUnits is what a test exports as systemd's Manager: paths by unit.
type fakeUnits map[string]dbus.ObjectPath

// GetUnit answers for the Manager.
func (f fakeUnits) GetUnit(name string) (dbus.ObjectPath, *dbus.Error) {
	path, ok := f[name]
	if !ok {
		return "", dbus.NewError("org.freedesktop.systemd1.NoSuchUnit", []any{"Unit " + name + " not loaded."})
	}
	return path, nil
}

func TestLastRunOverBus(t *testing.T) {
	const kind = "org.freedesktop.systemd1."
	host := startBus(t)
	service, err := dbus.Connect("unix:path=" + host.Path(systemBus))
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	units := fakeUnits{"ran.service": "/unit/ran", "before.service": "/unit/never", "before.timer": "/unit/timer", "odd.service": "/unit/odd", "never.service": "/unit/never"}
	export := map[dbus.ObjectPath]fakeUnit{
		"/unit/ran":   {kind + "Service.Result": "exit-code", kind + "Service.ExecMainExitTimestamp": uint64(1_756_000_000_000_000)},
		"/unit/never": {kind + "Service.Result": "success", kind + "Service.ExecMainExitTimestamp": uint64(0)},
		"/unit/timer": {kind + "Timer.LastTriggerUSec": uint64(1_755_000_000_000_000)},
		"/unit/odd":   {kind + "Service.Result": 7, kind + "Service.ExecMainExitTimestamp": "never"},
	}
	err = service.Export(units, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")
	for path, unit := range export {
		err = errors.Join(err, service.Export(unit, path, "org.freedesktop.DBus.Properties"))
	}
	if err != nil {
		t.Fatal(err)
	}
	bus, err := dialBus(t.Context(), host.Path(systemBus))
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	check := func(job string, want lastRun, fault bool) {
		t.Helper()
		got, err := bus.LastRun(t.Context(), job)
		if diff := cmp.Diff(got, want, cmp.AllowUnexported(lastRun{})); diff != "" || (err != nil) != fault {
			t.Errorf("%s: error %v, want a fault %v; got -, want +\n%s", job, err, fault, diff)
		}
	}
	check("ran", lastRun{}, false) // no systemd on the bus
	if _, err := service.RequestName("org.freedesktop.systemd1", 0); err != nil {
		t.Fatal(err)
	}
	check("ran", lastRun{time.Unix(1_756_000_000, 0), "exit-code"}, false)
	check("before", lastRun{time.Unix(1_755_000_000, 0), ""}, false)
	check("never", lastRun{}, false)
	check("absent", lastRun{}, false)
	check("odd", lastRun{}, true)
}

// BenchmarkNixOS reads the facts of a host with 200 generations.
func BenchmarkNixOS(b *testing.B) {
	h := kernel.Host{Root: b.TempDir()}
	for n := range 200 {
		put(b, h, map[string]string{fmt.Sprintf("/nix/store/%d/kernel", n): ""})
		linkTo(b, h, generationLink(n), fmt.Sprintf("/nix/store/%d", n))
	}
	for _, link := range []string{"/run/booted-system", "/run/current-system", nixProfiles + "/system"} {
		linkTo(b, h, link, "/nix/store/0")
	}
	c, now := &nixos{host: h}, time.Now()
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(factsFor)
		if err := c.Collect(b.Context(), &schema.Stats{}, now); err != nil {
			b.Fatal(err)
		}
	}
}
