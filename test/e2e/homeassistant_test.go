package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// component is an entity of the document, as far as the test looks at it.
type component struct {
	Platform      string `json:"platform"`
	UniqueID      string `json:"unique_id"`
	EntityID      string `json:"default_entity_id"`
	DeviceClass   string `json:"device_class"`
	StateClass    string `json:"state_class"`
	Unit          string `json:"unit_of_measurement"`
	Category      string `json:"entity_category"`
	EnabledAtOnce *bool  `json:"enabled_by_default"`
}

// enabled tells whether Home Assistant has the entity at once.
func (c *component) enabled() bool { return c.EnabledAtOnce == nil || *c.EnabledAtOnce }

// document is what the agent says of itself.
type document struct {
	Device struct {
		Identifiers []string `json:"identifiers"`
		Name        string   `json:"name"`
	} `json:"device"`
	Components map[string]component `json:"components"`
}

// residence is a host that lives in a real Home Assistant.
type residence struct {
	*hass
	broker   *mosquitto
	agent    *program
	config   string // path
	folder   string // where the button makes a file
	document document
	device   device
}

// homeAssistantConfig is the agent's configuration for the test.
const homeAssistantConfig = `
[general]
hostname = "nas"
interval = "2s"
startup_delay = "1s"
disabled_modules = ["block"] # it has no latencies while nothing is read
[mqtt]
host = "127.0.0.1"
port = %d
[homeassistant]
interval = "2s"
remove_after = "8s"
dashboard_url = "http://dashboard.test:4000"
[commands]
audit_file = %q
[[commands.available]]
trigger = "restart"
command = ["/usr/bin/touch"]
allowed_params = ["nginx.service"]
working_directory = %q
homeassistant = true
`

// TestHomeAssistant has a real Home Assistant show a real host, by a real
// broker, and looks at what it knows by its own APIs, through all that can
// happen to the three.
func TestHomeAssistant(t *testing.T) {
	path := os.Getenv("SYSTANT_HASS")
	if path == "" {
		t.Skip("Home Assistant takes minutes: run just test-homeassistant")
	}
	r := &residence{broker: startMosquitto(t, open), folder: t.TempDir()}
	r.config = write(t, "systant.toml", fmt.Sprintf(homeAssistantConfig, r.broker.port, filepath.Join(t.TempDir(), "audit.jsonl"), r.folder))
	r.hass = startHass(t, path, r.broker.port)
	r.startAgent(t)
	r.readDocument(t, func(document) bool { return true })
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"the device", r.testDevice},
		{"the entities", r.testEntities},
		{"statistics", r.testStatistics},
		{"the example automations", r.testAutomations},
		{"a button", r.testButton},
		{"an entity that is enabled", r.testEnable},
		{"a restart of Home Assistant", r.testRestart},
		{"a restart of the broker", r.testBrokerRestart},
		{"the agent stops and starts", r.testAgentRestart},
		{"the agent is killed", r.testAgentKilled},
		{"the host gets another name", r.testRename},
		{"a filesystem goes", r.testVanish},
		{"the log", r.testLog},
		{"the user deletes the device", r.testDelete},
		{"discovery remove", r.testRemove},
		{"the log after that", r.testLog},
	} {
		began := time.Now()
		step.run(t)
		if t.Failed() {
			t.Fatalf("failed: %s", step.name)
		}
		t.Logf("%s: good, after %.1f s", step.name, time.Since(began).Seconds())
	}
	t.Logf("Home Assistant %s, %s", r.version, brokerVersion(t))
}

// brokerVersion returns the version of Mosquitto.
func brokerVersion(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto"
	}
	text, _ := exec.Command(path, "-h").Output() // its status is not 0
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

