package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// malformed are payloads that are no request, though most programs would take
// some of them for one that runs "mark".
func malformed() []string {
	good := `{"command":"mark","params":["x"]}`
	bodies := []string{
		"null", "true", "1", `"mark"`, "[]", "[" + good + "]", "{}", "{", "}", "mark", "mark x", " ", "\x00", "\xff\xfe", "\xef\xbb\xbf" + good,
		good + good, good + ",", good + "\x00", good + " x", good + "//", "/**/" + good, good[:len(good)-1], good[1:], strings.ToUpper(good),
		`{"command":"mark","params":["x"],}`, `{"command":"mark" "params":["x"]}`, `{command:"mark",params:["x"]}`, `{'command':'mark','params':['x']}`,
		`{"command":"mark","command":"mark","params":["x"]}`, `{"command":"list","command":"mark","params":["x"]}`, `{"command":"mark","params":["x"],"params":["y"]}`,
		`{"COMMAND":"mark","params":["x"]}`, `{"Command":"mark","Params":["x"]}`, `{"command":"mark","param` + "\u017f" + `":["x"]}`, `{"command":"mark","PARAMS":["x"]}`,
		`{"command":null,"params":["x"]}`, `{"command":"mark","params":null}`, `{"command":"mark","params":["x"],"request_id":null}`, `{"command":"mark","params":[null]}`,
		`{"command":["mark"],"params":["x"]}`, `{"command":{"mark":1},"params":["x"]}`, `{"command":1,"params":["x"]}`, `{"command":true,"params":["x"]}`,
		`{"command":"mark","params":"x"}`, `{"command":"mark","params":{"0":"x"}}`, `{"command":"mark","params":{"text":"x"}}`, `{"command":"mark","params":[["x"]]}`,
		`{"command":"mark","params":[{}]}`, `{"command":"mark","params":[true]}`, `{"command":"mark","params":[NaN]}`, `{"command":"mark","params":[Infinity]}`,
		`{"command":"mark","params":["x"],"shell":true}`, `{"command":"mark","params":["x"],"env":{"A":"b"}}`, `{"command":"mark","params":["x"],"":""}`,
		`{"command":"mark\u0000","params":["x"]}`, `{"command":"mark","params":["x\u0000"]}`, `{"command":"mark","params":["\ud800"]}`, `{"command":"\udc00mark","params":["x"]}`,
		"{\"command\":\"mark\",\"params\":[\"x\xff\"]}", "{\"command\":\"mark\",\"params\":[\"x\n\"]}", "{\"command\":\"mark\",\"params\":[\"x\xc0\x80\"]}",
		`{"command":"mark","params":["x"],"request_id":""}`, `{"command":"mark","params":["x"],"request_id":"a b"}`, `{"command":"mark","params":["x"],"request_id":"../a"}`,
		`{"command":"mark","params":["x"],"request_id":"` + strings.Repeat("a", 65) + `"}`, `{"command":"mark","params":["x"],"request_id":7}`,
		`{"command":"mark","params":["x"],"request_id":"` + "a\u202e" + `"}`, `{"command":"mark","params":["x"],"source":"a\u001b[31m"}`,
		`{"command":"mark","params":["x"],"source":"` + strings.Repeat("a", 129) + `"}`, `{"command":"mark","params":["x"],"source":["a"]}`,
		`{"command":"mark","params":["x"],"host":"other"}`, `{"command":"mark","params":["x"],"host":"+"}`, `{"command":"mark","params":["x"],"host":1}`,
		`{"command":"mark","params":["x"],"expires_at":"tomorrow"}`, `{"command":"mark","params":["x"],"expires_at":1}`, `{"command":"mark","params":["x"],"expires_at":"2001-01-01T00:00:00Z"}`,
		`{"command":"mark","params":["x"],"expires_at":"9999-01-01T00:00:00Z"}`, `{"command":"mark","params":["x"],"issued_at":"9999-01-01T00:00:00Z"}`,
		`{"command":"mark","params":["x"],"issued_at":"2001-01-01T00:00:00Z"}`, `{"command":"mark","params":["x"],"expires_at":""}`,
		`{"signed":"` + strings.ReplaceAll(good, `"`, `\"`) + `"}`, `{"sig":"x","command":"mark","params":["x"]}`, `{"signed":"` + strings.ReplaceAll(good, `"`, `\"`) + `","sig":""}`,
		`{"signed":"` + strings.ReplaceAll(good, `"`, `\"`) + `","sig":"none"}`, `{"signed":{"command":"mark","params":["x"]},"sig":"x"}`, `{"signed":null,"sig":null}`,
		`{"signed":"{}","sig":"x","signed":"` + strings.ReplaceAll(good, `"`, `\"`) + `"}`, `{"signed":"x","sig":"x","command":"mark","params":["x"]}`,
		`{"command":"mark","params":["x"],"x":` + strings.Repeat("[", 4000) + strings.Repeat("]", 4000) + `}`, strings.Repeat("[", 8000), strings.Repeat(`{"a":`, 1500),
		`{"command":"mark","params":["x"]` + strings.Repeat(" ", 8192) + "}", `{"command":"mark","params":["` + strings.Repeat("x", 8192) + `"]}`,
		`{"command":"mark","params":[` + strings.Repeat(`"x",`, 16) + `"x"]}`, `{"command":"mark","params":[]}`, `{"command":"mark"}`, `{"params":["x"]}`,
	}
	for _, name := range []string{
		"Mark", "MARK", "mark ", " mark", "mark;id", "mark|id", "mark&", "$(mark)", "`mark`", "../mark", "/bin/sh", "sh", "mark.sh", "m\u0430rk", "mark\u200b",
		"-mark", "", "*", "mar?", "mark/../mark", "commands", "sign", "exec", "__proto__", "constructor", strings.Repeat("m", 64), "mark\\n", "mark\r\n", "%6dark", "\u202ekram",
	} {
		text, _ := json.Marshal(name)
		bodies = append(bodies, fmt.Sprintf(`{"command":%s,"params":["x"]}`, text))
	}
	return bodies
}

