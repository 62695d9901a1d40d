package e2e

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// attack is a message that must not run anything.
type attack struct {
	message mqtt.Message
	want    string // what the refusal begins with
}

// recorded returns the payloads of testdata/injection.
func recorded(t *testing.T) []attack {
	t.Helper()
	text, err := os.ReadFile("testdata/injection/requests.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []attack
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		want, quoted, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		payload, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("%v: %s", err, quoted)
		}
		all = append(all, attack{mqtt.Message{Payload: []byte(payload)}, want})
	}
	return all
}

// crossed returns hostile values for each type of parameter, in either place.
func crossed(t *testing.T) []attack {
	t.Helper()
	var all []attack
	for _, value := range hostileValues {
		for trigger, place := range map[string]string{"text": "0] (text)", "any": "0] (any)", "enum": "0] (unit)", "int": "0] (number)", "pair": "1] (second)"} {
			if trigger == "any" && harmless("match", value) || trigger == "int" && value == "5" {
				continue
			}
			params := []string{value}
			if trigger == "pair" {
				params = []string{"abc", value}
			}
			payload, err := json.Marshal(schema.Request{Command: trigger, Params: params, RequestID: newID("crossed")})
			if err != nil {
				t.Fatal(err)
			}
			want := "params[" + place
			if strings.ContainsAny(value, "\x00\ufffd") { // refused before it is known whose it is
				want, _, _ = strings.Cut(want, " ")
			}
			all = append(all, attack{mqtt.Message{Payload: payload}, want})
		}
	}
	return all
}

// misdirected returns requests whose answer would go where it must not, or is
// to carry too much.
func misdirected() []attack {
	var all []attack
	for _, topic := range []string{
		"homeassistant/switch/x/set", "other/testhost/responses", "systant", "systant/", "systant/x", "systant//x", "systan/x/y", "Systant/x/y", "/systant/x/y",
		"systant/testhost/commands", "systant/other/commands", "systant/testhost/commands/available", "systant/testhost/status", "systant/other/status",
		"systant/testhost/stats", "systant/other/stats", "systant/alerts/x", "$SYS/x", "$share/a/systant/x/y", "systant/x/" + strings.Repeat("y", 300), "x", " ",
	} {
		all = append(all, attack{mqtt.Message{Payload: []byte(`{"command":"text","params":["abc"]}`), ResponseTopic: topic}, "the response topic "})
	}
	return append(all, attack{mqtt.Message{Payload: []byte(`{"command":"text","params":["abc"]}`), Retain: true}, "the message is retained"})
}

// typed are commands with parameters of every type.
const typed = `
[[commands.available]]
trigger = "text"
command = ["FOLDER/mark.sh"]
params = [{ name = "text", match = "[a-z]{3}" }]
[[commands.available]]
trigger = "any"
command = ["FOLDER/mark.sh", "-x{any}"]
params = [{ name = "any", match = "(?s).*" }]
[[commands.available]]
trigger = "enum"
command = ["FOLDER/mark.sh"]
params = [{ name = "unit", enum = ["nginx.service", "-v"] }]
[[commands.available]]
trigger = "int"
command = ["FOLDER/mark.sh"]
params = [{ name = "number", int = [1, 50] }]
[[commands.available]]
trigger = "pair"
command = ["FOLDER/mark.sh", "{second}", "{first}"]
params = [{ name = "first", match = "[a-z]+" }, { name = "second", match = "[A-Z]{3}" }]
`

// TestTortureCorpus sends each payload of a corpus, hostile values for each
// type of parameter and hostile response topics: nothing runs, nothing is
// published where it must not, and each is told what is wrong with it.
func TestTortureCorpus(t *testing.T) {
	v := newVictim(t, typed)
	all := append(append(recorded(t), crossed(t)...), misdirected()...)
	_, arrived := v.broker.connect(t, "#")
	grown := 0
	const atOnce = 250 // of what runs nothing the agent answers 300 at once
	for from := 0; from < len(all); from += atOnce {
		v.works(t)
		before := v.memory(t, "VmRSS")
		v.refuses(t, arrived, all, from, min(from+atOnce, len(all)))
		v.agent.alive(t)
		grown = max(grown, v.memory(t, "VmRSS")-before)
		v.works(t)
		v.restart(t, syscall.SIGTERM)
	}
	if grown > 8<<20 {
		t.Errorf("the agent has grown by %d KiB", grown>>10)
	}
	ran := 0
	for id, n := range v.marks(t) {
		if !strings.HasPrefix(id, "control") || n != 1 {
			ran++
			t.Errorf("%q has run %d times", id, n)
		}
	}
	t.Logf("torture: corpus: %d hostile messages, all refused with their reason, %d ran; the agent grew by at most %d KiB", len(all), ran, grown>>10)
}

// refuses sends some of the attacks and checks the answer to each.
func (v *victim) refuses(t *testing.T, arrived <-chan mqtt.Message, all []attack, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		m := all[n].message
		m.CorrelationData = binary.BigEndian.AppendUint32(nil, uint32(n))
		v.send(t, m)
	}
	answered := make(map[uint32]bool)
	for timeout := time.After(patience); len(answered) < to-from; {
		select {
		case m := <-arrived:
			if len(m.CorrelationData) != 4 || m.Topic == requests { // the request itself
				continue
			}
			n := binary.BigEndian.Uint32(m.CorrelationData)
			answered[n] = true
			if problem := all[n].judge(m); problem != "" {
				t.Errorf("%.200q, response topic %q: %s", all[n].message.Payload, all[n].message.ResponseTopic, problem)
			}
		case <-timeout:
			for n := from; n < to; n++ {
				if !answered[uint32(n)] {
					t.Fatalf("%d of %d were not answered, among them %.200q", to-from-len(answered), to-from, all[n].message.Payload)
				}
			}
		}
	}
}

// judge tells what is wrong with an answer to the attack.
func (a *attack) judge(m mqtt.Message) string {
	var r schema.Response
	if m.Topic != responses {
		return "the answer went to " + m.Topic
	}
	if err := json.Unmarshal(m.Payload, &r); err != nil {
		return err.Error()
	}
	if r.Status != schema.StatusRefused && r.Status != schema.StatusExpired || !strings.HasPrefix(r.Error, a.want) {
		return fmt.Sprintf("got %s, %q, want a refusal that begins with %q", r.Status, r.Error, a.want)
	}
	return ""
}
