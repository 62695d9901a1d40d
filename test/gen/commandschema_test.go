package main

import (
	"encoding/json"
	"testing"
	"time"

	"systant/pkg/schema"
)

// TestCommandSchemas checks payloads about commands that programs send.
func TestCommandSchemas(t *testing.T) {
	request := validator(t, payloadSchema[schema.Request]("", strict))
	accept(t, request, "least", []byte(`{"command":"list"}`))
	accept(t, request, "most", []byte(`{"command":"ping","params":["nas",3],"request_id":"a:1","expires_at":"2026-01-31T12:00:00Z","issued_at":"2026-01-31T12:00:00Z","host":"nas","source":"a person"}`))
	for name, text := range map[string]string{
		"no command": `{}`, "unknown key": `{"command":"list","x":1}`, "bad name": `{"command":"Restart"}`, "bad id": `{"command":"list","request_id":""}`,
		"null": `{"command":null}`, "list in list": `{"command":"ping","params":[[]]}`, "bad host": `{"command":"list","host":"a/b"}`,
	} {
		var payload any
		if err := json.Unmarshal([]byte(text), &payload); err != nil {
			t.Fatal(err)
		}
		if request.Validate(payload) == nil {
			t.Errorf("%s: got no error for %s", name, text)
		}
	}
	response := validator(t, payloadSchema[schema.Response]("", nil))
	text, err := json.Marshal(schema.Response{
		RequestID: "1", Command: "list", Status: schema.StatusOK, ExitCode: new(0), StartedAt: new(time.Now()), DurationSeconds: new(0.1),
		Commands: []schema.Command{{Trigger: "a", TimeoutSeconds: 1, Params: []schema.Param{{Name: "n", Type: schema.ParamInt, Min: new(int64(-3)), Max: new(int64(3))}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	accept(t, response, "response", text)
	var odd any
	if err := json.Unmarshal([]byte(`{"request_id":"1","command":"a","status":"maybe"}`), &odd); err != nil || response.Validate(odd) == nil {
		t.Errorf("a response of an unknown status: got no error (%v)", err)
	}
}
