package agent

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/agent/internal/collect"
)

// none is an empty environment.
func none(string) string { return "" }

// environment returns a lookup in pairs of name and value.
func environment(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestReferenceHoldsTheDefaults(t *testing.T) {
	reference, err := Parse("reference.toml", []byte(Reference), none)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Parse("", nil, none)
	if err != nil {
		t.Fatal(err)
	}
	compare := cmp.Options{
		cmp.AllowUnexported(collect.Filter{}),
		cmp.Comparer(func(a, b *regexp.Regexp) bool { return a.String() == b.String() }),
		cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".TLS" || p.Last().String() == ".Topics" }, cmp.Ignore()),
		cmp.FilterPath(func(p cmp.Path) bool { return strings.HasPrefix(p.Last().String(), ".On") }, cmp.Ignore()),
		cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Host" && len(p) == 3 }, cmp.Ignore()),
		cmp.Comparer(func(a, b []string) bool { return strings.Join(a, " ") == strings.Join(b, " ") }),
	}
	if diff := cmp.Diff(plain, reference, compare); diff != "" {
		t.Errorf("reference.toml says something else than the defaults (-defaults +reference):\n%s", diff)
	}
	if plain.MQTT.Host != "mqtt.home" || plain.MQTT.Port != 1883 || plain.Interval != 30*time.Second || plain.StartupDelay != 5*time.Second {
		t.Errorf("defaults: got %s:%d, every %v after %v", plain.MQTT.Host, plain.MQTT.Port, plain.Interval, plain.StartupDelay)
	}
}

func TestReferenceNamesEveryModule(t *testing.T) {
	for _, name := range collect.Modules() {
		if !regexp.MustCompile(`# .*\b` + name + `\b`).MatchString(Reference) {
			t.Errorf("reference.toml does not name the module %s", name)
		}
	}
}

func TestBadConfigurations(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"interval of nothing", "[general]\ninterval = 0", `systant.toml:2: general.interval: must be "1s" to "24h"`},
		{"interval as nonsense", "[general]\ninterval = \"often\"", "systant.toml:2: general.interval: "},
		{"delay before the past", "[general]\nstartup_delay = -1", "systant.toml:2: general.startup_delay: "},
		{"host name with a slash", "[general]\nhostname = \"a/b\"", "systant.toml:2: general.hostname: "},
		{"unknown module", "[general]\nenabled_modules = [\"cpu\", \"weather\"]", `systant.toml:2: general.enabled_modules: there is no module "weather"`},
		{"unknown level", "[general]\nlog_level = \"loud\"", "systant.toml:2: general.log_level: "},
		{"empty tag", "[general]\ntags = [\"\"]", "systant.toml:2: general.tags: "},
		{"port out of range", "[mqtt]\nport = 70000", "systant.toml:2: mqtt.port: "},
		{"prefix with a wildcard", "[mqtt]\nprefix = \"a/#\"", "systant.toml:2: mqtt.prefix: "},
		{"bad pattern", "[disk]\nexclude = [\"/srv/[a\"]", "systant.toml:2: disk.exclude: "},
		{"too many rows", "[processes]\ntop = 1000", "systant.toml:2: processes.top: must be 0 to 100"},
		{"unknown key", "[network]\ninclud = []", "systant.toml:2: network.includ: "},
		{"wrong type", "[gpu]\nmax = \"all\"", "systant.toml:2: gpu.max: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse("systant.toml", []byte(test.text), none)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want %s…", err, test.want)
			}
		})
	}
}

