package e2e

import (
	"fmt"
	"math/rand/v2"
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

// The bounds of what hostile commands may cost.
const (
	hostileTimeout = time.Second     // of each
	answerWithin   = time.Second     // after the timeout
	listWithin     = time.Second     // whatever runs
	listEvery      = time.Second / 4 // below the pace of answers that run nothing
	memoryGrowth   = 8 << 20         // bytes
)

// hostileKind is a script in testdata/hostile, and how it is to end.
type hostileKind struct {
	name   string
	status schema.Status
}

// hostileKinds are the ways in which a command tries to stay, or to keep the
// agent from its work.
var hostileKinds = []hostileKind{
	{"double-fork", schema.StatusOK},
	{"session", schema.StatusTimeout},
	{"ignore-term", schema.StatusTimeout},
	{"hold-output", schema.StatusOK},
	{"flood-yes", schema.StatusTimeout},
	{"flood-random", schema.StatusTimeout},
	{"flood-behind", schema.StatusOK},
	{"fork-chain", schema.StatusOK},
	{"fork-loop", schema.StatusTimeout},
	{"fork-tree", schema.StatusTimeout},
	{"close-all", schema.StatusTimeout},
	{"stop-self", schema.StatusTimeout},
	{"process-group", schema.StatusTimeout},
	{"scrub", schema.StatusOK},
	{"write-file", schema.StatusTimeout},
}

// childrenTest is what is known of a run of hostile commands.
type childrenTest struct {
	*victim
	mark                string
	width               int // commands that run at the same time
	runs, orphans, late int
	slowest             time.Duration // answer
	lists, lateLists    int
	slowestList         time.Duration
	list                string    // the id of the one that is not yet answered
	listed              time.Time // when it was sent
}

// newChildrenTest starts a host with all kinds of hostile commands.
func newChildrenTest(t *testing.T, width int) *childrenTest {
	t.Helper()
	c := &childrenTest{mark: newMark(), width: width}
	scripts := hostileScripts(t)
	var commands strings.Builder
	for _, k := range hostileKinds {
		fmt.Fprintf(&commands, "[[commands.available]]\ntrigger = %q\ncommand = [%q, %q]\nenv = [%q]\ntimeout = %q\n",
			k.name, filepath.Join(scripts, k.name+".sh"), c.mark, markName+"="+c.mark, hostileTimeout)
	}
	sweep(t, c.mark)
	c.victim = newVictim(t, commands.String())
	return c
}

// TestTortureChildren runs commands that do not want to end, several at a time:
// nothing is left of them, and the agent is none the slower or fatter.
func TestTortureChildren(t *testing.T) {
	c := newChildrenTest(t, 5)
	if !c.contained() {
		c.width = 1
	}
	c.run(t, "children", scale(30, 1000))
}

// TestTortureChildrenUncontained does the same where there are no cgroups.
func TestTortureChildrenUncontained(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can hide the cgroups; without root there mostly are none anyhow")
	}
	c := newChildrenTest(t, 1)
	c.kill(t, syscall.SIGTERM)
	folder, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	arguments := []string{"-m", "sh", "-c", `agent=$1 config=$2; shift 2; umount -l "$@" && exec "$agent" -config "$config"`, "sh",
		filepath.Join(folder, "systant-agent"), c.config}
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		lacking(t, "unshare is not installed")
	}
	c.agent = launch(t, unshare, nil, append(arguments, cgroupMounts(t)...)...)
	c.await(t)
	if c.contained() || !strings.Contains(c.agent.said(), "commands have no cgroup") {
		t.Fatalf("the agent has cgroups: %s", c.agent.said())
	}
	c.run(t, "children without cgroups", scale(8, 200))
}

// cgroupMounts returns where cgroups of version 2 are mounted.
func cgroupMounts(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	var points []string
	for line := range strings.Lines(string(text)) {
		if head, kind, _ := strings.Cut(line, " - "); strings.HasPrefix(kind, "cgroup2 ") {
			points = append(points, strings.Fields(head)[4])
		}
	}
	return points
}

