package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// effects is how many commands with an effect run at the same time.
const effects = 3

// effectTest is what is known of a run of TestTortureLeftBehind.
type effectTest struct {
	*victim
	mark     string
	random   *rand.Rand
	requests map[string]string // by id
	orphans  int               // found after a restart
	found    int               // processes that a killed agent has left
}

// newEffectTest starts a host with commands that have an effect and leave a
// process behind.
func newEffectTest(t *testing.T, seed uint64) *effectTest {
	t.Helper()
	e := &effectTest{mark: newMark(), random: rand.New(rand.NewPCG(seed, 0)), requests: make(map[string]string)}
	script := filepath.Join(hostileScripts(t), "effect.sh")
	var commands strings.Builder
	for n := range effects {
		fmt.Fprintf(&commands, `
[[commands.available]]
trigger = "effect-%d"
command = [%q, "FOLDER/effects", "{id}", "{delay}"]
params = [{ name = "id", match = "[a-z0-9-]+" }, { name = "delay", match = "0[.][0-9]+" }]
env = ["%s=%s"]
timeout = "10s"
`, n, script, markName, e.mark)
	}
	sweep(t, e.mark)
	e.victim = newVictim(t, commands.String())
	return e
}

// TestTortureLeftBehind kills the agent while commands run that have an effect:
// each effect has a start record, none is there twice though all requests are
// sent again, and the next agent kills what the commands have left.
func TestTortureLeftBehind(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	e := newEffectTest(t, seed)
	rounds := scale(10, 200)
	for n := range rounds {
		e.round(t, n == 0)
	}
	for _, request := range e.requests { // more than the agent answers at once
		e.send(t, mqtt.Message{Payload: []byte(request)})
	}
	e.works(t)
	log := e.audit(t)
	all, torn := records(log)
	done := e.done(t)
	unrecorded, twice, cut := compare(t, all, done)
	if torn != 1 || !strings.HasSuffix(log, "\n") {
		t.Errorf("%d lines of the audit log are torn, want the one that the test has torn", torn)
	}
	if e.orphans > 0 || cut == 0 {
		t.Errorf("%d processes outlived a restart; %d commands were killed with the agent, want some", e.orphans, cut)
	}
	t.Logf("torture: left behind: seed %d, agent killed %d times amid %d requests: %d had an effect, %d without a start record, %d twice; "+
		"%d commands cut off; %d processes left by killed agents, %d after the restart; %d audit records, %d torn lines",
		seed, rounds, len(e.requests), len(done), unrecorded, twice, cut, e.found, e.orphans, len(all), torn)
}

// compare returns how many effects have no start record, how many requests have
// run twice, and how many were begun but not ended.
func compare(t *testing.T, all []auditLine, done map[string]int) (unrecorded, twice, cut int) {
	t.Helper()
	started, ended := make(map[string]int), make(map[string]bool)
	for _, r := range all {
		if r.Event == "start" {
			started[r.RequestID]++
		}
		ended[r.RequestID] = ended[r.RequestID] || r.Event == "end"
	}
	for id, n := range done {
		if started[id] == 0 {
			unrecorded++
			t.Errorf("%s has run without a start record", id)
		}
		if n > 1 || started[id] > 1 {
			twice++
			t.Errorf("%s has run %d times and has %d start records", id, n, started[id])
		}
	}
	for id := range started {
		if !ended[id] {
			cut++
		}
	}
	return unrecorded, twice, cut
}

// round kills the agent around some requests, and sends them again to the next
// one. It can leave a part of a line in the audit log meanwhile, as a crash of
// the host would.
func (e *effectTest) round(t *testing.T, tear bool) {
	t.Helper()
	var ids []string
	for n := range effects {
		id := newID("effect")
		ids = append(ids, id)
		e.requests[id] = fmt.Sprintf(`{"command":"effect-%d","params":[%q,"0.%03d"],"request_id":%q}`, n, id, e.random.IntN(40), id)
		e.send(t, mqtt.Message{Payload: []byte(e.requests[id])})
	}
	time.Sleep(time.Duration(e.random.IntN(120_000)) * time.Microsecond) // the kill comes at any moment
	contained, before := e.contained(), e.agent.pid()
	e.kill(t, syscall.SIGKILL)
	e.found += len(leftovers(e.mark, before))
	if tear {
		e.tear(t)
	}
	e.start(t)
	e.await(t)
	if contained { // else nobody can know what the killed agent has left
		left := leftovers(e.mark, before)
		e.orphans += len(left)
		for pid, arguments := range left {
			t.Errorf("process %d is left after the restart: %s", pid, arguments)
		}
		if groups := commandGroups(before); len(groups) > 0 {
			t.Errorf("cgroups of the killed agent are left: %v", groups)
		}
	}
	for _, id := range ids {
		e.again(t, id)
	}
}

// again sends a request again, and waits for its answer.
func (e *effectTest) again(t *testing.T, id string) {
	t.Helper()
	e.mu.Lock()
	delete(e.got, id)
	e.mu.Unlock()
	r := e.ask(t, id, e.requests[id])
	if r.Status == schema.StatusBusy || r.Status == schema.StatusRefused {
		t.Errorf("%s again: got %+v", id, r)
	}
}

// tear appends a part of a record to the audit log.
func (e *effectTest) tear(t *testing.T) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(e.folder, "audit.jsonl"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = file.WriteString(`{"time":"2026-01-31T12:0`); err == nil {
		err = file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// done returns how often each request has had its effect.
func (e *effectTest) done(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(e.folder, "effects"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(map[string]int)
	for line := range strings.Lines(string(text)) {
		done[strings.TrimSpace(line)]++
	}
	return done
}
