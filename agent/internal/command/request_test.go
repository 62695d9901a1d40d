package command

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"systant/pkg/schema"
)

func TestParseTakes(t *testing.T) {
	check := func(text string, want schema.Request) {
		t.Helper()
		got, err := parse([]byte(text))
		if diff := cmp.Diff(want, got.Request); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
	check(`{"command":"a"}`, schema.Request{Command: "a"})
	check(" {\"params\" : [\"x\", 3, -3, \"\\u0041\"] ,\n\"command\":\"a-b_9\"}\n", schema.Request{Command: "a-b_9", Params: []string{"x", "3", "-3", "A"}})
	check(`{"command":"a","request_id":"A.z_0:-","source":"Zoë, upstairs","host":"h"}`, schema.Request{Command: "a", RequestID: "A.z_0:-", Source: "Zoë, upstairs", Host: "h"})
	p, err := parse([]byte(`{"command":"a","expires_at":"2026-01-31T12:00:00+01:00","issued_at":"2026-01-31T11:59:00.5+01:00"}`))
	if err != nil || p.ExpiresAt.Unix() != 1769857200 || p.IssuedAt.Unix() != 1769857140 {
		t.Errorf("times: got %+v, %v", p, err)
	}
	p, err = parse([]byte(`{"sig":"s","signed":"not looked at yet"}`))
	if err != nil || string(p.signed) != "not looked at yet" || p.signature != "s" || p.Command != "" {
		t.Errorf("envelope: got %+v, %v", p, err)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "not one JSON object"},
		{"null", "not one JSON object"},
		{"[]", "not one JSON object"},
		{`"a"`, "not one JSON object"},
		{`{"command":"a"} {}`, "not one JSON object"},
		{`{"command":"a"}x`, "not one JSON object"},
		{`{"command":"a",}`, "not one JSON object"},
		{"\xef\xbb\xbf{\"command\":\"a\"}", "not one JSON object"},
		{"{\"command\":\"a\xff\"}", "no valid UTF-8"},
		{"{\"command\":\"\xed\xa0\x80\"}", "no valid UTF-8"},
		{`{"command":"a"` + strings.Repeat(" ", 8192) + "}", "at most 8192"},
		{strings.Repeat("[", 5000), "not one JSON object"},
		{`{}`, "command: is missing"},
		{`{"command":null}`, "command: must be a string"},
		{`{"command":1}`, "command: must be a string"},
		{`{"command":["a"]}`, "command: must be a string"},
		{`{"command":{"a":1}}`, "command: must be a string"},
		{`{"command":""}`, `command: "" is no command's name`},
		{`{"command":"A"}`, "command: "},
		{`{"command":"a b"}`, "command: "},
		{`{"command":"-a"}`, "command: "},
		{`{"command":"` + strings.Repeat("a", 64) + `"}`, "command: "},
		{`{"command":"\u0430"}`, `command: "\u0430" is no`},
		{`{"command":"a\u0000"}`, "command: holds a character"},
		{`{"command":"\ud800"}`, "command: holds a character"},
		{`{"command":"a","command":"a"}`, "command: the key stands there twice"},
		{`{"COMMAND":"a"}`, `"COMMAND": there is no such key`},
		{`{"command":"a","param` + "\u017f" + `":[]}`, `"param\u017f": there is no such key`},
		{`{"command":"a","":1}`, `"": there is no such key`},
		{`{"command":"a","params":null}`, "params: must be a list"},
		{`{"command":"a","params":"x"}`, "params: must be a list"},
		{`{"command":"a","params":{}}`, "params: must be a list"},
		{`{"command":"a","params":["x",null]}`, "params[1]: must be a string or a whole number"},
		{`{"command":"a","params":[true]}`, "params[0]: must be"},
		{`{"command":"a","params":[1.5]}`, "params[0]: must be a string or a whole number"},
		{`{"command":"a","params":[1,1e3]}`, "params[1]: must be"},
		{`{"command":"a","params":[["x"]]}`, "params[0]: must be"},
		{`{"command":"a","params":[{}]}`, "params[0]: must be"},
		{`{"command":"a","params":["x\u0000"]}`, "params[0]: holds a character"},
		{`{"command":"a","params":["x","\udc00"]}`, "params[1]: holds a character"},
		{`{"command":"a","params":[` + strings.Repeat("1,", 16) + `1]}`, "params: are more than 16"},
		{`{"command":"a","request_id":""}`, `request_id: "" is not`},
		{`{"command":"a","request_id":"a b"}`, "request_id: "},
		{`{"command":"a","request_id":7}`, "request_id: must be a string"},
		{`{"command":"a","request_id":"` + strings.Repeat("i", 65) + `"}`, "request_id: "},
		{`{"command":"a","source":"a\nb"}`, "source: "},
		{`{"command":"a","source":"` + strings.Repeat("s", 129) + `"}`, "source: "},
		{`{"command":"a","source":"\u202e"}`, "source: "},
		{`{"command":"a","expires_at":1}`, "expires_at: must be a string"},
		{`{"command":"a","expires_at":"soon"}`, `expires_at: "soon" is no time`},
		{`{"command":"a","issued_at":""}`, "issued_at: "},
		{`{"signed":"x"}`, "sig: is missing"},
		{`{"sig":"x"}`, "signed: is missing"},
		{`{"sig":"x","signed":"y","signed":"z"}`, "signed: the key stands there twice"},
		{`{"sig":"x","signed":null}`, "signed: must be a string"},
		{`{"sig":"x","signed":{"command":"a"}}`, "signed: must be a string"},
		{`{"sig":"x","signed":"y","command":"a"}`, `"command": there is no such key`},
		{`{"command":"a","sig":"x"}`, `"command": there is no such key`},
	}
	for _, test := range tests {
		if got, err := parse([]byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.100q: got %+v, %v, want %q", test.text, got, err, test.want)
		}
	}
}

