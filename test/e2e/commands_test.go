package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// The topics of commands of the host that tests use.
const (
	requests  = "systant/testhost/commands"
	responses = "systant/testhost/responses"
	available = "systant/testhost/commands/available"
)

// exampleConfig returns the configuration of an agent with the commands that
// are shipped as examples, and further lines.
func exampleConfig(t *testing.T, port int, more string) string {
	t.Helper()
	examples, err := os.ReadFile("../../deploy/examples/commands.toml")
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "systant.toml", fmt.Sprintf(`
[general]
hostname = "testhost"
startup_delay = "1h"
[mqtt]
host = "127.0.0.1"
port = %d
%s
%s`, port, more, examples))
}

// answer waits for the last answer to a request.
func answer(t *testing.T, arrived <-chan mqtt.Message, id string) schema.Response {
	t.Helper()
	for {
		if r, ok := final(expect(t, arrived, responses, "")); ok && r.RequestID == id {
			return r
		}
	}
}

// final reads an answer after which no other comes.
func final(m mqtt.Message) (r schema.Response, ok bool) {
	err := json.Unmarshal(m.Payload, &r)
	return r, err == nil && r.RequestID != "" && r.Status != schema.StatusRunning
}

// ask publishes a request, and fails the test if the broker does not take it.
func ask(t *testing.T, link *mqtt.Link, payload string) {
	t.Helper()
	if err := link.Publish(t.Context(), mqtt.Message{Topic: requests, Payload: []byte(payload), QoS: 1}); err != nil {
		t.Fatal(err)
	}
}

// TestExampleCommands runs the commands that are shipped.
func TestExampleCommands(t *testing.T) {
	for _, program := range []string{"ping", "ps", "df", "systemctl"} {
		if _, err := exec.LookPath(program); err != nil {
			lacking(t, program+" is not installed")
		}
	}
	broker := startMosquitto(t, open)
	link, arrived := broker.connect(t, responses, available)
	start(t, "systant-agent", nil, "-config", exampleConfig(t, broker.port, ""))
	var offer schema.Offer
	if err := json.Unmarshal(expect(t, arrived, available, "").Payload, &offer); err != nil || !offer.Enabled || len(offer.Commands) != 5 {
		t.Fatalf("got the offer %+v, %v, want five commands", offer, err)
	}
	check := func(request, id string, status schema.Status, want string) {
		t.Helper()
		ask(t, link, request)
		if r := answer(t, arrived, id); r.Status != status || !strings.Contains(r.Output+r.Error, want) {
			t.Errorf("%s: got %+v, want %s with %q", request, r, status, want)
		}
	}
	check(`{"command":"info","request_id":"1"}`, "1", schema.StatusOK, "Linux")
	check(`{"command":"df","request_id":"2"}`, "2", schema.StatusOK, "Filesystem")
	check(`{"command":"ps","request_id":"3"}`, "3", schema.StatusOK, "COMMAND")
	check(`{"command":"ping","params":["127.0.0.1",1],"request_id":"4"}`, "4", schema.StatusOK, "1 received")
	check(`{"command":"list","request_id":"5"}`, "5", schema.StatusOK, "ping <host=/[a-z0-9][a-z0-9.:-]*/> [count=1..5]   Is another host there?")
	check(`{"command":"restart","params":["sshd.service"],"request_id":"6"}`, "6", schema.StatusRefused, `params[0] (param): "sshd.service" is none of nginx.service, postgresql.service`)
	ask(t, link, `{"command":"restart","params":["nginx.service"],"request_id":"7"}`)
	if r := answer(t, arrived, "7"); r.ExitCode == nil || r.Status == schema.StatusRefused { // there is no nginx here, perhaps no systemd
		t.Errorf("restart: got %+v, want systemctl's exit status", r)
	}
}

// TestNoCommandsNoEars checks that an agent without commands does not listen.
func TestNoCommandsNoEars(t *testing.T) {
	broker := startMosquitto(t, open+"log_type all\n")
	_, arrived := broker.connect(t, available)
	config := write(t, "systant.toml", fmt.Sprintf("[general]\nhostname = \"testhost\"\n[mqtt]\nhost = \"127.0.0.1\"\nport = %d\n", broker.port))
	agent := start(t, "systant-agent", nil, "-config", config)
	expect(t, arrived, available, `{"enabled":false,"commands":[]}`)
	agent.alive(t)
	if strings.Contains(broker.said(), requests+" (QoS") {
		t.Error("the agent has subscribed to commands")
	}
}