// readDocument reads what the broker keeps, once it is as it should be.
func (r *residence) readDocument(t *testing.T, good func(document) bool) {
	t.Helper()
	link, arrived := r.broker.connect(t, "homeassistant/device/+/config")
	eventually(t, "the broker has a good document", func() bool {
		for {
			select {
			case m := <-arrived:
				var d document
				if len(m.Payload) > 0 && json.Unmarshal(m.Payload, &d) == nil {
					r.document = d
				}
			default:
				return r.document.Components != nil && good(r.document)
			}
		}
	})
	if err := link.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// startAgent starts the agent.
func (r *residence) startAgent(t *testing.T) {
	t.Helper()
	r.agent = start(t, "systant-agent", nil, "-config", r.config)
}

// stopAgent ends the agent.
func (r *residence) stopAgent(t *testing.T) {
	t.Helper()
	r.agent.signal(t, syscall.SIGTERM)
	if status := r.agent.wait(t); status != 0 {
		t.Fatalf("the agent ended with %d", status)
	}
}

// id returns the id of an entity by its key in the document.
func (r *residence) id(key string) string { return r.document.Components[key].EntityID }

// testDevice waits for the device.
func (r *residence) testDevice(t *testing.T) {
	eventually(t, "the device is there", func() (found bool) {
		r.device, found = r.hass.device(t, r.document.Device.Identifiers[0])
		return found
	})
	if r.device.Name != "Systant nas" || r.device.ConfigurationURL != "http://dashboard.test:4000/host/nas" || r.device.SWVersion == "" {
		t.Errorf("got the device %+v", r.device)
	}
}

// testEntities looks at every entity of the document.
func (r *residence) testEntities(t *testing.T) {
	r.await(t)
	entries, states := r.entries(t, r.device.ID), r.states(t)
	enabled := 0
	for key, one := range r.document.Components {
		entry, there := entries[one.UniqueID]
		switch {
		case !there:
			t.Errorf("%s is not registered", key)
		case entry.EntityID != one.EntityID:
			t.Errorf("%s has the id %s, want %s", key, entry.EntityID, one.EntityID)
		case (entry.DisabledBy == "") != one.enabled():
			t.Errorf("%s is disabled by %q, want it enabled: %v", key, entry.DisabledBy, one.enabled())
		case entry.Category != one.Category:
			t.Errorf("%s has the category %q, want %q", key, entry.Category, one.Category)
		}
		if !one.enabled() {
			continue
		}
		enabled++
		state := states[one.EntityID]
		for attribute, want := range map[string]string{"device_class": one.DeviceClass, "unit_of_measurement": one.Unit, "state_class": one.StateClass} {
			if got, _ := state.Attributes[attribute].(string); got != want {
				t.Errorf("%s has the %s %q, want %q", key, attribute, got, want)
			}
		}
	}
	if enabled < 15 || len(entries) != len(r.document.Components) {
		t.Errorf("got %d entities, %d of %d in the document are enabled", len(entries), enabled, len(r.document.Components))
	}
	t.Logf("%d entities, %d enabled", len(entries), enabled)
}

// await waits until every enabled entity has a plausible state.
func (r *residence) await(t *testing.T) {
	t.Helper()
	var missing []string
	defer func() {
		if t.Failed() {
			t.Logf("without a plausible state: %q", missing)
		}
	}()
	eventually(t, "every enabled entity has a plausible state", func() bool {
		states := r.states(t)
		missing = nil
		for _, one := range r.document.Components {
			if state := states[one.EntityID]; one.enabled() && !plausible(&one, state.State) {
				missing = append(missing, one.EntityID+"="+state.State)
			}
		}
		return len(missing) == 0
	})
}

// decimal matches the state of a sensor with a unit.
var decimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$`)

// plausible tells whether an entity may have a state.
func plausible(one *component, state string) bool {
	switch {
	case one.Platform == "button", one.Platform == "event":
		return state != "unavailable" && state != ""
	case one.Platform == "binary_sensor" && one.DeviceClass == "connectivity":
		return state == "on"
	case one.Platform == "binary_sensor":
		return state == "on" || state == "off"
	case one.DeviceClass == "timestamp":
		at, err := time.Parse(time.RFC3339, state)
		return err == nil && at.Before(time.Now())
	case one.StateClass != "":
		return decimal.MatchString(state)
	}
	return state != "" && state != "unknown" && state != "unavailable"
}

// testStatistics looks for long-term statistics of what has a state class.
func (r *residence) testStatistics(t *testing.T) {
	var missing []string
	defer func() {
		if t.Failed() {
			t.Logf("without statistics: %q", missing)
		}
	}()
	eventually(t, "statistics are compiled", func() bool {
		var list []struct {
			ID string `json:"statistic_id"`
		}
		r.ask(t, "recorder/list_statistic_ids", nil, &list)
		missing = nil
		for _, one := range r.document.Components {
			if one.enabled() && one.StateClass != "" && !slices.ContainsFunc(list, func(l struct {
				ID string `json:"statistic_id"`
			}) bool {
				return l.ID == one.EntityID
			}) {
				missing = append(missing, one.EntityID)
			}
		}
		return len(missing) == 0
	})
}

// testAutomations looks whether Home Assistant takes the examples.
func (r *residence) testAutomations(t *testing.T) {
	eventually(t, "the three automations are on", func() bool {
		on := 0
		for id, state := range r.states(t) {
			if strings.HasPrefix(id, "automation.") && state.State == "on" && strings.HasPrefix(fmt.Sprint(state.Attributes["id"]), "systant_nas_") {
				on++
			}
		}
		return on == 3
	})
}

// testButton presses a button, which runs its command.
func (r *residence) testButton(t *testing.T) {
	r.call(t, http.MethodPost, "/api/services/button/press", map[string]any{"entity_id": "button.nas_restart_nginx_service"}, nil)
	eventually(t, "the command has run", func() bool { _, err := os.Stat(filepath.Join(r.folder, "nginx.service")); return err == nil })
	eventually(t, "the event tells it", func() bool {
		event := r.states(t)["event.nas_last_command"]
		return event.Attributes["event_type"] == "ok" && event.Attributes["command"] == "restart" && event.Attributes["exit_code"] == 0.0
	})
}

// testEnable enables an entity that is disabled at first.
func (r *residence) testEnable(t *testing.T) {
	r.ask(t, "config/entity_registry/update", map[string]any{"entity_id": r.id("memory_total"), "disabled_by": nil}, nil)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Second) { // it reloads after 30 s
		if decimal.MatchString(r.states(t)[r.id("memory_total")].State) {
			r.await(t)
			return
		}
	}
	t.Errorf("got %+v", r.states(t)[r.id("memory_total")])
}

// testRestart restarts Home Assistant.
func (r *residence) testRestart(t *testing.T) {
	before := r.entries(t, r.device.ID)
	if bad := r.complaints(t); len(bad) > 0 {
		t.Errorf("its log says:\n%s", strings.Join(bad, "\n"))
	}
	r.restart(t)
	r.await(t)
	if after := r.entries(t, r.device.ID); len(after) != len(before) {
		t.Errorf("got %d entities, had %d", len(after), len(before))
	}
}

// testBrokerRestart restarts the broker, which forgets everything.
func (r *residence) testBrokerRestart(t *testing.T) {
	r.broker.signal(t, syscall.SIGTERM)
	r.broker.wait(t)
	eventually(t, "nothing is available", func() bool { return r.states(t)[r.id("cpu_usage")].State == "unavailable" })
	r.broker.restart(t)
	r.await(t)
}

// testAgentRestart stops the agent, and starts it again.
func (r *residence) testAgentRestart(t *testing.T) {
	r.stopAgent(t)
	r.absent(t)
	r.startAgent(t)
	r.await(t)
}

// absent waits until Home Assistant knows that the host is gone.
func (r *residence) absent(t *testing.T) {
	t.Helper()
	eventually(t, "the host is offline and the rest unavailable", func() bool {
		states := r.states(t)
		for key, one := range r.document.Components {
			want := "unavailable"
			if key == "online" {
				want = "off"
			}
			if one.enabled() && states[one.EntityID].State != want {
				return false
			}
		}
		return true
	})
}

// testAgentKilled kills the agent, so that its last will speaks.
func (r *residence) testAgentKilled(t *testing.T) {
	r.agent.signal(t, syscall.SIGKILL)
	<-r.agent.ended
	r.absent(t)
	r.startAgent(t)
	r.await(t)
}

// edit replaces a text of the agent's configuration.
func (r *residence) edit(t *testing.T, before, after string) {
	t.Helper()
	text, err := os.ReadFile(r.config)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(text), before, after, 1)
	if edited == string(text) {
		t.Fatalf("the configuration has no %s", before)
	}
	if err := os.WriteFile(r.config, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
}

// testRename gives the host another name: it stays the same device, with the
// same entities.
func (r *residence) testRename(t *testing.T) {
	before := r.entries(t, r.device.ID)
	for _, name := range []string{"attic", "nas"} {
		r.stopAgent(t)
		r.edit(t, "hostname = ", fmt.Sprintf("hostname = %q #", name))
		r.startAgent(t)
		eventually(t, "the device has the new name", func() bool {
			d, there := r.hass.device(t, r.document.Device.Identifiers[0])
			return there && d.ID == r.device.ID && d.Name == "Systant "+name
		})
		r.await(t)
		if after := r.entries(t, r.device.ID); !maps.Equal(after, before) {
			t.Errorf("got %d entities, had %d, or others", len(after), len(before))
		}
	}
}

// testVanish leaves a filesystem out: its entities leave, and no others.
func (r *residence) testVanish(t *testing.T) {
	before := r.entries(t, r.device.ID)
	r.stopAgent(t)
	r.edit(t, "[commands]", "[disk]\nexclude = [\"/\"]\n[commands]")
	usage := r.id("disk_usage__root")
	r.startAgent(t)
	eventually(t, "its usage is unknown", func() bool { return r.states(t)[usage].State == "unknown" })
	gone := 0
	for _, one := range before {
		if strings.Contains(one.UniqueID, "__root") {
			gone++
		}
	}
	if gone == 0 {
		t.Fatal("there is no root filesystem")
	}
	eventually(t, "its entities are gone", func() bool {
		after := r.entries(t, r.device.ID)
		for id := range after {
			if strings.Contains(id, "__root") {
				return false
			}
		}
		return len(after) <= len(before)-gone
	})
	r.readDocument(t, func(d document) bool {
		for key := range d.Components {
			if strings.HasSuffix(key, "__root") {
				return false
			}
		}
		return true
	})
	r.await(t)
}

// testLog looks for complaints in the log of Home Assistant.
func (r *residence) testLog(t *testing.T) {
	if bad := r.complaints(t); len(bad) > 0 {
		t.Errorf("its log says:\n%s", strings.Join(bad, "\n"))
	}
}

// testDelete deletes the device, which stays away until the agent starts anew.
func (r *residence) testDelete(t *testing.T) {
	_, arrived := r.broker.connect(t, "homeassistant/device/+/config")
	r.ask(t, "config/device_registry/remove_config_entry", map[string]any{"device_id": r.device.ID, "config_entry_id": r.device.ConfigEntries[0]}, nil)
	eventually(t, "the document is deleted", func() bool {
		select {
		case m := <-arrived:
			return len(m.Payload) == 0
		default:
			return false
		}
	})
	r.restart(t)
	time.Sleep(10 * time.Second) // nothing must happen
	if d, there := r.hass.device(t, r.document.Device.Identifiers[0]); there {
		t.Errorf("the device is back: %+v", d)
	}
	r.stopAgent(t)
	r.startAgent(t)
	r.testDevice(t)
	r.await(t)
}

// testRemove takes the host out by the agent's program, from another host.
func (r *residence) testRemove(t *testing.T) {
	r.stopAgent(t)
	other := write(t, "other.toml", fmt.Sprintf("[general]\nhostname = \"other\"\n[mqtt]\nhost = \"127.0.0.1\"\nport = %d\n", r.broker.port))
	p := start(t, "systant-agent", nil, "discovery", "remove", "-config", other, "nas")
	if status := p.wait(t); status != 0 {
		t.Fatalf("got %d, %s", status, p.said())
	}
	eventually(t, "the device is gone", func() bool {
		_, there := r.hass.device(t, r.document.Device.Identifiers[0])
		return !there
	})
}
