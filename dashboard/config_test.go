package dashboard

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// environment returns a getenv for pairs of names and values.
func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		if name == "HOME" {
			return "/home/ann"
		}
		return ""
	}
}

// TestReference holds the shipped file against the defaults: it names every
// option, and each with the value that holds without it.
func TestReference(t *testing.T) {
	empty, err := Parse("empty", nil, environment())
	if err != nil {
		t.Fatal(err)
	}
	reference, err := Parse("reference.toml", Reference, environment())
	if err != nil {
		t.Fatal(err)
	}
	compare := func(c Config) []any {
		return []any{c.Listen, c.Embedded, c.Broker, c.MaxHosts, c.ForgetAfter, c.History, c.LogLevel}
	}
	if diff := cmp.Diff(compare(empty), compare(reference)); diff != "" {
		t.Errorf("reference.toml differs from the defaults (-defaults +reference):\n%s", diff)
	}
	want := []any{"127.0.0.1:4000", true, BrokerConfig{Listen: "127.0.0.1:1883"}, 10_000, time.Duration(0),
		HistoryConfig{Path: "/home/ann/.local/state/systant/history", Embedded: true, Rewind: 7 * 24 * time.Hour, MaxRewindBytes: 1 << 30, Retention: 31 * 24 * time.Hour, RollupRetention: 3 * 365 * 24 * time.Hour, Late: 24 * time.Hour, MaxSeries: 10_000}}
	if diff := cmp.Diff(want, compare(empty)[:6]); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

// TestConfigErrors names file, line and key of what is wrong.
func TestConfigErrors(t *testing.T) {
	tests := map[string]string{
		"[http]\nlisten = 4000":                                    "bad.toml:2:",
		"[http]\nlisten = \"4000\"":                                "bad.toml:2: http.listen: must be an address and a port",
		"[http]\nlisten = \"example.org:80\"":                      "bad.toml:2: http.listen: must start with an IP address",
		"[http]\nlisten = \"127.0.0.1:99999\"":                     "bad.toml:2: http.listen: port 99999",
		"[http]\nallowed_hosts = [\"https://a\"]":                  "bad.toml:2: http.allowed_hosts",
		"[http]\nlisen = \"127.0.0.1:1\"":                          "bad.toml:2:",
		"[broker]\n\nlisten = \"0.0.0.0:1883\"":                    "bad.toml:3: broker.listen: 0.0.0.0:1883 can be reached by other machines",
		"[broker]\nlisten = \":1883\"":                             "bad.toml:2: broker.listen",
		"[broker]\nlisten = \":1883\"\nusername = \"a\"":           "bad.toml:3: broker.username",
		"[broker]\nusername = \"a\"\npassword_file = \"/none/it\"": "bad.toml:3: broker.password_file",
		"[fleet]\nmax_hosts = 0":                                   "bad.toml:2: fleet.max_hosts: must be 1 to 100000",
		"[fleet]\nforget_after = \"-1s\"":                          "bad.toml:2: fleet.forget_after",
		"[history]\nretention = \"5h\"":                            "bad.toml:2: history.retention: must be 6h to 3650d",
		"[history]\nretention = \"3d\"":                            "bad.toml:2: history.retention: must be at least three days more than late",
		"[history]\nrollup_retention = \"2d\"":                     "bad.toml:2: history.rollup_retention: must be 0",
		"[history]\nmax_size = \"1MiB\"":                           "bad.toml:2: history.max_size: must be at least 64MiB",
		"[history]\nrewind = \"1s\"":                               "bad.toml:2: history.rewind: must be 0",
		"[history]\nrewind_max_size = 5":                           "bad.toml:2: history.rewind_max_size: must be at least 1MiB",
		"[history]\nremote_write_url = \"ftp://a\"":                "bad.toml:2: history.remote_write_url: must be an address",
		"[history]\nremote_write_url = \"http://a:b@c\"":           "bad.toml:2: history.remote_write_url: must be an address",
		"[history]\nquery_url = \"http://a\"":                      "bad.toml:2: history.query_url: needs remote_write_url",
		"[history]\nembedded = false":                              "bad.toml:2: history.embedded: must be true",
		"[history]\nremote_username = \"a\"":                       "bad.toml:2: history.remote_username: needs remote_password_file",
		"[history]\nremote_password_file = \"/none/it\"":           "bad.toml:2: history.remote_password_file",
		"[history]\nlate = \"1m\"":                                 "bad.toml:2: history.late: must be 10m to 7d",
		"[history]\nmax_series_per_host = 0":                       "bad.toml:2: history.max_series_per_host: must be 1 to 1000000",
		"[log]\nlevel = \"loud\"":                                  "bad.toml:2: log.level: must be debug, info, warn or error",
		"[mqtt]\nprefix = \"a/#\"":                                 "bad.toml:2: mqtt.prefix",
		"[other]\na = 1":                                           "bad.toml:",
	}
	for text, want := range tests {
		_, err := Parse("bad.toml", []byte(text), environment())
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s…", text, err, want)
		}
	}
}

// TestConfigBroker chooses between the dashboard's own broker and another.
func TestConfigBroker(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("p\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		text     string
		getenv   func(string) string
		embedded bool
		broker   BrokerConfig
	}{
		{"", environment(), true, BrokerConfig{Listen: "127.0.0.1:1883"}},
		{"", environment("MQTT_HOST", "mqtt.example.org"), false, BrokerConfig{Listen: "127.0.0.1:1883"}},
		{"[mqtt]\nhost = \"mqtt.example.org\"", environment(), false, BrokerConfig{Listen: "127.0.0.1:1883"}},
		{"[broker]\nlisten = \"0.0.0.0:1883\"\nusername = \"u\"\npassword_file = \"" + secret + "\"", environment(), true,
			BrokerConfig{Listen: "0.0.0.0:1883", Username: "u", Password: "p"}},
		{"[broker]\nlisten = \"[::1]:1883\"", environment("MQTT_PORT", "8883"), true, BrokerConfig{Listen: "[::1]:1883"}},
	}
	for _, test := range tests {
		c, err := Parse("test.toml", []byte(test.text), test.getenv)
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
			continue
		}
		if diff := cmp.Diff(test.broker, c.Broker); diff != "" || c.Embedded != test.embedded {
			t.Errorf("%q: embedded %v, broker (-want +got):\n%s", test.text, c.Embedded, diff)
		}
	}
}