func TestRefusalsRepeatLittle(t *testing.T) {
	_, err := parse([]byte(`{"command":"` + strings.Repeat("\u202e", 1000) + `"}`))
	if err == nil || len(err.Error()) > 600 || strings.ContainsFunc(err.Error(), func(r rune) bool { return r > '~' && r != '…' }) {
		t.Errorf("got %v, want a short error in ASCII", err)
	}
}

// FuzzParse checks that what is taken has one meaning: it is the same for
// encoding/json, and again once it is written anew.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"command":"restart","params":["nginx",3],"request_id":"1","source":"me","host":"nas","issued_at":"2026-01-31T12:00:00Z","expires_at":"2026-01-31T12:01:00Z"}`))
	f.Add([]byte(`{"signed":"{\"command\":\"list\"}","sig":"-----BEGIN SSH SIGNATURE-----\n"}`))
	f.Add([]byte(`{"command":"a","command":"b"}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		p, err := parse(bytes.Clone(payload))
		if err != nil {
			return
		}
		if len(payload) > maxRequest || !utf8.Valid(payload) || !json.Valid(payload) {
			t.Fatalf("%q was taken", payload)
		}
		if p.signed != nil {
			var e schema.Signed
			if err := json.Unmarshal(payload, &e); err != nil || e.Signed != string(p.signed) || e.Sig != p.signature {
				t.Fatalf("%q: got %+v, encoding/json %+v, %v", payload, p, e, err)
			}
			return
		}
		text, err := json.Marshal(p.Request)
		if err != nil {
			return // a year after 9999
		}
		again, err := parse(text)
		if diff := cmp.Diff(p.Request, again.Request); (err != nil || diff != "") && len(text) <= maxRequest {
			t.Fatalf("%q: %v (-first +again):\n%s", payload, err, diff)
		}
	})
}

// FuzzEnvelope puts text into an envelope: it comes out as it went in, and what
// is in it is read no less strictly.
func FuzzEnvelope(f *testing.F) {
	f.Add(`{"command":"list"}`, "s")
	f.Add("{\"command\":\"\\u0000\"}", "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n")
	f.Fuzz(func(t *testing.T, inner, sig string) {
		payload, err := json.Marshal(schema.Signed{Signed: inner, Sig: sig})
		if err != nil {
			t.Fatal(err)
		}
		p, err := parse(payload)
		if err != nil {
			return
		}
		if string(p.signed) != inner || p.signature != sig {
			t.Fatalf("got %q and %q, want %q and %q", p.signed, p.signature, inner, sig)
		}
		if _, err := parseRequest(p.signed); err == nil && !json.Valid([]byte(inner)) {
			t.Fatalf("%q was taken", inner)
		}
	})
}
