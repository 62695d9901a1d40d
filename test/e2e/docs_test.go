package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// example is a fenced block of a page.
type example struct {
	kind, text string
}

// examples returns the fenced blocks of a page, with a broker and a host in the
// places of BROKER and HOST.
func examples(t *testing.T, path string, port int) []example {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	place := strings.NewReplacer("-h BROKER", fmt.Sprintf("-h 127.0.0.1 -p %d", port), "HOST", "testhost")
	var all []example
	for _, block := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		all = append(all, example{block[1], place.Replace(block[2])})
	}
	return all
}

// TestDocsCommands runs each block of docs/commands.md that is a script
// with -h BROKER. What the block below it shows, if that is an answer, must come.
// The host has the shipped commands, and the key that the page makes.
func TestDocsCommands(t *testing.T) {
	folder, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	signers := documentedKey(t, home)
	broker := startMosquitto(t, open+"log_type all\n")
	_, arrived := broker.connect(t, responses+"/#", available)
	start(t, "systant-agent", nil, "-config", exampleConfig(t, broker.port, fmt.Sprintf("[commands]\nallowed_signers = %q", signers)))
	expect(t, arrived, available, "")
	up := time.Now()
	eventually(t, "what is signed in this second, without its fraction, is later than the agent's start", func() bool { return time.Since(up) > time.Second })
	environment := []string{"HOME=" + home, "PATH=" + folder + ":" + os.Getenv("PATH")}
	all := examples(t, "../../docs/commands.md", broker.port)
	ran := 0
	for i, one := range all {
		if one.kind != "sh" || !strings.Contains(one.text, "-h 127.0.0.1") {
			continue
		}
		script := launch(t, "/bin/sh", environment, "-euc", one.text)
		if strings.HasPrefix(one.text, "mosquitto_sub") {
			eventually(t, "mosquitto_sub listens", func() bool {
				script.alive(t)
				return strings.Count(broker.said(), responses+" (QoS") == 1
			})
			defer func() { heard(t, script) }()
			continue
		}
		if script.wait(t) != 0 {
			lacking(t, fmt.Sprintf("%s: %s", one.text, script.said())) // jq or a client of Mosquitto
		}
		ran++
		documented(t, one.text, lastOf(t, arrived), script.stdout.String(), all[min(i+1, len(all)-1)])
	}
	if ran < 6 {
		t.Errorf("ran %d examples, want at least 6", ran)
	}
}

// documentedKey makes the key of docs/commands.md in a home folder, and returns
// a file that allows it.
func documentedKey(t *testing.T, home string) string {
	t.Helper()
	key := filepath.Join(home, ".ssh", "systant")
	if err := os.Mkdir(filepath.Dir(key), 0o700); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		lacking(t, fmt.Sprintf("ssh-keygen: %v: %s", err, output))
	}
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "allowed_signers", fmt.Sprintf("alice namespaces=%q %s", schema.SignatureNamespace, public))
}

// documented checks an answer against the block below an example.
func documented(t *testing.T, script string, got schema.Response, said string, below example) {
	t.Helper()
	if got.Status != schema.StatusOK {
		t.Errorf("%s: got %+v", script, got)
	}
	switch {
	case below.kind == "text" && !strings.HasPrefix(said, below.text):
		t.Errorf("%s: got\n%s, want\n%s", script, said, below.text)
	case below.kind == "json":
		if keys, want := shape(t, got), shape(t, []byte(below.text)); keys != want {
			t.Errorf("%s: got %s, want %s", script, keys, want)
		}
	}
}

// shape returns what two answers to one request have in common: their keys, and
// the values that don't change. It takes an answer or its JSON.
func shape(t *testing.T, answer any) string {
	t.Helper()
	text, ok := answer.([]byte)
	if !ok {
		var err error
		if text, err = json.Marshal(answer); err != nil {
			t.Fatal(err)
		}
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	for _, changes := range []string{"request_id", "output", "started_at", "duration_seconds"} {
		if _, there := fields[changes]; there {
			fields[changes] = ""
		}
	}
	common, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(common)
}

// heard ends a mosquitto_sub and checks that it has shown an answer.
func heard(t *testing.T, listener *program) {
	t.Helper()
	listener.signal(t, syscall.SIGTERM)
	listener.wait(t)
	if said := listener.stdout.String(); !strings.Contains(said, `"command":"df","status":"ok"`) {
		t.Errorf("mosquitto_sub: got %q, want the answer to df", said)
	}
}

// lastOf waits for the next answer that is not about what still runs.
func lastOf(t *testing.T, arrived <-chan mqtt.Message) schema.Response {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case m := <-arrived:
			if r, ok := final(m); ok {
				return r
			}
		case <-timeout:
			t.Fatal("no answer")
		}
	}
}

// brokerExample starts a broker with the configuration and the rules that are
// shipped, on ports of its own, for users whose password is "secret". It returns
// where it speaks TLS too, and the authority's certificate.
func brokerExample(t *testing.T, users ...string) (broker *mosquitto, tls int, authority string) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/mosquitto/mosquitto.conf")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := filepath.Abs("../../deploy/mosquitto/systant.acl")
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, "passwords", "")
	for _, user := range users {
		if output, err := exec.Command("mosquitto_passwd", "-b", file, user, "secret").CombinedOutput(); err != nil {
			lacking(t, fmt.Sprintf("mosquitto_passwd: %v: %s", err, output))
		}
	}
	a := newAuthority(t)
	certificate, key := a.server(t, "localhost")
	tls = freePort(t)
	lines := strings.NewReplacer(
		"listener 8883", fmt.Sprintf("listener %d 127.0.0.1", tls), "listener 1883 127.0.0.1\n", "", // the test has its own
		"/etc/mosquitto/passwords", file, "/etc/mosquitto/systant.acl", rules,
		"/etc/mosquitto/certs/server.crt", certificate, "/etc/mosquitto/certs/server.key", key,
	).Replace(string(text))
	return startMosquitto(t, lines), tls, a.file
}

