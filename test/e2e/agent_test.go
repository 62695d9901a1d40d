package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// agentConfig returns a configuration of an agent that samples each second.
func agentConfig(t *testing.T, mqttLines string) string {
	t.Helper()
	return write(t, "systant.toml", fmt.Sprintf(`
[general]
hostname = "testhost"
interval = "1s"
startup_delay = "1s"
[mqtt]
host = "127.0.0.1"
connect_timeout = "3s"
%s
`, mqttLines))
}

// TestAgentLife looks at what an agent says from its start to its end.
func TestAgentLife(t *testing.T) {
	broker := startMosquitto(t, open)
	_, arrived := broker.connect(t, "systant/#")
	agent := start(t, "systant-agent", nil, "-config", agentConfig(t, fmt.Sprintf("port = %d", broker.port)))
	expect(t, arrived, "systant/testhost/status", schema.Online)
	var stats schema.Stats
	if err := json.Unmarshal(expect(t, arrived, "systant/testhost/stats", "").Payload, &stats); err != nil {
		t.Fatal(err)
	}
	if stats.Hostname != "testhost" || stats.Sequence != 1 || stats.CPU == nil || stats.CPU.UsagePercent == nil {
		t.Errorf("the first sample lacks something: %+v", stats)
	}
	agent.signal(t, syscall.SIGTERM)
	expect(t, arrived, "systant/testhost/status", schema.Offline)
	if got := agent.wait(t); got != 0 {
		t.Errorf("exit status %d, want 0", got)
	}
}

// hearNotifications listens as a service manager does. It returns what a program
// that is to notify it has in its environment, and what waits for the next message.
func hearNotifications(t *testing.T) (environment string, hear func() string) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { manager.Close() })
	return "NOTIFY_SOCKET=" + socket, func() string {
		t.Helper()
		message := make([]byte, 100)
		if err := manager.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		n, err := manager.Read(message)
		if err != nil {
			t.Fatal(err)
		}
		return string(message[:n])
	}
}

// TestAgentNotifies looks at what the service manager hears: nothing before the
// broker has taken the agent, and that it is alive only while it is.
func TestAgentNotifies(t *testing.T) {
	broker := startMosquitto(t, open)
	socket, hear := hearNotifications(t)
	environment := []string{socket, "WATCHDOG_USEC=200000"}
	refused := start(t, "systant-agent", environment, "-config", agentConfig(t, "port = 1"))
	if got := refused.wait(t); got != 69 {
		t.Errorf("without a broker: got exit status %d, want 69", got)
	}
	agent := start(t, "systant-agent", environment, "-config", agentConfig(t, fmt.Sprintf("port = %d", broker.port)))
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if got := hear(); got != want {
			t.Errorf("the service manager heard %q, want %q", got, want)
		}
	}
	agent.signal(t, syscall.SIGTERM)
	for got := ""; got != "STOPPING=1"; {
		if got = hear(); got != "WATCHDOG=1" && got != "STOPPING=1" {
			t.Fatalf("the service manager heard %q, want STOPPING=1", got)
		}
	}
}

// TestAgentWaits starts an agent whose broker comes later, and that is told to
// wait for it: it is ready at once, and publishes when it can.
func TestAgentWaits(t *testing.T) {
	broker := startMosquitto(t, open)
	broker.signal(t, syscall.SIGKILL)
	broker.wait(t)
	socket, hear := hearNotifications(t)
	agent := start(t, "systant-agent", []string{socket}, "-config", write(t, "systant.toml", fmt.Sprintf(`
[general]
hostname = "testhost"
interval = "1s"
startup_delay = "1s"
wait_for_broker = true
[mqtt]
host = "127.0.0.1"
port = %d
`, broker.port)))
	if got := hear(); got != "READY=1" {
		t.Errorf("the service manager heard %q, want READY=1", got)
	}
	eventually(t, "the agent says why it waits", func() bool { return strings.Contains(agent.said(), "connection refused") })
	broker.restart(t)
	_, arrived := broker.connect(t, "systant/#")
	expect(t, arrived, "systant/testhost/status", schema.Online)
	expect(t, arrived, "systant/testhost/stats", "")
	agent.signal(t, syscall.SIGTERM)
	expect(t, arrived, "systant/testhost/status", schema.Offline)
	if got := agent.wait(t); got != 0 {
		t.Errorf("exit status %d, want 0", got)
	}
}

