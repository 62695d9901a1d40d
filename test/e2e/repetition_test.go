package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// twice publishes one packet two times, the second with the DUP flag, as a
// client does that has not heard from the broker (MQTT 5.0, section 4.4).
func (v *victim) twice(t *testing.T, payload []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", v.broker.address())
	if err != nil {
		return // the broker is away: then nothing is sent
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	// CONNECT with protocol version 5, a clean start and no client id.
	packets := append([]byte{0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 60, 0, 0, 0}, publishPacket(0x32, payload)...)
	packets = append(packets, publishPacket(0x3a, payload)...)
	packets = append(packets, 0xe0, 0) // DISCONNECT
	if _, err := conn.Write(packets); err == nil {
		_, _ = io.Copy(io.Discard, conn) // until the broker has taken all of it
	}
}

// publishPacket returns a PUBLISH at QoS 1 with the packet identifier 1.
func publishPacket(first byte, payload []byte) []byte {
	body := append([]byte{0, byte(len(requests))}, requests...)
	body = append(append(body, 0, 1, 0), payload...)
	return append([]byte{first, byte(len(body)&0x7f | 0x80), byte(len(body) >> 7)}, body...)
}

// onceTest is what is known of a run of TestTortureOnce.
type onceTest struct {
	*victim
	random *rand.Rand
	may    []string // ids that may have run, at most once
	never  []string // ids that must not have run
	replay [][]byte // what is sent again and again
	faults map[string]int
	sent   int
}

// TestTortureOnce restarts and cuts while requests come that are repeated,
// replayed, retained, stale or expired: no id runs twice, and none of the
// others at all.
func TestTortureOnce(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	o := &onceTest{victim: newVictim(t, ""), random: rand.New(rand.NewPCG(seed, 0)), faults: make(map[string]int)}
	rounds := scale(12, 1000)
	for range rounds {
		o.round(t)
	}
	o.works(t)
	marks := o.marks(t)
	ran, twice, stale := 0, 0, 0
	for _, id := range o.may {
		switch n := marks[id]; {
		case n == 1:
			ran++
		case n > 1:
			twice++
			t.Errorf("%s ran %d times", id, n)
		}
	}
	for _, id := range o.never {
		if marks[id] > 0 {
			stale++
			t.Errorf("%s ran", id)
		}
	}
	if ran < rounds {
		t.Errorf("only %d requests ran in %d rounds: the test shows little", ran, rounds)
	}
	t.Logf("torture: once: seed %d, %d rounds, faults %v, %d messages, %d ids that may run: %d ran, %d twice; %d that may not: %d ran",
		seed, rounds, o.faults, o.sent, len(o.may), ran, twice, len(o.never), stale)
}

// put publishes a request.
func (o *onceTest) put(t *testing.T, m mqtt.Message) {
	t.Helper()
	o.sent++
	o.send(t, m)
}

// round sends one request of each kind, and lets something break meanwhile.
func (o *onceTest) round(t *testing.T) {
	t.Helper()
	normal, again, signed := newID("normal"), newID("again"), newID("signed")
	o.may = append(o.may, normal, again)
	o.put(t, mqtt.Message{Payload: mark(normal)})
	o.replay = append(o.replay, mark(normal), mark(again))
	if o.random.IntN(4) == 0 {
		o.may = append(o.may, signed)
		envelope := o.signed(t, "alice", signed)
		o.put(t, mqtt.Message{Payload: envelope})
		o.replay = append(o.replay, envelope)
	}
	o.refused(t)
	time.Sleep(time.Duration(o.random.IntN(20)) * time.Millisecond) // the fault comes at any moment
	o.sent += 2
	o.twice(t, mark(again))
	o.fault(t)
	o.await(t)
	for _, payload := range o.replay[max(0, len(o.replay)-12):] {
		o.put(t, mqtt.Message{Payload: payload})
	}
	o.put(t, mqtt.Message{Payload: o.replay[o.random.IntN(len(o.replay))]}) // an old one
	o.await(t)
}

// refused sends what must never run.
func (o *onceTest) refused(t *testing.T) {
	t.Helper()
	retained, expired, ahead := newID("retained"), newID("expired"), newID("ahead")
	o.never = append(o.never, retained, expired, ahead)
	o.put(t, mqtt.Message{Payload: mark(retained), Retain: true})
	if o.random.IntN(2) == 0 {
		o.put(t, mqtt.Message{Retain: true}) // else it is there when the agent comes back
	}
	for id, at := range map[string]time.Time{expired: time.Now().Add(-time.Second), ahead: time.Now().Add(time.Hour)} {
		r := schema.Request{Command: "mark", Params: []string{id}, RequestID: id, ExpiresAt: &at}
		payload, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		o.put(t, mqtt.Message{Payload: payload})
	}
}

// fault breaks something, and mends it. What is sent to an agent that is away
// must not run when it is back.
func (o *onceTest) fault(t *testing.T) {
	t.Helper()
	kind := []string{"agent killed", "agent ended", "agent killed", "agent ended", "broker killed"}[o.random.IntN(5)] // a broker takes seconds
	o.faults[kind]++
	if kind == "broker killed" {
		o.cut(t)
		return
	}
	signal := syscall.SIGKILL
	if kind == "agent ended" {
		signal = syscall.SIGTERM
	}
	o.kill(t, signal)
	for _, m := range []mqtt.Message{{}, {Expiry: time.Second}} {
		id := newID("away")
		o.never = append(o.never, id)
		m.Payload = mark(id)
		o.put(t, m)
	}
	o.start(t)
}

// TestPublishPacket checks that the packets that are sent by hand are good: the
// agent hears both, and runs one.
func TestPublishPacket(t *testing.T) {
	v := newVictim(t, "")
	v.twice(t, mark("by-hand"))
	eventually(t, "the agent has heard the second", func() bool {
		return strings.Count(v.audit(t), fmt.Sprintf("%q", "by-hand")) >= 4 // start, its parameter, end, and the answer to the repetition
	})
	if n := v.marks(t)["by-hand"]; n != 1 {
		t.Errorf("ran %d times, want once", n)
	}
}