func TestEnvironmentGoesBeforeTheFile(t *testing.T) {
	c, err := Parse("systant.toml", []byte("[general]\ninterval = \"1m\"\n[mqtt]\nhost = \"a\"\nport = 1\npassword = \"b\""),
		environment(map[string]string{"SYSTANT_INTERVAL": "2", "SYSTANT_LOG_LEVEL": "debug", "MQTT_HOST": "broker.example", "MQTT_PORT": "1884", "MQTT_USERNAME": "u", "MQTT_PASSWORD": "p"}))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Interval.String(), c.LogLevel.String(), c.MQTT.Host, c.MQTT.Username, string(c.MQTT.Password)}
	want := []string{"2s", "DEBUG", "broker.example", "u", "p"}
	if diff := cmp.Diff(want, got); diff != "" || c.MQTT.Port != 1884 {
		t.Errorf("port %d, and (-want +got):\n%s", c.MQTT.Port, diff)
	}
	for name, value := range map[string]string{"SYSTANT_INTERVAL": "soon", "SYSTANT_LOG_LEVEL": "loud", "MQTT_PORT": "70000"} {
		if _, err := Parse("", nil, environment(map[string]string{name: value})); err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(name, "MQTT_")) && !strings.Contains(err.Error(), "port") {
			t.Errorf("%s=%s: got %v, want an error that names it", name, value, err)
		}
	}
}

// signers returns a file of allowed signers.
func signers(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "signers")
	key := base64.StdEncoding.EncodeToString([]byte("\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + strings.Repeat("k", 32)))
	if err := os.WriteFile(file, []byte(`me namespaces="systant-command@v1" ssh-ed25519 `+key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestHomeAssistant(t *testing.T) {
	const table = "[homeassistant]\ndevice_id = 'x'\n"
	c, err := Parse("systant.toml", []byte(`
[[commands.available]]
trigger = "restart"
command = ["systemctl", "restart", "{service}"]
params = [{ name = "service", enum = ["nginx"] }]
homeassistant = true
[[commands.available]]
trigger = "reboot"
command = ["systemctl", "reboot"]
`+table), none)
	if h := c.HomeAssistant; err != nil || !h.Enabled || len(h.Commands) != 1 || h.Commands[0].Trigger != "restart" || h.Topic() != "homeassistant/device/x/config" || h.BirthTopic != "homeassistant/status" {
		t.Errorf("got %v and %+v, want one command with buttons", err, h)
	}
	for text, want := range map[string]string{
		table + "interval = 0.5":             "homeassistant.interval: must be",
		table + "remove_after = '1000h'":     "homeassistant.remove_after: must be",
		table + "prefix = 'a/#'":             "homeassistant.prefix: ",
		table + "dashboard_url = 'nas'":      "homeassistant.dashboard_url: ",
		table + "filesystems = ['[']":        "homeassistant.filesystems: ",
		"[homeassistant]\ndevice_id = 'a b'": "homeassistant.device_id: must be",
		table + "[[commands.available]]\ntrigger = 'ping'\ncommand = ['ping']\nparams = [{ name = 'host', match = '[a-z]+' }]\nhomeassistant = true": "homeassistant: a button has a value of an enum",
	} {
		if _, err := Parse("systant.toml", []byte(text), none); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	c, err = Parse("systant.toml", []byte("[commands]\nrequire_signature = true\nallowed_signers = '"+signers(t)+"'\n[[commands.available]]\ntrigger = 'df'\ncommand = ['df']\nhomeassistant = true\n"+table), none)
	if err != nil || len(c.HomeAssistant.Commands) != 0 || len(c.Notes) != 1 {
		t.Errorf("a button that would have to sign: got %v, %v and the notes %q", err, c.HomeAssistant.Commands, c.Notes)
	}
}

func TestModulesSwitchOnAndOff(t *testing.T) {
	check := func(text string, want ...string) {
		t.Helper()
		c, err := Parse("systant.toml", []byte("[general]\n"+text), none)
		if diff := cmp.Diff(want, c.Collect.Modules); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
	check(`enabled_modules = ["disk", "cpu"]`, "disk", "cpu")
	check("enabled_modules = [\"disk\", \"cpu\"]\ndisabled_modules = [\"disk\"]", "cpu")
	check(`disabled_modules = ["gpu"]`, without(collect.Modules(), "gpu")...)
}

// without returns the names but one.
func without(names []string, name string) []string {
	var rest []string
	for _, n := range names {
		if n != name {
			rest = append(rest, n)
		}
	}
	return rest
}
