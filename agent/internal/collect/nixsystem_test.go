package collect

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/agent/internal/kernel"
)

// nixHost returns a host whose links are those given, by path; what they lead to
// in the store is made.
func nixHost(t *testing.T, links map[string]string) kernel.Host {
	t.Helper()
	h := hostOf(t, map[string]string{"/proc/sys/kernel/osrelease": "6.12.41"})
	for path, target := range links {
		linkTo(t, h, path, target)
		put(t, h, map[string]string{target + "/made": ""})
	}
	return h
}

// linkTo makes a symbolic link of a host.
func linkTo(t testing.TB, h kernel.Host, path, target string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(h.Path(path)), 0o755)
	if err = errors.Join(err, os.Symlink(target, h.Path(path))); err != nil {
		t.Fatal(err)
	}
}

// profile returns the links of three systems and of generations 1, 2, 3 that are
// a, b and c.
func profile(booted, current, next string) map[string]string {
	return map[string]string{
		"/run/booted-system": "/nix/store/" + booted, "/run/current-system": "/nix/store/" + current, nixProfiles + "/system": "/nix/store/" + next,
		generationLink(1): "/nix/store/a", generationLink(2): "/nix/store/b", generationLink(3): "/nix/store/c",
	}
}

func TestNixState(t *testing.T) {
	check := func(booted, current, next, want string) {
		t.Helper()
		h := nixHost(t, profile(booted, current, next))
		linkTo(t, h, "/nix/store/b/specialisation/game", "/nix/store/bgame")
		linkTo(t, h, "/nix/store/c/specialisation/game", "/nix/store/cgame")
		put(t, h, map[string]string{"/nix/store/bgame/made": "", "/nix/store/cgame/made": ""})
		if got := readNixSystems(h).state(h, readGenerations(h)); got != want {
			t.Errorf("booted %s, current %s, next %s: got %q, want %q", booted, current, next, got, want)
		}
	}
	check("c", "c", "c", "booted")
	check("b", "c", "c", "activated")
	check("b", "b", "c", "built")
	check("a", "b", "c", "built")
	check("c", "x", "c", "test")
	check("b", "x", "c", "built")
	check("cgame", "cgame", "c", "booted")
	check("bgame", "bgame", "c", "built")
	check("bgame", "cgame", "c", "activated")
	check("cgame", "c", "c", "activated")
}

func TestNixReboot(t *testing.T) {
	const k1, k2 = "/nix/store/h-linux-6.12.41/bzImage", "/nix/store/h-linux-zen-6.12.43-zen1/bzImage"
	tests := []struct {
		name   string
		booted map[string]string
		next   map[string]string
		known  bool
		want   []string
	}{
		{"the same", map[string]string{"kernel": k1, "initrd": "/nix/store/i"}, map[string]string{"kernel": k1, "initrd": "/nix/store/i"}, true, nil},
		{"kernel", map[string]string{"kernel": k1, "initrd": "/nix/store/i"}, map[string]string{"kernel": k2, "initrd": "/nix/store/j"}, true, []string{"kernel 6.12.41 → 6.12.43-zen1"}},
		{"kernel built anew", map[string]string{"kernel": k1}, map[string]string{"kernel": "/nix/store/g-linux-6.12.41/bzImage"}, true, []string{"kernel 6.12.41, built anew"}},
		{"kernel without a version", map[string]string{"kernel": k1}, map[string]string{"kernel": "/nix/store/kernel"}, true, []string{"kernel"}},
		{"initrd and modules", map[string]string{"initrd": "/nix/store/i", "kernel-modules": "/nix/store/m"}, map[string]string{"initrd": "/nix/store/j", "kernel-modules": "/nix/store/n"}, true, []string{"initrd", "kernel modules"}},
		{"a container", nil, nil, false, nil},
		{"out of the store", map[string]string{"kernel": "/boot/k"}, map[string]string{"kernel": "/boot/j"}, false, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := nixHost(t, profile("a", "b", "b"))
			for system, parts := range map[string]map[string]string{"a": test.booted, "b": test.next} {
				for part, target := range parts {
					linkTo(t, h, "/nix/store/"+system+"/"+part, target)
					put(t, h, map[string]string{target: ""})
				}
			}
			got, known := pendingReboot(h)
			if diff := cmp.Diff(got, test.want); diff != "" || known != test.known {
				t.Errorf("known %v, want %v; got -, want +\n%s", known, test.known, diff)
			}
		})
	}
}

// TestGuix has a host whose links are named as those of NixOS.
func TestGuix(t *testing.T) {
	h := hostOf(t, map[string]string{"/gnu/store/a-system/kernel": ""})
	linkTo(t, h, "/run/current-system", "/gnu/store/a-system")
	if got := readNixSystems(h); got != (nixSystems{}) {
		t.Errorf("got %+v, want none", got)
	}
}

func TestParseGeneration(t *testing.T) {
	check := func(name string, want int, ok bool) {
		t.Helper()
		if got, found := parseGeneration(name); got != want || found != ok {
			t.Errorf("%q: got %d %v, want %d %v", name, got, found, want, ok)
		}
	}
	check("system-212-link", 212, true)
	check("system-0-link", 0, true)
	check("system", 0, false)
	check("system-212", 0, false)
	check("system--link", 0, false)
	check("system-link", 0, false)
	check("system-+1-link", 0, false)
	check("system--1-link", 0, false)
	check("system-99999999999-link", 0, false)
	check("default-1-link", 0, false)
	check("", 0, false)
}

func TestParseNixpkgsDay(t *testing.T) {
	check := func(version, want string) {
		t.Helper()
		got := ""
		if day, ok := parseNixpkgsDay(version); ok {
			got = day.Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", version, got, want)
		}
	}
	check("25.11.20251120.0cc1d5f\n", "2025-11-20")
	check("25.11.20251120.dirty", "2025-11-20")
	check("25.05.807443.1c6e64b", "")
	check("25.11pre-git", "")
	check("25.11.20251340.0cc1d5f", "")
	check("25.11.19700101.0cc1d5f", "")
	check("my-label", "")
	check("", "")
}

// FuzzNixNames checks that the parsers of names in the store and its profiles take
// anything, and publish nothing but text.
func FuzzNixNames(f *testing.F) {
	f.Add("/nix/store/h-linux-6.12.41/bzImage")
	f.Add("system-212-link")
	f.Add("25.11.20251120.0cc1d5f")
	f.Fuzz(func(t *testing.T, name string) {
		if got := parseNixKernel(name); got != printable(got) || len(got) > maxName {
			t.Errorf("%q: got the version %q", name, got)
		}
		if n, ok := parseGeneration(name); ok && n < 0 {
			t.Errorf("%q: got the generation %d", name, n)
		}
		if day, ok := parseNixpkgsDay(name); ok && (day.Year() < 2003 || day.Year() > 9999) {
			t.Errorf("%q: got the day %v", name, day)
		}
	})
}
