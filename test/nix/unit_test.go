package nix

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// store matches a path in the store, which no test has.
var store = regexp.MustCompile(`/nix/store/[\w.+-]+(/[\w./+-]+)?`)

// exposures are the most that systemd-analyze may find, by sample and unit.
// 2.0 is the bound; the others are what their purpose costs.
var exposures = map[string]float64{
	"plain/systant-agent":         2.0,
	"host/systant-agent":          2.0,
	"gpu/systant-agent":           2.0,
	"commands/systant-agent":      2.6, // cgroups of its own, and new ones for commands
	"plain/systant-dashboard":     1.5,
	"center/systant-dashboard":    1.5,
	"elsewhere/systant-dashboard": 1.5,
	"commands/systant-cmd-backup": 2.6, // root, without what it need not do
	"commands/systant-cmd-update": 10,  // it changes the system
}

// TestUnits has systemd look at each unit: that it knows all that stands there,
// and how much the service can do to the machine.
func TestUnits(t *testing.T) {
	analyze := installed(t, "systemd-analyze")
	seen := 0
	for name, s := range samples(t) {
		for unit, text := range s.Units {
			path := filepath.Join(t.TempDir(), unit+".service")
			text = regexp.MustCompile(`(?m)^ExecStart=.*`).ReplaceAllString(text, "ExecStart=/bin/true")
			if err := os.WriteFile(path, []byte(store.ReplaceAllString(text, "/bin/true")), 0o644); err != nil {
				t.Fatal(err)
			}
			verify(t, analyze, name, path)
			most, ok := exposures[name+"/"+unit]
			if !ok {
				t.Errorf("%s/%s: got no bound", name, unit)
			}
			got := exposure(t, analyze, path)
			t.Logf("%s/%s: exposure %.1f", name, unit, got)
			if got > most {
				t.Errorf("%s/%s: got exposure %.1f, want at most %.1f", name, unit, got, most)
			}
			seen++
		}
	}
	if seen != len(exposures) {
		t.Errorf("got %d units, want %d", seen, len(exposures))
	}
}

// verify reports what systemd does not understand in a unit. What it says of
// others, and of users that this machine lacks, is none of ours.
func verify(t *testing.T, analyze, name, path string) {
	t.Helper()
	out, _ := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", path).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		ours := strings.Contains(line, filepath.Base(path)) && !strings.Contains(line, "SELinux")
		if ours && !strings.Contains(line, "DelegateSubgroup") { // systemd 254
			t.Errorf("%s: %s", name, line)
		}
	}
}

// exposure returns the score of a unit, from 0 to 10.
func exposure(t *testing.T, analyze, path string) float64 {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=yes", "--no-pager", path).CombinedOutput()
	found := regexp.MustCompile(`Overall exposure level for .*: ([0-9.]+)`).FindSubmatch(out)
	if found == nil {
		t.Fatalf("systemd-analyze security: %v: %s", err, out)
	}
	score, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return score
}

// own are settings in which units for other distributions may differ from those
// of NixOS: paths, and what their configuration can't tell beforehand, such as
// whether there is an NVIDIA GPU.
var own = []string{"ExecStart", "PrivateDevices", "DeviceAllow"}

// TestOthersAgree holds the units for other distributions against those of
// NixOS: what one may not do, the other may not.
func TestOthersAgree(t *testing.T) {
	for unit, sample := range map[string]string{"systant-agent": "commands", "systant-dashboard": "plain"} {
		text, err := os.ReadFile("../../deploy/systemd/" + unit + ".service")
		if err != nil {
			t.Fatal(err)
		}
		want, got := serviceSettings("\n"+plain(samples(t)[sample].Units[unit])), serviceSettings(string(text))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: settings of %s on NixOS and elsewhere (-NixOS +elsewhere):\n%s", unit, sample, diff)
		}
	}
}

// serviceSettings returns what stands below [Service] in a unit, but for what is
// each one's own: all values of each setting, sorted.
func serviceSettings(unit string) map[string][]string {
	_, section, _ := strings.Cut(unit, "\n[Service]\n")
	section, _, _ = strings.Cut(section, "\n[")
	settings := map[string][]string{}
	for line := range strings.Lines(section) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(line, "#") || slices.Contains(own, name) {
			continue
		}
		values := []string{value}
		switch {
		case value == "yes":
			values = []string{"true"}
		case name == "RestrictAddressFamilies":
			values = strings.Fields(value) // in one line or several
		}
		settings[name] = slices.Sorted(slices.Values(append(settings[name], values...)))
	}
	return settings
}
