package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// scale returns how often a test attacks: a few times, or as often as
// `just torture` asks for.
func scale(reduced, full int) int {
	if os.Getenv("SYSTANT_TORTURE") == "full" {
		return full
	}
	return reduced
}

// victim is a host under attack: a broker, and an agent with commands. Its
// methods fail the test where the host does not do as it must.
type victim struct {
	broker *mosquitto
	agent  *program
	folder string // the audit log, and what commands write
	config string
	link   *mqtt.Link
	// unwatch ends the collecting of answers by link.
	unwatch context.CancelFunc
	mu      sync.Mutex // guards the field below
	got     map[string]schema.Response
	wake    chan struct{} // holds a token after each answer
}

// newVictim starts a host with commands, given as TOML in which FOLDER stands
// for the victim's. There is always one more, "mark", which appends its
// parameter as a line to the file marks.
func newVictim(t *testing.T, commands string) *victim {
	t.Helper()
	v := &victim{broker: startMosquitto(t, open+"max_queued_messages 0\n"), folder: t.TempDir(), got: make(map[string]schema.Response), wake: make(chan struct{}, 1)}
	v.allow(t, v.key(t, "alice"))
	v.script(t, "mark.sh", `echo "$1" >> `+v.folder+"/marks\n")
	v.config = write(t, "systant.toml", strings.ReplaceAll(fmt.Sprintf(`
[general]
hostname = "testhost"
startup_delay = "1h"
[mqtt]
host = "127.0.0.1"
port = %d
[homeassistant]
discovery_enabled = false
[commands]
audit_file = "FOLDER/audit.jsonl"
allowed_signers = "FOLDER/allowed_signers"
rate = 6000
concurrency = 16
[[commands.available]]
trigger = "mark"
command = ["FOLDER/mark.sh"]
params = [{ name = "text", match = "[A-Za-z0-9.:-]*" }]
%s`, v.broker.port, commands), "FOLDER", v.folder))
	v.watch(t)
	v.start(t)
	v.await(t)
	return v
}

// start starts the agent.
func (v *victim) start(t *testing.T, environment ...string) {
	t.Helper()
	v.agent = start(t, "systant-agent", environment, "-config", v.config)
}

// key makes a signer's key, and returns the line that allows it.
func (v *victim) key(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(v.folder, name)
	if output, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path).CombinedOutput(); err != nil {
		lacking(t, fmt.Sprintf("ssh-keygen: %v: %s", err, output))
	}
	public, err := os.ReadFile(path + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return name + " " + string(public)
}

// allow makes lines the allowed signers.
func (v *victim) allow(t *testing.T, lines string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(v.folder, "allowed_signers"), []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
}

// signed returns a request to mark its own id, signed by a key.
func (v *victim) signed(t *testing.T, name, id string) []byte {
	t.Helper()
	signer := start(t, "systant-agent", nil, "sign", "-host", "testhost", "-key", filepath.Join(v.folder, name), "-id", id, "mark", id)
	if signer.wait(t) != 0 {
		t.Fatal(signer.said())
	}
	return signer.stdout.Bytes()
}

// script writes a program for the victim's commands.
func (v *victim) script(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(v.folder, name), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// watch connects to the broker and collects answers, instead of a connection
// before.
func (v *victim) watch(t *testing.T) {
	t.Helper()
	if v.link != nil {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = v.link.Close(ctx) // its broker is gone
		v.unwatch()
	}
	ctx, unwatch := context.WithCancel(t.Context())
	link, arrived := v.broker.connect(t, responses)
	v.link, v.unwatch = link, unwatch
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case m := <-arrived:
				v.take(m)
			}
		}
	}()
}

// take notes an answer.
func (v *victim) take(m mqtt.Message) {
	var r schema.Response
	if json.Unmarshal(m.Payload, &r) != nil || r.Status == schema.StatusRunning {
		return
	}
	v.mu.Lock()
	v.got[r.RequestID] = r
	v.mu.Unlock()
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// send publishes a request, whatever the broker does meanwhile.
func (v *victim) send(t *testing.T, m mqtt.Message) {
	t.Helper()
	m.Topic, m.QoS = requests, 1
	for end := time.Now().Add(patience); ; {
		err := v.link.Publish(t.Context(), m)
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond) // the broker is about to be back
	}
}

// ask publishes a request and returns its answer.
func (v *victim) ask(t *testing.T, id, request string) schema.Response {
	t.Helper()
	v.send(t, mqtt.Message{Payload: []byte(request)})
	return v.answer(t, id)
}

// answer waits for the answer to a request.
func (v *victim) answer(t *testing.T, id string) schema.Response {
	t.Helper()
	timeout := time.After(patience)
	for {
		v.mu.Lock()
		r, ok := v.got[id]
		v.mu.Unlock()
		if ok {
			return r
		}
		select {
		case <-v.wake:
		case <-time.After(50 * time.Millisecond): // another waiter may have had the token
		case <-timeout:
			t.Fatalf("no answer to %s after %v", id, patience)
		}
	}
}

// counter makes ids of this process.
var counter struct {
	sync.Mutex
	n int
}

// newID returns an id that was not used before.
func newID(kind string) string {
	counter.Lock()
	defer counter.Unlock()
	counter.n++
	return fmt.Sprintf("%s-%d", kind, counter.n)
}

// await waits until the agent answers.
func (v *victim) await(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		id := newID("list")
		v.send(t, mqtt.Message{Payload: fmt.Appendf(nil, `{"command":"list","request_id":%q}`, id)})
		for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
			v.mu.Lock()
			_, ok := v.got[id]
			v.mu.Unlock()
			if ok {
				return time.Since(began)
			}
		}
		v.agent.alive(t)
		if time.Since(began) > patience {
			t.Fatalf("the agent does not answer for %v", patience)
		}
	}
}

// works fails the test unless a good command runs, once.
func (v *victim) works(t *testing.T) {
	t.Helper()
	v.await(t)
	id := newID("control")
	if r := v.ask(t, id, string(mark(id))); r.Status != schema.StatusOK {
		t.Fatalf("a good command: got %+v", r)
	}
	if n := v.marks(t)[id]; n != 1 {
		t.Fatalf("a good command ran %d times", n)
	}
}

// restart ends the agent by a signal and starts it again.
func (v *victim) restart(t *testing.T, s syscall.Signal) {
	t.Helper()
	v.kill(t, s)
	v.start(t)
}

// kill ends the agent by a signal.
func (v *victim) kill(t *testing.T, s syscall.Signal) {
	t.Helper()
	v.agent.signal(t, s)
	v.agent.wait(t)
}

// cut ends and starts the broker, without a word to anybody. The test connects
// anew, rather than after the pauses that a link makes.
func (v *victim) cut(t *testing.T) {
	t.Helper()
	v.broker.signal(t, syscall.SIGKILL)
	<-v.broker.ended
	v.broker.restart(t)
	v.watch(t)
}

// marks returns how often mark has run, by its parameter.
func (v *victim) marks(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(v.folder, "marks"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	ran := make(map[string]int)
	for line := range strings.Lines(string(text)) {
		ran[strings.TrimSpace(line)]++
	}
	return ran
}

// memory returns a line of the agent's /proc/<pid>/status in bytes, such as
// VmRSS.
func (v *victim) memory(t *testing.T, name string) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.agent.pid()))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), name+":")
	n, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}

// mark returns a request to mark its own id.
func mark(id string) []byte {
	return fmt.Appendf(nil, `{"command":"mark","params":[%q],"request_id":%q}`, id, id)
}

// audit returns the audit log.
func (v *victim) audit(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(v.folder, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