// TestAgentKilled looks for the will of an agent that could say nothing.
func TestAgentKilled(t *testing.T) {
	broker := startMosquitto(t, open)
	_, arrived := broker.connect(t, "systant/#")
	agent := start(t, "systant-agent", nil, "-config", agentConfig(t, fmt.Sprintf("port = %d", broker.port)))
	expect(t, arrived, "systant/testhost/status", schema.Online)
	agent.signal(t, syscall.SIGKILL)
	expect(t, arrived, "systant/testhost/status", schema.Offline)
}

// TestAgentRecovers kills the broker and starts it again.
func TestAgentRecovers(t *testing.T) {
	broker := startMosquitto(t, open)
	agent := start(t, "systant-agent", nil, "-config", agentConfig(t, fmt.Sprintf("port = %d", broker.port)))
	_, arrived := broker.connect(t, "systant/#")
	expect(t, arrived, "systant/testhost/stats", "")
	broker.signal(t, syscall.SIGKILL)
	broker.wait(t)
	broker.restart(t)
	// Nothing is left of the broker's memory, so that this is news.
	_, again := broker.connect(t, "systant/#")
	expect(t, again, "systant/testhost/status", schema.Online)
	expect(t, again, "systant/testhost/stats", "")
	agent.alive(t)
}

// TestAgentRefused looks at the one line that an agent leaves when it can't
// reach its broker.
func TestAgentRefused(t *testing.T) {
	trusted, stranger := newAuthority(t), newAuthority(t)
	certificate, key := trusted.server(t, "localhost", net.IPv4(127, 0, 0, 1))
	secure := startMosquitto(t, fmt.Sprintf("allow_anonymous true\ncertfile %s\nkeyfile %s\n", certificate, key))
	locked := startMosquitto(t, fmt.Sprintf("allow_anonymous false\npassword_file %s\n", passwords(t, "agent", "right")))
	nobody := freePort(t)
	cases := []struct {
		name  string
		lines string
		want  []string
	}{
		{"refused", fmt.Sprintf("port = %d", nobody), []string{fmt.Sprintf("127.0.0.1:%d", nobody), "refused"}},
		{"unknown host", "port = 1883\nhost = \"no-such-host.invalid\"", []string{"no-such-host.invalid:1883", "no such host"}},
		{"wrong password", fmt.Sprintf("port = %d\nusername = \"agent\"\npassword = \"wrong\"", locked.port), []string{locked.address(), "password"}},
		{"no password", fmt.Sprintf("port = %d", locked.port), []string{locked.address()}},
		{"unknown authority", fmt.Sprintf("port = %d\nhost = \"mqtts://127.0.0.1\"\ntls_ca_file = %q", secure.port, stranger.file), []string{secure.address(), "certificate"}},
		{"other name", fmt.Sprintf("port = %d\nhost = \"mqtts://127.0.0.1\"\ntls_server_name = \"other\"\ntls_ca_file = %q", secure.port, trusted.file), []string{secure.address(), "certificate"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := agentConfig(t, c.lines)
			if strings.Count(c.lines, "host = ") > 0 {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				path = write(t, "systant.toml", strings.Replace(string(text), "host = \"127.0.0.1\"\n", "", 1))
			}
			agent := start(t, "systant-agent", nil, "-config", path)
			if got := agent.wait(t); got != 69 {
				t.Errorf("exit status %d, want 69", got)
			}
			line := oneLine(t, agent.said())
			for _, want := range c.want {
				if !strings.Contains(line, want) {
					t.Errorf("the line lacks %q: %s", want, line)
				}
			}
			if strings.Contains(agent.said(), "wrong\"") {
				t.Errorf("the password was said: %s", agent.said())
			}
		})
	}
}

