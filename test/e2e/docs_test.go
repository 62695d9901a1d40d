package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// TestDocumentedCommands runs the examples of docs/commands.md that publish:
// each line with mosquitto_pub or mosquitto_rr and nothing before it.
func TestDocumentedCommands(t *testing.T) {
	page, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	broker := startMosquitto(t, open)
	_, arrived := broker.connect(t, responses, responses+"/me", available)
	start(t, "systant-agent", nil, "-config", exampleConfig(t, broker.port, ""))
	expect(t, arrived, available, "")
	ran := 0
	for _, line := range regexp.MustCompile(`(?m)^mosquitto_(pub|rr) .*$`).FindAllString(string(page), -1) {
		shell := exec.Command("sh", "-c", strings.NewReplacer("BROKER", fmt.Sprintf("127.0.0.1 -p %d", broker.port), "HOST", "testhost").Replace(line))
		if output, err := shell.CombinedOutput(); err != nil {
			lacking(t, fmt.Sprintf("%s: %v: %s", line, err, output))
		}
		ran++
		if r := lastOf(t, arrived); r.Status != schema.StatusOK {
			t.Errorf("%s: got %+v", line, r)
		}
	}
	if ran < 4 {
		t.Errorf("ran %d examples, want at least 4", ran)
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

// TestMosquittoACL starts a broker with the shipped ACL, and looks who may do
// what.
func TestMosquittoACL(t *testing.T) {
	acl, err := filepath.Abs("../../deploy/mosquitto/systant.acl")
	if err != nil {
		t.Fatal(err)
	}
	users := []string{"testhost", "otherhost", "operator", "dashboard", "homeassistant"}
	file := passwords(t, "nobody", "secret")
	for _, user := range users {
		if output, err := exec.Command("mosquitto_passwd", "-b", file, user, "secret").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
	}
	broker := startMosquitto(t, fmt.Sprintf("allow_anonymous false\npassword_file %s\nacl_file %s\n", file, acl))
	ran := filepath.Join(t.TempDir(), "ran")
	config := exampleConfig(t, broker.port, "username = \"testhost\"\npassword = \"secret\"\n[[commands.available]]\ntrigger = \"touch\"\ncommand = [\"touch\", \""+ran+"\"]\n")
	watcher := exec.Command("mosquitto_sub", "-h", "127.0.0.1", "-p", fmt.Sprint(broker.port), "-u", "dashboard", "-P", "secret", "-t", "systant/+/responses", "-C", "1", "-W", "20")
	heard := make(chan string, 1)
	start(t, "systant-agent", nil, "-config", config)
	eventually(t, "the agent listens", func() bool { return strings.Contains(broker.said(), "u'testhost'") })
	go func() {
		output, _ := watcher.Output() // empty where it heard nothing
		heard <- string(output)
	}()
	eventually(t, "the dashboard listens", func() bool { return strings.Contains(broker.said(), "u'dashboard'") })
	publish := func(user, topic, payload string) {
		t.Helper()
		command := exec.Command("mosquitto_pub", "-h", "127.0.0.1", "-p", fmt.Sprint(broker.port), "-u", user, "-P", "secret", "-q", "1", "-t", topic, "-m", payload)
		if output, err := command.CombinedOutput(); err != nil { // a refused message is no error to it
			lacking(t, fmt.Sprintf("mosquitto_pub: %v: %s", err, output))
		}
	}
	for _, user := range []string{"otherhost", "dashboard", "homeassistant", "testhost"} {
		publish(user, requests, `{"command":"touch","request_id":"`+user+`"}`)
		publish(user, "systant/nas/responses", `{"request_id":"forged by `+user+`","status":"ok"}`)
	}
	publish("operator", requests, `{"command":"list","request_id":"good"}`)
	if got := <-heard; !strings.Contains(got, `"request_id":"good"`) {
		t.Errorf("the first answer that the dashboard hears: got %q, want that to the operator", got)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("somebody who may not has run a command")
	}
}
