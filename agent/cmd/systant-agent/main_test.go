package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"systant/pkg/schema"
)

// result is how a run of the program ended.
type result struct {
	status         int
	stdout, stderr string
}

// call runs the program as a shell would, in an empty folder and with the
// environment in env only.
func call(t *testing.T, env map[string]string, args ...string) result {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), args, func(name string) string { return env[name] }, &stdout, &stderr)
	return result{status, stdout.String(), stderr.String()}
}

func TestBadCommandLines(t *testing.T) {
	for _, args := range [][]string{{"jump"}, {"run", "once"}, {"-colour"}, {"check", "-config"}} {
		if r := call(t, nil, args...); r.status != exitError || !strings.HasPrefix(r.stderr, "systant-agent: ") {
			t.Errorf("%v: got status %d and %q", args, r.status, r.stderr)
		}
	}
	if r := call(t, nil, "-h"); r.status != exitOK || !strings.Contains(r.stdout, "once") {
		t.Errorf("-h: got status %d and %q", r.status, r.stdout)
	}
}

func TestInitPrintsAFileThatCheckTakes(t *testing.T) {
	r := call(t, nil, "init")
	path := filepath.Join(t.TempDir(), "systant.toml")
	if err := os.WriteFile(path, []byte(r.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check", "-config", path}, {"-config", path, "check"}, {"-config=" + path, "check"}} {
		if r := call(t, nil, args...); r.status != exitOK || r.stderr != "" {
			t.Errorf("%v: got status %d and %q", args, r.status, r.stderr)
		}
	}
}

func TestBadConfigurationExits78(t *testing.T) {
	path := filepath.Join(t.TempDir(), "systant.toml")
	if err := os.WriteFile(path, []byte("[general]\ninterval = 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"run", "check", "once"} {
		r := call(t, nil, word, "-config", path)
		if want := "systant-agent: " + path + ":2: general.interval: "; r.status != exitConfig || !strings.HasPrefix(r.stderr, want) || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%s: got status %d and %q, want %d and one line %q…", word, r.status, r.stderr, exitConfig, want)
		}
	}
	if r := call(t, nil, "check", "-config", filepath.Join(t.TempDir(), "none.toml")); r.status != exitConfig {
		t.Errorf("missing file: got status %d, want %d", r.status, exitConfig)
	}
}

func TestNoBrokerExits69(t *testing.T) {
	// A port that was free a moment ago refuses connections.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	listener.Close()
	path := filepath.Join(t.TempDir(), "systant.toml")
	if err := os.WriteFile(path, []byte("mqtt.connect_timeout = \"200ms\"\ngeneral.log_level = \"info\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := call(t, map[string]string{"MQTT_HOST": "127.0.0.1", "MQTT_PORT": port}, "-config", path)
	want := "systant-agent: 127.0.0.1:" + port + ": connection refused"
	if r.status != exitUnavailable || !strings.HasPrefix(r.stderr, want) || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("got status %d and %q, want %d and one line %q…", r.status, r.stderr, exitUnavailable, want)
	}
}

func TestOncePrintsASample(t *testing.T) {
	r := call(t, map[string]string{"SYSTANT_INTERVAL": "7"}, "once")
	var stats schema.Stats
	if err := json.Unmarshal([]byte(r.stdout), &stats); err != nil || r.status != exitOK {
		t.Fatalf("got status %d, %v and %q", r.status, err, r.stderr)
	}
	switch {
	case stats.IntervalSeconds != 7, stats.Sequence != 1, stats.BootID == "", schema.CheckHost(stats.Hostname) != nil:
		t.Errorf("envelope: got %+v", stats)
	case stats.CPU == nil || stats.CPU.UsagePercent == nil:
		t.Error("no processor usage: rates need the first of two readings")
	case stats.Memory == nil || stats.Memory.TotalBytes == 0, stats.Processes == nil || stats.Processes.Total == 0, stats.System == nil, stats.Self == nil:
		t.Errorf("sections are missing: %s", r.stdout)
	}
}
