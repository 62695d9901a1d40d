package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"systant/pkg/mqtt"
)

// The bounds of a flood, and of what it may cost.
const (
	floodRate     = 60        // commands that the host starts within a minute
	floodPace     = 1000      // requests a second
	floodWriters  = 8         // that publish at the same time
	floodGrowth   = 16 << 20  // bytes of the agent's memory
	floodAuditLog = 256 << 10 // bytes: a few hundred answers and the starts
)

// deluge returns the n-th request of a flood: good ones, repeated ones, and all
// that costs the agent time without being good for anything.
func deluge(n int) []byte {
	id := fmt.Sprintf("flood-%d", n)
	switch n % 10 {
	case 0:
		return fmt.Appendf(nil, `{"command":"list","request_id":%q}`, id)
	case 1:
		return mark("flood-repeated")
	case 2:
		return []byte(`{"command":"mark","params":["x"]}`) // has no id
	case 3:
		return bytes.Repeat([]byte("["), 4096)
	case 4:
		return fmt.Appendf(nil, `{"signed":%q,"sig":%q}`, mark(id), strings.Repeat("A", 6000))
	case 5:
		return fmt.Appendf(nil, `{"command":"mark","params":["../%s"],"request_id":%q}`, id, id)
	}
	return mark(id)
}

// flood publishes requests at a pace, and returns how long that took.
func (v *victim) flood(t *testing.T, total int) time.Duration {
	t.Helper()
	began := time.Now()
	var writers sync.WaitGroup
	for w := range floodWriters {
		writers.Go(func() {
			for n := w; n < total; n += floodWriters {
				if err := v.link.Publish(t.Context(), mqtt.Message{Topic: requests, Payload: deluge(n), QoS: 1}); err != nil {
					t.Error(err)
					return
				}
				time.Sleep(time.Until(began.Add(time.Duration(n) * time.Second / floodPace)))
			}
		})
	}
	writers.Wait()
	return time.Since(began)
}

// TestTortureDeluge sends a thousand requests a second, most of them bad: no
// more run than may, the agent keeps within bounds, and then is there again.
func TestTortureDeluge(t *testing.T) {
	v := newVictim(t, "")
	v.reconfigure(t, "rate = 6000", fmt.Sprintf("rate = %d", floodRate))
	total := scale(2000, 10_000)
	pid := v.agent.pid()
	resident, peak, spent := v.memory(t, "VmRSS"), v.memory(t, "VmHWM"), cpuTime(t, pid)
	began := time.Now()
	sent := v.flood(t, total)
	list := v.await(t) // behind all of the flood
	took := time.Since(began)
	spent = cpuTime(t, pid) - spent
	grown, higher := v.memory(t, "VmRSS")-resident, v.memory(t, "VmHWM")-peak
	v.kill(t, syscall.SIGTERM) // it tells how many requests it has not even answered
	log := v.audit(t)
	all, torn := records(log)
	started, answered, suppressed := accounted(all)
	ran, twice := 0, 0
	for id, n := range v.marks(t) {
		ran += n
		if n > 1 && id != "x" { // which has no id, and is another request each time
			twice++
		}
	}
	most := floodRate + int(took.Minutes()*floodRate) + 1
	if ran == 0 || ran > most || started != ran || twice > 0 {
		t.Errorf("%d commands have run, %d were started, %d ids twice; want at most %d", ran, started, twice, most)
	}
	if spent > took || list > listWithin {
		t.Errorf("the agent used %v of the processor in %v, and answered after %v", spent, took, list)
	}
	if grown > floodGrowth || higher > floodGrowth {
		t.Errorf("the agent has grown by %d bytes, its peak by %d", grown, higher)
	}
	if len(log) > floodAuditLog || torn > 0 || started+answered+suppressed < total {
		t.Errorf("the audit log has %d bytes, %d torn lines, and tells of %d requests of %d", len(log), torn, started+answered+suppressed, total)
	}
	t.Logf("torture: deluge: %d requests in %v: %d have run of at most %d, %d ids twice, %d answered otherwise, %d suppressed; "+
		"%.0f %% of a core; memory %+.1f MiB, peak %+.1f MiB; audit log %d KiB, %d torn lines; list after %v",
		total, sent.Round(time.Millisecond), ran, most, twice, answered, suppressed, 100*spent.Seconds()/took.Seconds(),
		float64(grown)/(1<<20), float64(higher)/(1<<20), len(log)>>10, torn, list.Round(time.Millisecond))
}
