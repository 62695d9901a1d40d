package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// TestTortureKilled kills the agent at any moment around a command: whatever
// has run has a start record, and none runs again.
func TestTortureKilled(t *testing.T) {
	v := newVictim(t, "")
	rounds := scale(8, 200)
	var ids []string
	for range rounds {
		id := newID("killed")
		ids = append(ids, id)
		v.send(t, mqtt.Message{Payload: mark(id)})
		time.Sleep(time.Duration(rand.IntN(8000)) * time.Microsecond)
		v.kill(t, syscall.SIGKILL)
		v.start(t)
		v.await(t)
		v.send(t, mqtt.Message{Payload: mark(id)})
		v.await(t)
	}
	v.works(t)
	started, torn := make(map[string]bool), 0
	for line := range strings.Lines(v.audit(t)) {
		var record struct {
			Event     string `json:"event"`
			RequestID string `json:"request_id"`
		}
		if json.Unmarshal([]byte(line), &record) != nil {
			torn++
		}
		if record.Event == "start" {
			started[record.RequestID] = true
		}
	}
	marks, ran, unrecorded := v.marks(t), 0, 0
	for _, id := range ids {
		ran += marks[id]
		if marks[id] > 0 && !started[id] {
			unrecorded++
		}
		if marks[id] > 1 {
			t.Errorf("%s ran %d times", id, marks[id])
		}
	}
	if unrecorded > 0 || torn > rounds || ran == 0 {
		t.Errorf("%d ran without a start record, %d lines of the audit log are torn, %d ran", unrecorded, torn, ran)
	}
	t.Logf("torture: killed: %d times, %d commands ran, %d without a start record, %d twice, %d torn lines", rounds, ran, unrecorded, max(0, ran-len(ids)), torn)
}

// mutate changes one or a few bytes of a text.
func mutate(random *rand.Rand, text string) string {
	b := []byte(text)
	at := random.IntN(len(b))
	switch random.IntN(4) {
	case 0:
		return string(append(b[:at:at], b[at+1:]...))
	case 1:
		return string(append(append(b[:at:at], byte(32+random.IntN(95))), b[at:]...))
	case 2:
		other := random.IntN(len(b))
		if b[at] != b[other] {
			b[at], b[other] = b[other], b[at]
			return string(b)
		}
	}
	b[at] ^= 1 << random.IntN(8)
	return string(b)
}

// TestTortureSignatures sends changed copies of signed requests: none runs. All
// that are as they were signed do, once.
func TestTortureSignatures(t *testing.T) {
	v := newVictim(t, "")
	v.key(t, "mallory") // is not allowed
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	mutations, perKey, valid := scale(300, 10_000), 250, scale(20, 1000)
	var ids []string
	for n := 0; n < mutations; n += perKey {
		id := newID("mutated")
		ids = append(ids, id)
		var e schema.Signed
		if err := json.Unmarshal(v.signed(t, "alice", id), &e); err != nil {
			t.Fatal(err)
		}
		for range perKey {
			changed := e
			if random.IntN(2) == 0 {
				changed.Signed = mutate(random, e.Signed)
			} else {
				changed.Sig = mutate(random, e.Sig)
			}
			payload, err := json.Marshal(changed)
			if err != nil {
				t.Fatal(err)
			}
			v.send(t, mqtt.Message{Payload: payload})
		}
		v.send(t, mqtt.Message{Payload: v.signed(t, "mallory", id)})
	}
	v.await(t)
	if marks := v.marks(t); len(marks) > 0 {
		t.Errorf("these have run: %v", marks)
	}
	for range valid {
		id := newID("valid")
		if r := v.ask(t, id, string(v.signed(t, "alice", id))); r.Status != schema.StatusOK {
			t.Errorf("valid: got %+v", r)
		}
	}
	marks := v.marks(t)
	if len(marks) != valid {
		t.Errorf("%d of %d valid ones have run", len(marks), valid)
	}
	for _, id := range ids {
		if marks[id] > 0 {
			t.Errorf("%s has run", id)
		}
	}
	t.Logf("torture: signatures: seed %d, %d changed, 0 ran; %d valid, %d ran", seed, len(ids)*(perKey+1), valid, len(marks))
}