// passwords returns a password file of Mosquitto with one user.
func passwords(t *testing.T, user, password string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "passwords")
	if output, err := exec.Command("mosquitto_passwd", "-c", "-b", path, user, password).CombinedOutput(); err != nil {
		lacking(t, fmt.Sprintf("mosquitto_passwd: %v: %s", err, output))
	}
	return path
}

// TestAgentSecured lets an agent in by password and by certificate.
func TestAgentSecured(t *testing.T) {
	trusted := newAuthority(t)
	certificate, key := trusted.server(t, "localhost", net.IPv4(127, 0, 0, 1))
	broker := startMosquitto(t, fmt.Sprintf("allow_anonymous false\npassword_file %s\ncertfile %s\nkeyfile %s\n", passwords(t, "agent", "right"), certificate, key))
	secret := write(t, "secret", "right\n")
	path := write(t, "systant.toml", fmt.Sprintf(`
[general]
hostname = "testhost"
interval = "1s"
startup_delay = "1s"
[mqtt]
host = "mqtts://127.0.0.1"
port = %d
username = "agent"
password_file = %q
tls_ca_file = %q
`, broker.port, secret, trusted.file))
	agent := start(t, "systant-agent", nil, "-config", path)
	eventually(t, "the broker has the agent", func() bool {
		agent.alive(t)
		return strings.Contains(broker.said(), "u'agent'")
	})
	agent.signal(t, syscall.SIGTERM)
	if got := agent.wait(t); got != 0 {
		t.Errorf("exit status %d, want 0", got)
	}
}

// TestBadConfig looks at the one line about a bad file.
func TestBadConfig(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"unknown key", "[general]\nintervall = \"1s\"\n", ":2: general.intervall: "},
		{"wrong type", "[mqtt]\n\nport = \"many\"\n", ":3: mqtt.port: "},
		{"out of range", "[general]\n\ninterval = \"1ms\"\n", ":3: general.interval: "},
		{"bad host", "[general]\nhostname = \"Not A Host\"\n", ":2: general.hostname: "},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := write(t, "systant.toml", c.text)
			for _, word := range []string{"run", "check", "once"} {
				agent := start(t, "systant-agent", nil, word, "-config", path)
				if got := agent.wait(t); got != 78 {
					t.Errorf("%s: exit status %d, want 78", word, got)
				}
				if line := oneLine(t, agent.said()); !strings.Contains(line, path+c.want) {
					t.Errorf("%s said %q, want %q in it", word, line, path+c.want)
				}
			}
		})
	}
}

// TestDescriptors looks whether an agent leaks descriptors.
func TestDescriptors(t *testing.T) {
	broker := startMosquitto(t, open)
	_, arrived := broker.connect(t, "systant/testhost/stats")
	agent := start(t, "systant-agent", nil, "-config", agentConfig(t, fmt.Sprintf("port = %d", broker.port)))
	count := func(samples int) (descriptors, processes int) {
		for range samples {
			m := expect(t, arrived, "systant/testhost/stats", "")
			processes = total(t, m)
		}
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", agent.pid()))
		if err != nil {
			t.Fatal(err)
		}
		return len(entries), processes
	}
	before, running := count(3)
	after, runningAfter := count(20)
	// The agent keeps a descriptor for each process, and other tests run.
	if grown := after - before - max(0, runningAfter-running); grown > 20 {
		t.Errorf("%d descriptors after 20 samples, %d before; processes %d and %d", after, before, runningAfter, running)
	}
}

// total returns the number of processes in a sample.
func total(t *testing.T, m mqtt.Message) int {
	t.Helper()
	var stats schema.Stats
	if err := json.Unmarshal(m.Payload, &stats); err != nil || stats.Processes == nil {
		t.Fatalf("no processes in %.100s: %v", m.Payload, err)
	}
	return stats.Processes.Total
}