// run runs hostile commands in random order, and looks at the agent before and
// after.
func (c *childrenTest) run(t *testing.T, name string, runs int) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	c.works(t)
	pid := c.agent.pid()
	open, resident, peak := descriptors(t, pid), c.memory(t, "VmRSS"), c.memory(t, "VmHWM")
	for c.runs < runs {
		order := random.Perm(len(hostileKinds))
		for len(order) > 0 && c.runs < runs {
			n := min(c.width, len(order), runs-c.runs)
			c.batch(t, order[:n])
			order = order[n:]
		}
	}
	grown, higher := c.memory(t, "VmRSS")-resident, c.memory(t, "VmHWM")-peak
	if grown > memoryGrowth || higher > memoryGrowth {
		t.Errorf("the agent's memory has grown by %d bytes, its peak by %d", grown, higher)
	}
	eventually(t, "the agent has closed what it opened", func() bool { return descriptors(t, pid) <= open })
	eventually(t, "the agent has no children", func() bool { return len(children(pid)) == 0 })
	groups := commandGroups(pid)
	if len(groups) > 0 {
		t.Errorf("cgroups are left: %v", groups)
	}
	c.works(t)
	if c.orphans > 0 || c.late > 0 || c.lateLists > 0 {
		t.Errorf("%d orphans, %d late answers, %d late lists", c.orphans, c.late, c.lateLists)
	}
	t.Logf("torture: %s: seed %d, %d runs of %d kinds, %d at a time: %d orphans, %d cgroups left, slowest answer %v after its request (%d beyond %v), "+
		"%d lists, slowest %v; memory %+.1f MiB, peak %+.1f MiB; descriptors %d, then %d", name, seed, c.runs, len(hostileKinds), c.width,
		c.orphans, len(groups), c.slowest.Round(time.Millisecond), c.late, hostileTimeout+answerWithin,
		c.lists, c.slowestList.Round(time.Millisecond), float64(grown)/(1<<20), float64(higher)/(1<<20), open, descriptors(t, pid))
}

// batch runs some kinds at the same time, and asks for the list meanwhile.
func (c *childrenTest) batch(t *testing.T, kinds []int) {
	t.Helper()
	pending := make(map[string]hostileKind)
	sent := make(map[string]time.Time)
	for _, n := range kinds {
		k := hostileKinds[n]
		id := newID(k.name)
		pending[id], sent[id] = k, time.Now()
		c.send(t, mqtt.Message{Payload: fmt.Appendf(nil, `{"command":%q,"request_id":%q}`, k.name, id)})
	}
	last := time.Now()
	for len(pending) > 0 || c.list != "" {
		for id, k := range pending {
			if r, ok := c.heard(id); ok {
				c.judge(t, k, r, time.Since(sent[id]))
				delete(pending, id)
			}
		}
		c.probe(t, len(pending) > 0)
		if time.Since(last) > patience {
			t.Fatalf("no answer to %v after %v", pending, patience)
		}
		time.Sleep(2 * time.Millisecond) // there is no other sign to wait for
	}
	c.runs += len(kinds)
	c.look(t, last.Add(hostileTimeout+answerWithin))
}

// judge looks at the answer to a hostile command.
func (c *childrenTest) judge(t *testing.T, k hostileKind, r schema.Response, took time.Duration) {
	t.Helper()
	if r.Status != k.status {
		t.Errorf("%s: got %s %s, want %s", k.name, r.Status, r.Error, k.status)
	}
	c.slowest = max(c.slowest, took)
	if took > hostileTimeout+answerWithin {
		c.late++
		t.Errorf("%s: answered after %v: %s %s", k.name, took, r.Status, r.Error)
	}
}

// probe sees how soon the agent answers to list; it asks once more if it may.
func (c *childrenTest) probe(t *testing.T, again bool) {
	t.Helper()
	if c.list != "" {
		took := time.Since(c.listed)
		if _, ok := c.heard(c.list); !ok {
			if took > patience {
				t.Fatalf("no list after %v", took)
			}
			return
		}
		c.list = ""
		c.lists++
		c.slowestList = max(c.slowestList, took)
		if took > listWithin {
			c.lateLists++
		}
	}
	if again && time.Since(c.listed) > listEvery {
		c.list, c.listed = newID("list"), time.Now()
		c.send(t, mqtt.Message{Payload: fmt.Appendf(nil, `{"command":"list","request_id":%q}`, c.list)})
	}
}

// look counts what is left of the commands when their time is over.
func (c *childrenTest) look(t *testing.T, over time.Time) {
	t.Helper()
	left := leftovers(c.mark, c.agent.pid())
	for len(left) > 0 && time.Now().Before(over) {
		time.Sleep(20 * time.Millisecond) // what was killed needs not be gone before
		left = leftovers(c.mark, c.agent.pid())
	}
	for pid, arguments := range left {
		c.orphans++
		t.Errorf("process %d is left: %s", pid, arguments)
		_ = syscall.Kill(pid, syscall.SIGKILL) // it is seen once
	}
}