// TestTortureFlood sends requests faster than anybody can want them.
func TestTortureFlood(t *testing.T) {
	v := newVictim(t, "")
	text, err := os.ReadFile(v.config)
	if err != nil {
		t.Fatal(err)
	}
	v.kill(t, syscall.SIGTERM)
	v.config = write(t, "systant.toml", strings.Replace(string(text), "rate = 6000", "rate = 30", 1))
	v.start(t)
	v.await(t)
	before, processor, began := v.memory(t, "VmRSS"), v.processor(t), time.Now()
	flood := scale(2000, 10_000)
	lines := make([]string, flood)
	for i := range lines {
		lines[i] = string(mark(newID("flood")))
	}
	publish := exec.Command("mosquitto_pub", "-h", "127.0.0.1", "-p", strconv.Itoa(v.broker.port), "-t", requests, "-q", "1", "-l")
	publish.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if output, err := publish.CombinedOutput(); err != nil {
		lacking(t, fmt.Sprintf("mosquitto_pub: %v: %s", err, output))
	}
	sent := time.Since(began)
	time.Sleep(time.Second) // what was accepted runs
	grown, spent := v.memory(t, "VmHWM")-before, v.processor(t)-processor
	if ran := len(v.marks(t)); ran > 31 || ran == 0 {
		t.Errorf("%d have run, want at most the rate of 30 and one for a passing second or two", ran)
	}
	if grown > 16<<20 || spent > time.Since(began) {
		t.Errorf("the agent has grown by %d bytes and used %v of the processor", grown, spent)
	}
	// By now there is room for at least some answers.
	list := v.await(t)
	v.kill(t, syscall.SIGTERM)
	if log := v.audit(t); len(log) > 2<<20 || !strings.Contains(log, `"event":"suppressed"`) {
		t.Errorf("the audit log has %d bytes; want few, and how many requests were suppressed", len(log))
	}
	t.Logf("torture: flood: %d requests in %v, %d ran; the agent used %v of the processor and grew by %d KiB; list afterwards in %v",
		flood, sent.Round(time.Millisecond), len(v.marks(t)), spent, grown>>10, list.Round(time.Millisecond))
}

// processor returns how much processor time the agent has used.
func (v *victim) processor(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", v.agent.pid()))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), ") ")
	ticks := 0
	for _, field := range strings.Fields(after)[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// TestTortureDiskFull fills the disk that the audit log is on: nothing runs that
// would not be recorded.
func TestTortureDiskFull(t *testing.T) {
	v := newVictim(t, "")
	v.kill(t, syscall.SIGTERM)
	small := filepath.Join(v.folder, "small")
	if err := os.Mkdir(small, 0o755); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "none", small).CombinedOutput(); err != nil {
		lacking(t, fmt.Sprintf("mounting a small disk: %v: %s", err, output))
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	text, err := os.ReadFile(v.config)
	if err != nil {
		t.Fatal(err)
	}
	v.config = write(t, "systant.toml", strings.Replace(string(text), v.folder+"/audit.jsonl", small+"/audit.jsonl", 1))
	v.start(t)
	v.await(t)
	ballast := filepath.Join(small, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 128<<10), 0o600); err == nil {
		t.Fatal("the disk is not full")
	}
	var r schema.Response
	for range 50 { // until the page of the log is full too
		id := newID("full")
		if r = v.ask(t, id, string(mark(id))); r.Status != schema.StatusOK {
			if v.marks(t)[id] > 0 {
				t.Error("a command has run without a record")
			}
			break
		}
	}
	if r.Status != schema.StatusRefused || !strings.Contains(r.Error, "no space left") {
		t.Errorf("with a full disk: got %+v, want a refusal", r)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	v.works(t)
}

// TestSecretsStayHidden looks for secrets in all that an agent says, and at
// what it hands on to commands.
func TestSecretsStayHidden(t *testing.T) {
	v := newVictim(t, `
[[commands.available]]
trigger = "env"
command = ["env"]
env = ["LANG=de", "GIVEN"]
[[commands.available]]
trigger = "files"
command = ["ls", "-l", "/proc/self/fd"]
[[commands.available]]
trigger = "login"
command = ["FOLDER/fails.sh"]
params = [{ name = "pin", match = "[a-z]+", secret = true }]
`)
	v.script(t, "fails.sh", "exit 3\n")
	_, all := v.broker.connect(t, "#")
	v.kill(t, syscall.SIGTERM)
	folder, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	v.agent = launch(t, "/bin/sh", []string{"MQTT_USERNAME=u", "MQTT_PASSWORD=canaryone", "SECRET=canarytwo", "LD_LIBRARY_PATH=/nowhere", "GIVEN=yes"},
		"-c", `exec 7</etc/passwd; exec "$@"`, "sh", filepath.Join(folder, "systant-agent"), "-config", v.config)
	v.await(t)
	for _, command := range []string{`"login","params":["canarythree"]`, `"login","params":["canarythree;"]`, `"login","params":["x","canarythree"]`} {
		id := newID("secret")
		v.ask(t, id, fmt.Sprintf(`{"command":%s,"request_id":%q}`, command, id))
	}
	if r := v.ask(t, "env", `{"command":"env","request_id":"env"}`); strings.Contains(r.Output, "LD_") || !strings.Contains(r.Output, "GIVEN=yes\n") ||
		!strings.Contains(r.Output, "LANG=de\n") || strings.Count(r.Output, "\n") != 4 {
		t.Errorf("the environment of a command: %q", r.Output)
	}
	if r := v.ask(t, "files", `{"command":"files","request_id":"files"}`); strings.Contains(r.Output, "passwd") || strings.Contains(r.Output, " 7 ->") || strings.Contains(r.Output, " 4 ->") {
		t.Errorf("the open files of a command: %q", r.Output)
	}
	v.kill(t, syscall.SIGTERM)
	said := v.agent.said() + v.audit(t)
	for len(all) > 0 {
		if m := <-all; m.Topic != requests {
			said += string(m.Payload)
		}
	}
	if n := strings.Index(said, "canary"); n >= 0 {
		t.Errorf("a secret got out: …%s…", said[max(0, n-200):min(len(said), n+50)])
	}
}
