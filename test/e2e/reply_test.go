package e2e

import (
	"strings"
	"testing"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// TestTortureReplyTopic asks for answers on topics for which Mosquitto ends the
// connection of who publishes there: more than 200 levels, and control
// characters, which other brokers let a request name. The agent refuses them,
// as it would lose its broker by each, and try again whenever it is back.
func TestTortureReplyTopic(t *testing.T) {
	v := newVictim(t, "")
	for _, topic := range []string{"systant/x/" + strings.Repeat("/", 220) + "y", "systant/x" + strings.Repeat("/y", 120)} {
		id := newID("deep")
		v.send(t, mqtt.Message{Payload: mark(id), ResponseTopic: topic})
		eventually(t, "the request is in the audit log", func() bool { return strings.Contains(v.audit(t), "the response topic ") })
	}
	v.works(t)
	if n := strings.Count(v.broker.said(), "disconnected due to protocol error"); n > 0 {
		t.Errorf("the broker has dropped the agent %d times", n)
	}
	r := startRogue(t, v)
	r.astray(t, "systant/x\x01/y", "systant/x/\u0085", "systant/x/\ufffe", "systant/x"+strings.Repeat("/y", 120))
	v.mu.Lock()
	defer v.mu.Unlock()
	for id, answer := range v.got {
		if strings.HasPrefix(id, "astray") && answer.Status != schema.StatusRefused {
			t.Errorf("%s: got %+v, want a refusal", id, answer)
		}
	}
}
