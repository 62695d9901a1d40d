package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"systant/pkg/schema"
)

// lane is one host of TestTortureLanes, and what is known of its requests.
type lane struct {
	*victim
	proxy  *proxy
	wire   *wire
	random *rand.Rand
	kinds  map[string]string // of each request that may run once, by id
	never  map[string]string // of each that must not
	replay [][]byte          // payloads that came before
	faults map[string]int
	lost   int // faults since the agent has answered last
	sent   int
}

// sending is a request that is about to be published.
type sending struct {
	packets.Publish
	after  time.Duration
	copies int
}

// tally sums up what lanes have seen.
type tally struct {
	mu                                       sync.Mutex // guards the fields below
	faults                                   map[string]int
	sent, may, ran, never, twice, stale, all int
}

// TestTortureLanes lets several hosts at once lose their agent, their broker
// and the link between them at any moment, while requests come that are
// repeated, replayed, retained, expired or wait for an agent that is away.
func TestTortureLanes(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	sum := &tally{faults: make(map[string]int)}
	began := time.Now()
	lanes := scale(2, 4)
	rounds := scale(16, 1000) / lanes
	t.Run("lanes", func(t *testing.T) {
		for n := range lanes {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				l := newLane(t, rand.New(rand.NewPCG(seed, uint64(n))))
				// More where faults left few requests to run: the machine may be busy.
				for n := 0; n < rounds || n < 4*rounds && len(l.marks(t)) < rounds; n++ {
					l.round(t)
				}
				l.finish(t, sum)
			})
		}
	})
	if sum.ran < lanes*rounds {
		t.Errorf("only %d requests ran in %d rounds: the test shows little", sum.ran, sum.all)
	}
	t.Logf("torture: lanes: seed %d, %d rounds in %v, faults %v, %d messages; %d ids that may run: %d ran, %d twice; %d that may not: %d ran",
		seed, sum.all, time.Since(began).Round(time.Second), sum.faults, sum.sent, sum.may, sum.ran, sum.twice, sum.never, sum.stale)
}

// triggers is how many commands a lane has that do what "mark" does: each runs
// once at a time.
const triggers = 8

// mark returns a request to mark its own id, by any of the commands.
func (l *lane) mark(id string) []byte {
	return fmt.Appendf(nil, `{"command":"mark%d","params":[%q],"request_id":%q}`, l.random.IntN(triggers), id, id)
}

// newLane starts a host whose agent reaches its broker by a proxy.
func newLane(t *testing.T, random *rand.Rand) *lane {
	t.Helper()
	var commands strings.Builder
	for n := range triggers {
		fmt.Fprintf(&commands, "[[commands.available]]\ntrigger = \"mark%d\"\ncommand = [\"FOLDER/mark.sh\"]\nparams = [{ name = \"text\", match = \"[a-z0-9-]+\" }]\n", n)
	}
	l := &lane{
		victim: newVictim(t, commands.String()), random: random,
		kinds: make(map[string]string), never: make(map[string]string), faults: make(map[string]int),
	}
	l.proxy = startProxy(t, l.broker.address())
	l.through(t, l.proxy.port)
	l.wire = &wire{address: l.broker.address(), hear: l.take}
	t.Cleanup(l.wire.leave)
	l.settle(t, patience)
	return l
}

// round publishes a few requests, and breaks something meanwhile.
func (l *lane) round(t *testing.T) {
	t.Helper()
	plan := l.plan(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, s := range plan {
			time.Sleep(s.after) // a fault may come at any moment
			_ = l.wire.publish(s.Publish, s.copies)
		}
	}()
	time.Sleep(time.Duration(l.random.IntN(100)) * time.Millisecond)
	fault := l.choose()
	l.faults[fault]++
	l.breakIt(t, fault, done)
	<-done
	for _, s := range plan {
		l.sent += s.copies
		if !s.Retain { // without the flag it is a good request
			l.replay = append(l.replay, s.Payload)
		}
	}
}

// choose returns the next fault. After two of the link it is one of the agent,
// which waits ever longer before it tries the same broker again.
func (l *lane) choose() string {
	link := []string{"link cut", "link stalled", "link stalled and cut", "broker killed"}
	agent := []string{"agent killed", "agent ended"}
	if l.lost >= 2 || l.random.IntN(2) == 0 {
		return agent[l.random.IntN(len(agent))]
	}
	return link[l.random.IntN(len(link))]
}

// breakIt makes a fault and mends it. What is sent to an agent that is away must
// not run when it is back.
func (l *lane) breakIt(t *testing.T, fault string, done <-chan struct{}) {
	t.Helper()
	switch fault {
	case "agent killed", "agent ended":
		signal := map[string]syscall.Signal{"agent killed": syscall.SIGKILL, "agent ended": syscall.SIGTERM}[fault]
		l.kill(t, signal)
		<-done
		l.away(t)
		l.start(t)
		l.settle(t, patience)
		return
	case "broker killed":
		l.cut(t)
	case "link cut":
		l.proxy.cut(true)
		<-done
		l.away(t)
		l.proxy.reopen()
	default:
		l.proxy.stall(time.Duration(l.random.IntN(300)) * time.Millisecond)
		time.Sleep(time.Duration(l.random.IntN(300)) * time.Millisecond)
		if fault == "link stalled and cut" {
			l.proxy.cut(false)
		}
	}
	<-done
	l.settle(t, time.Duration(l.random.IntN(1000))*time.Millisecond)
}

