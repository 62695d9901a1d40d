package nix

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// usual are variables that NixOS gives every unit.
var usual = []string{`Environment="LOCALE_ARCHIVE=`, `Environment="PATH=`, `Environment="TZDIR=`}

// plain returns a unit as both NixOS and its stand-in have it: without what
// NixOS gives every unit, and without the names of files in the store that only
// a build knows.
func plain(unit string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(unit), "\n") {
		if !slices.ContainsFunc(usual, func(u string) bool { return strings.HasPrefix(line, u) }) {
			lines = append(lines, line)
		}
	}
	// NixOS puts the parts of a section in an order of its own.
	sections := strings.Split(strings.Join(lines, "\n"), "\n\n")
	for i, section := range sections {
		head, rest, _ := strings.Cut(section, "\n")
		entries := strings.Split(rest, "\n")
		slices.SortStableFunc(entries, func(a, b string) int {
			a, _, _ = strings.Cut(a, "=")
			b, _, _ = strings.Cut(b, "=")
			return strings.Compare(a, b)
		})
		for j, entry := range entries {
			if strings.HasPrefix(entry, "ExecStart=") && strings.Contains(unit, "Type=oneshot") {
				entries[j] = "ExecStart=SCRIPT"
			}
		}
		sections[i] = head + "\n" + strings.Join(entries, "\n")
	}
	return strings.Join(sections, "\n\n") + "\n"
}

// settings returns a configuration file as TOML.
func settings(t *testing.T, values map[string]any) string {
	t.Helper()
	text, err := toml.Marshal(whole(values))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// whole returns a value from JSON whose numbers without a fraction are integers.
func whole(value any) any {
	switch value := value.(type) {
	case map[string]any:
		result := make(map[string]any, len(value))
		for name, one := range value {
			result[name] = whole(one)
		}
		return result
	case []any:
		result := make([]any, len(value))
		for i, one := range value {
			result[i] = whole(one)
		}
		return result
	case float64:
		if value == float64(int64(value)) {
			return int64(value)
		}
	}
	return value
}

// TestSystems holds what comes of each sample against testdata.
func TestSystems(t *testing.T) {
	for name, s := range samples(t) {
		var b strings.Builder
		section := func(title, text string) {
			fmt.Fprintf(&b, "######## %s\n\n%s\n", title, strings.TrimSpace(text)+"\n")
		}
		for _, unit := range slices.Sorted(maps.Keys(s.Units)) {
			section(unit+".service", plain(s.Units[unit]))
		}
		for _, unit := range slices.Sorted(maps.Keys(s.Scripts)) {
			section("script of "+unit, "# PATH: "+strings.Join(s.Paths[unit], " ")+"\n"+s.Scripts[unit])
		}
		for _, program := range slices.Sorted(maps.Keys(s.Settings)) {
			section(program+".toml", settings(t, s.Settings[program]))
		}
		if len(s.Signers) > 0 {
			section("allowed signers", strings.Join(s.Signers, "\n"))
		}
		section("polkit", rule(s.Polkit))
		section("ports open in the firewall", fmt.Sprint(slices.DeleteFunc(s.Firewall, func(port int) bool { return port == 22 })))
		section("users", strings.Join(s.Users, " "))
		section("failed assertions", strings.Join(s.Failed, "\n"))
		section("warnings", strings.Join(s.Warnings, "\n"))
		golden(t, name+".txt", strings.TrimSpace(b.String())+"\n")
		if len(s.Failed) > 0 {
			t.Errorf("%s: got failed assertions %q, want none", name, s.Failed)
		}
	}
}

// rule returns our part of polkit's configuration, to which other modules of
// NixOS add.
func rule(polkit string) string {
	_, rest, found := strings.Cut(polkit, "// What Systant's commands")
	if !found {
		return ""
	}
	ours, _, _ := strings.Cut(rest, "\n});")
	return "// What Systant's commands" + ours + "\n});"
}

// TestRefused holds what is said of each configuration in refused against its
// first line.
func TestRefused(t *testing.T) {
	for _, path := range files(t, "refused/*.nix") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		want := strings.TrimPrefix(first, "# ")
		s, err := configured(t, path)
		got := strings.Join(s.Failed, "\n")
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

// TestPolkit runs the rule of a sample in Node.js as polkit does: with what is
// asked for, and by whom.
func TestPolkit(t *testing.T) {
	script := `
const polkit = { Result: { YES: "yes", NO: "no", NOT_HANDLED: "not handled" }, addRule(f) { this.rule = f; } };
` + rule(samples(t)["commands"].Polkit) + `
for (const [id, user, verb, unit] of JSON.parse(process.argv[1])) {
  const action = { id, lookup: (name) => ({ verb, unit })[name] ?? undefined };
  console.log(polkit.rule(action, { user }));
}
`
	const units = "org.freedesktop.systemd1.manage-units"
	cases := []struct{ id, user, verb, unit, want string }{
		{units, "systant", "restart", "nginx.service", "yes"},
		{units, "systant", "restart", "postgresql.service", "yes"},
		{units, "systant", "start", "reboot.target", "yes"},
		{units, "systant", "start", "systant-cmd-backup.service", "yes"},
		{units, "systant", "restart", "sshd.service", "no"},
		{units, "systant", "stop", "nginx.service", "no"},
		{units, "systant", "start", "nginx.service", "no"},
		{units, "systant", "restart", "reboot.target", "no"},
		{units, "systant", "start", "systant-cmd-other.service", "no"},
		{units, "systant", "restart", "nginx.service ", "no"},
		{units, "systant", "constructor", "x", "no"},
		{units, "systant", "", "", "no"},
		{units, "alice", "restart", "nginx.service", "not handled"},
		{"org.freedesktop.systemd1.manage-unit-files", "systant", "restart", "nginx.service", "not handled"},
		{"org.freedesktop.login1.reboot", "systant", "", "", "not handled"},
	}
	var asked, want []string
	for _, c := range cases {
		asked = append(asked, fmt.Sprintf("[%q, %q, %q, %q]", c.id, c.user, c.verb, c.unit))
		want = append(want, c.want)
	}
	out, err := exec.CommandContext(t.Context(), installed(t, "node"), "-e", script, "["+strings.Join(asked, ",")+"]").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for i, got := range strings.Fields(strings.ReplaceAll(string(out), "not handled", "not-handled")) {
		if got = strings.ReplaceAll(got, "-", " "); got != want[i] {
			t.Errorf("%+v: got %s", cases[i], got)
		}
	}
}