// try runs a client of Mosquitto as a user, and returns all that it says. It
// fails the test where the client can't be run.
func (m *mosquitto) try(t *testing.T, client, user string, arguments ...string) string {
	t.Helper()
	arguments = append([]string{"-V", "5", "-h", "127.0.0.1", "-p", fmt.Sprint(m.port), "-u", user, "-P", "secret", "-q", "1"}, arguments...)
	output, err := exec.Command(client, arguments...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		lacking(t, err.Error())
	}
	return string(output)
}

// TestDocsRights checks who may publish and who hears what, with the broker
// that is shipped as an example.
func TestDocsRights(t *testing.T) {
	broker, _, _ := brokerExample(t, "nas", "web1", "dashboard", "homeassistant", "operator")
	writes := func(want bool, user string, topics ...string) {
		t.Helper()
		for _, topic := range topics {
			said := broker.try(t, "mosquitto_pub", user, "-r", "-t", topic, "-m", "to "+topic)
			if got := said == ""; got != want {
				t.Errorf("%s publishes to %s: got %q, want that it may: %v", user, topic, said, want)
			}
		}
	}
	writes(true, "nas", "systant/nas/stats", "systant/nas/status", "systant/nas/commands/available", "systant/nas/backlog",
		"systant/nas/responses", "systant/nas/responses/me", "systant/nas/homeassistant", "homeassistant/device/systant_nas/config")
	writes(false, "nas", "systant/nas/commands", "systant/nas/backfill", "systant/web1/stats", "systant/web1/status",
		"systant/web1/commands", "systant/web1/responses", "systant/web1/homeassistant", "homeassistant/device/systant_web1/config", "homeassistant/status", "else")
	writes(false, "dashboard", "systant/nas/commands", "systant/nas/stats", "systant/nas/responses")
	writes(false, "homeassistant", "systant/nas/commands", "systant/nas/stats")
	writes(true, "homeassistant", "homeassistant/status", "homeassistant/device/systant_web1/config")
	writes(false, "operator", "systant/nas/stats", "systant/nas/responses", "systant/nas/commands/available")
	writes(true, "operator", "systant/nas/commands", "systant/web1/commands")
	writes(true, "dashboard", "systant/nas/backfill")
	hears := func(user string, topics ...string) {
		t.Helper()
		got := strings.Fields(strings.ReplaceAll(broker.try(t, "mosquitto_sub", user, "-t", "systant/#", "-t", "homeassistant/#", "-F", "%t", "-W", "1"), "Timed out", ""))
		slices.Sort(got)
		if !slices.Equal(got, topics) {
			t.Errorf("%s hears %v, want %v", user, got, topics)
		}
	}
	hears("nas", "homeassistant/device/systant_nas/config", "homeassistant/status", "systant/nas/backfill", "systant/nas/commands")
	hears("web1", "homeassistant/device/systant_web1/config", "homeassistant/status", "systant/web1/commands")
	hears("dashboard", "homeassistant/status", "systant/nas/backfill", "systant/nas/backlog", "systant/nas/commands", "systant/nas/commands/available",
		"systant/nas/homeassistant", "systant/nas/responses", "systant/nas/responses/me", "systant/nas/stats", "systant/nas/status", "systant/web1/commands")
}

// TestDocsBroker has an agent work with the broker that is shipped as an
// example, by TLS, and obey the operator alone.
func TestDocsBroker(t *testing.T) {
	broker, tls, authority := brokerExample(t, "testhost", "otherhost", "operator", "dashboard", "homeassistant")
	ran := filepath.Join(t.TempDir(), "ran")
	config := exampleConfig(t, tls, fmt.Sprintf("username = \"testhost\"\npassword = \"secret\"\ntls_ca_file = %q\n"+
		"[[commands.available]]\ntrigger = \"touch\"\ncommand = [\"touch\", %q]\n", authority, ran))
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	start(t, "systant-agent", nil, "-config", write(t, "systant.toml", strings.Replace(string(text), `"127.0.0.1"`, `"mqtts://localhost"`, 1)))
	broker.try(t, "mosquitto_sub", "dashboard", "-t", available, "-C", "1", "-W", "20") // until the agent is there
	for _, user := range []string{"otherhost", "dashboard", "homeassistant", "testhost", "stranger"} {
		broker.try(t, "mosquitto_pub", user, "-t", requests, "-m", `{"command":"touch","request_id":"`+user+`"}`)
	}
	said := broker.try(t, "mosquitto_rr", "operator", "-t", requests, "-e", responses+"/me", "-m", `{"command":"list","request_id":"good"}`, "-W", "20")
	if !strings.Contains(said, `"request_id":"good"`) {
		t.Errorf("the operator: got %q, want an answer", said)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("somebody who may not has run a command")
	}
}