// hostileValues are parameters that some program, somewhere, has taken for more
// than text.
var hostileValues = []string{
	"", " ", "-", "--", "-rf", "--now", "--help", "-o", "/", "../x", "..", "a/../b", "/etc/passwd", "~root", "~", "*", "?", "[a]", "{a,b}", "!", "!!",
	"a b", "a\tb", "a\nb", "a\r\nb", "\n", "a\n-rf", "a;id", ";id", "a&&id", "a&id", "a||id", "a|id", "$(id)", "`id`", "${IFS}", "$HOME", "$1", "$IFS$9id",
	"a>b", "a<b", ">/tmp/x", "#", "a#b", "%00", "%0a", "%n%n", "\\", "\\n", "\\x00", "'", "\"", "a'b", `a"b`, "'; id #", `"; id #`, "a=b", "A=b", "a,b", "a+b", "(id)", "{id}", "{text}", "{{7*7}}", "<script>", "&lt;",
	"\u0430bc", "\u202eabc", "\u2013rf", "\u2212rf", "\uff0drf", "\uff5cid", "\uff1bid", "\uff04(id)", "caf\u00e9", "\u200b", "\ufeffx", "\U0001f4a9", "\u0000", "a\u0000b", "\u0001", "\u001b[31m", "\u0007", "\u007f", "\u0085", "\u2028", "\ufffd",
	strings.Repeat("a", 129), strings.Repeat("a", 5000), strings.Repeat("../", 40), "nginx;id", "nginx.service;reboot", "nginx.service ", " nginx.service", "nginx.service\n", "NGINX.SERVICE", "nginx*", "nginx.servic\u0435",
	"+5", "05", "5.0", "5e0", "0x5", "5 ", " 5", "5;id", "٥", "9223372036854775808", "-9223372036854775809", "99", "0", "-1", "1_0", "NaN",
}

// TestTortureInjection sends everything that must not run to commands with
// every type of parameter, and looks that nothing does.
func TestTortureInjection(t *testing.T) {
	v := newVictim(t, `
[[commands.available]]
trigger = "match"
command = ["FOLDER/mark.sh"]
params = [{ name = "text", match = ".*" }]
[[commands.available]]
trigger = "unit"
command = ["FOLDER/mark.sh"]
params = [{ name = "unit", match = "[a-z]+\\.service" }]
[[commands.available]]
trigger = "part"
command = ["FOLDER/mark.sh", "--unit={unit}"]
params = [{ name = "unit", match = '[a-z][a-z./-]*', allow = "/" }]
[[commands.available]]
trigger = "enum"
command = ["FOLDER/mark.sh"]
allowed_params = ["nginx.service", "postgresql.service"]
[[commands.available]]
trigger = "int"
command = ["FOLDER/mark.sh"]
params = [{ name = "number", int = [1, 50] }]
`)
	before := v.memory(t, "VmRSS")
	payloads := malformed()
	for _, value := range hostileValues {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		for _, trigger := range []string{"match", "unit", "part", "enum", "int"} {
			if harmless(trigger, value) {
				continue
			}
			id := newID("injected")
			payloads = append(payloads, fmt.Sprintf(`{"command":%q,"params":[%s],"request_id":%q}`, trigger, text, id))
		}
	}
	for _, payload := range payloads {
		v.send(t, mqtt.Message{Payload: []byte(payload)})
	}
	v.agent.alive(t)
	if marks := v.marks(t); len(marks) > 0 {
		t.Errorf("these have run: %v", marks)
	}
	v.await(t)
	grown := v.memory(t, "VmRSS") - before
	if grown > 8<<20 {
		t.Errorf("the agent has grown by %d bytes", grown)
	}
	v.explained(t)
	v.works(t)
	if n := len(v.marks(t)); n != 1 {
		t.Errorf("%d commands have run, want the good one", n)
	}
	t.Logf("torture: injection: %d hostile payloads, %d ran; agent grew by %d KiB", len(payloads), len(v.marks(t))-1, grown>>10)
}

// harmless tells whether a value is one that a command is there for: "match"
// takes all that is not refused before any pattern is looked at.
func harmless(trigger, value string) bool {
	const usual = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._:-"
	return trigger == "match" && value != "" && len(value) <= 128 && strings.Trim(value, usual) == "" &&
		value[0] != '-' && !strings.Contains(value, "..")
}

// explained checks that each refusal with an id says what was wrong with which
// parameter. The agent answers only so many.
func (v *victim) explained(t *testing.T) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	answered := 0
	for id, r := range v.got {
		if !strings.HasPrefix(id, "injected") {
			continue
		}
		answered++
		if r.Status != schema.StatusRefused || !strings.HasPrefix(r.Error, "params[0] (") {
			t.Errorf("%s: got %+v, want a refusal that names params[0]", id, r)
		}
	}
	if answered < 100 {
		t.Errorf("only %d refusals came", answered)
	}
}