// TestRetainedCommandNeverRuns leaves a retained request at the broker, from
// before the agent's start and while it is there.
func TestRetainedCommandNeverRuns(t *testing.T) {
	broker := startMosquitto(t, open)
	link, arrived := broker.connect(t, responses, available)
	file := filepath.Join(t.TempDir(), "ran")
	retain := func(id string) {
		t.Helper()
		m := mqtt.Message{Topic: requests, Payload: fmt.Appendf(nil, `{"command":"mark","request_id":%q}`, id), QoS: 1, Retain: true}
		if err := link.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	retain("before")
	config := exampleConfig(t, broker.port, fmt.Sprintf("[[commands.available]]\ntrigger = \"mark\"\ncommand = [\"touch\", %q]", file))
	for range 3 {
		agent := start(t, "systant-agent", nil, "-config", config)
		expect(t, arrived, available, "")
		_ = agent.command.Process.Kill() // as a crash would
		<-agent.ended
	}
	start(t, "systant-agent", nil, "-config", config)
	expect(t, arrived, available, "")
	retain("online")
	ask(t, link, `{"command":"list","request_id":"end"}`)
	answer(t, arrived, "end")
	if _, err := os.Stat(file); err == nil {
		t.Error("a retained command has run")
	}
}

// TestResponseTopic checks that an answer goes where the request wants it, with
// its correlation data, and nowhere outside the prefix.
func TestResponseTopic(t *testing.T) {
	broker := startMosquitto(t, open)
	link, arrived := broker.connect(t, "#")
	start(t, "systant-agent", nil, "-config", exampleConfig(t, broker.port, ""))
	expect(t, arrived, available, "")
	send := func(topic string) {
		t.Helper()
		m := mqtt.Message{Topic: requests, Payload: []byte(`{"command":"list","request_id":"1"}`), QoS: 1, ResponseTopic: topic, CorrelationData: []byte{1, 0, 255}}
		if err := link.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	send("systant/console/answers")
	if m := expect(t, arrived, "systant/console/answers", ""); string(m.CorrelationData) != "\x01\x00\xff" {
		t.Errorf("got correlation data %x", m.CorrelationData)
	}
	for _, topic := range []string{"homeassistant/switch/state", "systant/other/commands", "systant/testhost/status"} {
		send(topic)
		m := expect(t, arrived, responses, "")
		if !strings.Contains(string(m.Payload), `"status":"refused"`) || !strings.Contains(string(m.Payload), topic) {
			t.Errorf("%s: got %s, want a refusal that names it", topic, m.Payload)
		}
	}
}

// TestSignedCommand signs requests with the agent's own program and with
// ssh-keygen, and revokes the key.
func TestSignedCommand(t *testing.T) {
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		lacking(t, "ssh-keygen is not installed")
	}
	folder := t.TempDir()
	key := filepath.Join(folder, "key")
	if output, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	signers := filepath.Join(folder, "allowed_signers")
	allow := func(text string) {
		t.Helper()
		if err := os.WriteFile(signers, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	allow(fmt.Sprintf("alice namespaces=%q %s", schema.SignatureNamespace, public))
	broker := startMosquitto(t, open)
	link, arrived := broker.connect(t, responses, available)
	config := exampleConfig(t, broker.port, fmt.Sprintf("[commands]\nrequire_signature = true\nallowed_signers = %q", signers))
	start(t, "systant-agent", nil, "-config", config)
	expect(t, arrived, available, "")

	ask(t, link, `{"command":"info","request_id":"1"}`)
	if r := answer(t, arrived, "1"); r.Status != schema.StatusRefused {
		t.Errorf("unsigned: got %+v, want a refusal", r)
	}
	own := func(id string) string {
		t.Helper()
		signer := start(t, "systant-agent", nil, "sign", "-host", "testhost", "-key", key, "-id", id, "info")
		if signer.wait(t) != 0 {
			t.Fatal(signer.said())
		}
		return signer.stdout.String()
	}
	ask(t, link, own("2"))
	if r := answer(t, arrived, "2"); r.Status != schema.StatusOK {
		t.Errorf("signed by systant-agent: got %+v, want ok", r)
	}
	ask(t, link, keygenSigned(t, key, "3"))
	if r := answer(t, arrived, "3"); r.Status != schema.StatusOK {
		t.Errorf("signed by ssh-keygen: got %+v, want ok", r)
	}
	allow("# nobody\n")
	ask(t, link, own("4"))
	if m := expect(t, arrived, responses, ""); !strings.Contains(string(m.Payload), "the key is none of an allowed signer") {
		t.Errorf("revoked: got %s", m.Payload)
	}
}

// keygenSigned returns a request that ssh-keygen has signed.
func keygenSigned(t *testing.T, key, id string) string {
	t.Helper()
	now := time.Now().UTC()
	inner := fmt.Sprintf(`{"command":"df","request_id":%q,"host":"testhost","issued_at":%q,"expires_at":%q}`,
		id, now.Format(time.RFC3339Nano), now.Add(time.Minute).Format(time.RFC3339))
	path := write(t, "request", inner)
	if output, err := exec.Command("ssh-keygen", "-Y", "sign", "-n", schema.SignatureNamespace, "-f", key, path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	signature, err := os.ReadFile(path + ".sig")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(schema.Signed{Signed: inner, Sig: string(signature)})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
