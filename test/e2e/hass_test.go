package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// hassPatience is how long Home Assistant may take to start; it fetches
// packages when it does so for the first time.
const hassPatience = 5 * time.Minute

// hass is a real Home Assistant, which speaks by its REST and WebSocket APIs
// (https://developers.home-assistant.io/docs/api).
type hass struct {
	*program
	path, folder, url, token, version string
	socket                            *websocket.Conn
	last                              int // id of the last command on the socket
}

// state is what Home Assistant knows of an entity at present.
type state struct {
	EntityID   string         `json:"entity_id"`
	State      string         `json:"state"`
	Attributes map[string]any `json:"attributes"`
}

// entry is an entity in its registry.
type entry struct {
	EntityID   string `json:"entity_id"`
	UniqueID   string `json:"unique_id"`
	DeviceID   string `json:"device_id"`
	DisabledBy string `json:"disabled_by"`
	Category   string `json:"entity_category"`
}

// device is a device in its registry.
type device struct {
	ID               string     `json:"id"`
	Name             string     `json:"name"`
	Identifiers      [][]string `json:"identifiers"`
	ConfigEntries    []string   `json:"config_entries"`
	ConfigurationURL string     `json:"configuration_url"`
	SWVersion        string     `json:"sw_version"`
}

// startHass starts a new Home Assistant, by the program at a path, with an
// owner and a broker.
func startHass(t *testing.T, path string, broker int) *hass {
	t.Helper()
	port := freePort(t)
	h := &hass{path: path, folder: t.TempDir(), url: fmt.Sprintf("http://127.0.0.1:%d", port)}
	automations, err := os.ReadFile("../../deploy/homeassistant/automations.yaml")
	if err != nil {
		t.Fatal(err)
	}
	configuration := fmt.Sprintf("automation: !include automations.yaml\nhttp:\n  server_host: 127.0.0.1\n  server_port: %d\napi:\nconfig:\nrecorder:\n  commit_interval: 1\nhistory:\n", port)
	for name, text := range map[string]string{"configuration.yaml": configuration, "automations.yaml": string(automations)} {
		if err := os.WriteFile(filepath.Join(h.folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.launch(t)
	var user struct {
		Code string `json:"auth_code"`
	}
	client := h.url + "/"
	h.call(t, http.MethodPost, "/api/onboarding/users", map[string]any{
		"client_id": client, "name": "Owner", "username": "owner", "password": "owner", "language": "en",
	}, &user)
	response, err := http.PostForm(h.url+"/auth/token", url.Values{"client_id": {client}, "grant_type": {"authorization_code"}, "code": {user.Code}})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var grant struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&grant); err != nil || grant.Token == "" {
		t.Fatalf("no token: %v", err)
	}
	h.token = grant.Token
	h.ready(t)
	h.ask(t, "http/config/promote", nil, nil) // it takes a new port back after five minutes otherwise
	var flow struct {
		ID string `json:"flow_id"`
	}
	h.call(t, http.MethodPost, "/api/config/config_entries/flow", map[string]any{"handler": "mqtt"}, &flow)
	var result struct {
		Type string `json:"type"`
	}
	h.call(t, http.MethodPost, "/api/config/config_entries/flow/"+flow.ID, map[string]any{
		"broker": "127.0.0.1", "port": broker, "protocol": "5",
		"other_settings": map[string]any{"set_client_cert": false, "set_ca_cert": "off", "transport": "tcp"},
	}, &result)
	if result.Type != "create_entry" {
		t.Fatalf("got %q, want the MQTT integration set up", result.Type)
	}
	return h
}

// launch starts the program and waits until it answers.
func (h *hass) launch(t *testing.T) {
	t.Helper()
	h.program = launch(t, h.path, hassEnvironment(), h.folder)
	for end := time.Now().Add(hassPatience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		h.alive(t)
		if response, err := http.Get(h.url + "/api/onboarding"); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusUnauthorized {
				return
			}
		}
	}
	t.Fatalf("Home Assistant does not answer after %v", hassPatience)
}

// hassEnvironment is what Home Assistant needs of the environment, such as
// where packages come from, and whose word for that counts.
func hassEnvironment() []string {
	var kept []string
	for _, one := range os.Environ() {
		if name, _, _ := strings.Cut(one, "="); strings.HasPrefix(name, "PIP_") || strings.HasPrefix(name, "UV_") || strings.HasPrefix(name, "SSL_CERT_") || strings.HasSuffix(strings.ToLower(name), "_proxy") {
			kept = append(kept, one)
		}
	}
	return kept
}

// ready waits until everything runs, and opens the socket.
func (h *hass) ready(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(hassPatience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		var config struct{ State, Version string }
		h.call(t, http.MethodGet, "/api/config", nil, &config)
		if config.State == "RUNNING" {
			h.version = config.Version
			h.open(t)
			return
		}
	}
	t.Fatal("Home Assistant does not get ready")
}

// open opens the socket.
func (h *hass) open(t *testing.T) {
	t.Helper()
	var err error
	if h.socket, _, err = websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(h.url, "http")+"/api/websocket", nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.socket.Close() })
	h.last = 0
	var answer struct{ Type string }
	for _, step := range []func() error{
		func() error { return h.socket.ReadJSON(&answer) },
		func() error {
			return h.socket.WriteJSON(map[string]any{"type": "auth", "access_token": h.token})
		},
		func() error { return h.socket.ReadJSON(&answer) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	if answer.Type != "auth_ok" {
		t.Fatalf("the socket says %s", answer.Type)
	}
}

// call sends a request to the REST API and reads the answer into result.
func (h *hass) call(t *testing.T, method, path string, body, result any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, h.url+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+h.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", response.Status, last(string(answer), 1000))
	}
	if err == nil && result != nil {
		err = json.Unmarshal(answer, result)
	}
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

// ask sends a command on the socket and reads the answer into result.
func (h *hass) ask(t *testing.T, kind string, fields map[string]any, result any) {
	t.Helper()
	h.last++
	message := map[string]any{"id": h.last, "type": kind}
	maps.Copy(message, fields)
	if err := h.socket.WriteJSON(message); err != nil {
		t.Fatal(err)
	}
	for {
		var answer struct {
			ID      int
			Success bool
			Result  json.RawMessage
			Error   json.RawMessage
		}
		if err := h.socket.ReadJSON(&answer); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if answer.ID != h.last {
			continue
		}
		if !answer.Success {
			t.Fatalf("%s: %s", kind, answer.Error)
		}
		if result != nil {
			if err := json.Unmarshal(answer.Result, result); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
		}
		return
	}
}

// states returns the states of all entities, by id.
func (h *hass) states(t *testing.T) map[string]state {
	t.Helper()
	var list []state
	h.call(t, http.MethodGet, "/api/states", nil, &list)
	states := make(map[string]state)
	for _, one := range list {
		states[one.EntityID] = one
	}
	return states
}

// device returns the device with an identifier of MQTT's.
func (h *hass) device(t *testing.T, identifier string) (device, bool) {
	t.Helper()
	var list []device
	h.ask(t, "config/device_registry/list", nil, &list)
	for _, one := range list {
		for _, id := range one.Identifiers {
			if len(id) == 2 && id[0] == "mqtt" && id[1] == identifier {
				return one, true
			}
		}
	}
	return device{}, false
}

// entries returns the registered entities of a device, by unique id.
func (h *hass) entries(t *testing.T, deviceID string) map[string]entry {
	t.Helper()
	var list []entry
	h.ask(t, "config/entity_registry/list", nil, &list)
	entries := make(map[string]entry)
	for _, one := range list {
		if one.DeviceID == deviceID {
			entries[one.UniqueID] = one
		}
	}
	return entries
}

// complaints returns the lines of its log that are warnings or errors of what
// the test is about.
func (h *hass) complaints(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.folder, "home-assistant.log"))
	if err != nil {
		t.Fatal(err)
	}
	var bad []string
	for line := range strings.Lines(string(text)) {
		about := strings.Contains(line, "components.mqtt") || strings.Contains(line, "components.sensor") || strings.Contains(line, "components.recorder") ||
			strings.Contains(line, "components.event") || strings.Contains(line, "helpers.template") || strings.Contains(line, "helpers.entity") || strings.Contains(line, "automation")
		about = about && !strings.Contains(line, "The connection was lost") // by the restart of the broker
		if about && (strings.Contains(line, " WARNING ") || strings.Contains(line, " ERROR ")) {
			bad = append(bad, strings.TrimSpace(line))
		}
	}
	return bad
}

// restart ends Home Assistant as its user would and starts it again. The log
// starts anew.
func (h *hass) restart(t *testing.T) {
	t.Helper()
	h.stop(t)
	h.launch(t)
	h.ready(t)
}

// stop ends Home Assistant.
func (h *hass) stop(t *testing.T) {
	t.Helper()
	h.signal(t, syscall.SIGTERM)
	select {
	case <-h.ended:
	case <-time.After(time.Minute):
		t.Fatal("Home Assistant does not end")
	}
}