// settle waits until the agent answers, and fails the test if that must be and
// is not.
func (l *lane) settle(t *testing.T, within time.Duration) {
	t.Helper()
	l.lost++
	for end := time.Now().Add(within); time.Now().Before(end); {
		id := newID("list")
		_ = l.wire.publish(packets.Publish{Payload: fmt.Appendf(nil, `{"command":"list","request_id":%q}`, id)}, 1)
		for wait := time.Now().Add(100 * time.Millisecond); time.Now().Before(wait); time.Sleep(time.Millisecond) {
			l.mu.Lock()
			_, ok := l.got[id]
			l.mu.Unlock()
			if ok {
				l.lost = 0
				return
			}
		}
	}
	l.agent.alive(t)
	if within == patience {
		t.Fatalf("the agent does not answer for %v", patience)
	}
}

// away publishes requests that must not run, as nobody listens.
func (l *lane) away(t *testing.T) {
	t.Helper()
	for _, expiry := range []*uint32{nil, new(uint32(1))} {
		id := newID("away")
		l.never[id] = "sent while the agent was away"
		content := packets.Publish{Payload: l.mark(id), Properties: &packets.Properties{MessageExpiry: expiry}}
		if err := l.wire.publish(content, 1); err != nil {
			t.Fatal(err)
		}
		l.sent++
	}
}

// may returns the id of a request that may run once.
func (l *lane) may(kind string) string {
	id := newID(kind)
	l.kinds[id] = kind
	return id
}

// must returns the id of a request that must not run.
func (l *lane) must(kind string) string {
	id := newID(kind)
	l.never[id] = kind
	return id
}

// plan returns the requests of a round, in any order.
func (l *lane) plan(t *testing.T) []sending {
	t.Helper()
	plan := []sending{
		{Publish: packets.Publish{Payload: l.mark(l.may("normal"))}, copies: 1},
		{Publish: packets.Publish{Payload: l.mark(l.may("normal"))}, copies: 1},
		{Publish: packets.Publish{Payload: l.mark(l.may("again"))}, copies: 2},
		{Publish: packets.Publish{Payload: l.mark(l.may("brief")), Properties: &packets.Properties{MessageExpiry: new(uint32(1))}}, copies: 1},
		{Publish: packets.Publish{Payload: l.expired(t)}, copies: 1},
	}
	if l.random.IntN(4) == 0 {
		plan = append(plan, sending{Publish: packets.Publish{Payload: l.signed(t, "alice", l.may("signed"))}, copies: 2})
	}
	for range min(4, len(l.replay)) { // mostly of the last rounds
		n := len(l.replay) - 1 - l.random.IntN(min(len(l.replay), 20))
		if l.random.IntN(4) == 0 {
			n = l.random.IntN(len(l.replay))
		}
		plan = append(plan, sending{Publish: packets.Publish{Payload: l.replay[n]}, copies: 1})
	}
	l.random.Shuffle(len(plan), func(i, j int) { plan[i], plan[j] = plan[j], plan[i] })
	for i := range plan {
		plan[i].after = time.Duration(l.random.IntN(12)) * time.Millisecond
	}
	return l.retained(plan)
}

// expired returns a request whose time is over, or too far ahead.
func (l *lane) expired(t *testing.T) []byte {
	t.Helper()
	id := l.must("expired")
	at := time.Now().Add(-time.Duration(l.random.IntN(3600_000)) * time.Millisecond)
	if l.random.IntN(2) == 0 {
		at = time.Now().Add(time.Hour)
	}
	payload, err := json.Marshal(schema.Request{Command: "mark", Params: []string{id}, RequestID: id, ExpiresAt: &at})
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// retained adds a retained request to a plan, and takes it away again half of
// the time.
func (l *lane) retained(plan []sending) []sending {
	s := sending{Publish: packets.Publish{Payload: l.mark(l.must("retained")), Retain: true}, copies: 1 + l.random.IntN(2)}
	at := l.random.IntN(len(plan))
	plan = slices.Insert(plan, at, s)
	if l.random.IntN(2) == 0 {
		plan = append(plan, sending{Publish: packets.Publish{Retain: true}, copies: 1})
	}
	return plan
}

// finish looks what has run.
func (l *lane) finish(t *testing.T, sum *tally) {
	t.Helper()
	l.kill(t, syscall.SIGTERM)
	l.start(t)
	l.watch(t) // the link before may wait for long
	l.works(t)
	sum.mu.Lock()
	defer sum.mu.Unlock()
	for id, n := range l.marks(t) {
		kind, may := l.kinds[id]
		switch {
		case may && n == 1:
			sum.ran++
		case may:
			sum.ran++
			sum.twice++
			t.Errorf("%s ran %d times", id, n)
		case strings.HasPrefix(id, "control"):
		default:
			sum.stale++
			t.Errorf("%s ran %d times: %s %s", id, n, kind, l.never[id])
		}
	}
	for fault, n := range l.faults {
		sum.faults[fault] += n
		sum.all += n
	}
	sum.sent, sum.may, sum.never = sum.sent+l.sent, sum.may+len(l.kinds), sum.never+len(l.never)
}
