package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"systant/pkg/mqtt"
)

// discoveryConfig is the configuration of an agent that measures often.
const discoveryConfig = "[general]\nhostname = %q\ninterval = \"1s\"\nstartup_delay = \"1h\"\n[mqtt]\nhost = \"127.0.0.1\"\nport = %d\n[homeassistant]\ninterval = \"1s\"\ndevice_id = %q\n"

// kept returns the topics that a broker keeps, with what they say.
func kept(t *testing.T, m *mosquitto) map[string]mqtt.Message {
	t.Helper()
	link, arrived := m.connect(t, "systant/#", "homeassistant/#")
	probe := mqtt.Message{Topic: "systant/probe/x", QoS: 1}
	if err := link.Publish(t.Context(), probe); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]mqtt.Message)
	for message := range arrived {
		if message.Topic == probe.Topic { // behind all that was kept
			break
		}
		all[message.Topic] = message
	}
	if err := link.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return all
}

// discoveryRemove runs that word of the agent's program.
func discoveryRemove(t *testing.T, config string, which ...string) (status int, said string) {
	t.Helper()
	p := start(t, "systant-agent", nil, append([]string{"discovery", "remove", "-config", config}, which...)...)
	status = p.wait(t)
	return status, p.stdout.String() + p.said()
}

// TestDiscovery has an agent announce itself by a real broker, hear that it was
// deleted, and be removed with everything that the broker has of it.
func TestDiscovery(t *testing.T) {
	broker := startMosquitto(t, open)
	config := write(t, "systant.toml", fmt.Sprintf(discoveryConfig, "nas", broker.port, "systant_nas"))
	document, values := "homeassistant/device/systant_nas/config", "systant/nas/homeassistant"
	agent := start(t, "systant-agent", nil, "-config", config)
	var there map[string]mqtt.Message
	eventually(t, "the host is announced, before the first sample", func() bool {
		there = kept(t, broker)
		return len(there[document].Payload) > 0 && len(there[values].Payload) > 0
	})
	var shown map[string]any
	if err := json.Unmarshal(there[values].Payload, &shown); err != nil || shown["kernel"] == nil || there[values].Expiry == 0 || there[document].Expiry != 0 {
		t.Errorf("got the values %v, %v", shown, err)
	}
	if _, early := there["systant/nas/stats"]; early {
		t.Error("the inventory was published as a sample")
	}

	// The agent that is removed while it is there keeps silent.
	if status, said := discoveryRemove(t, config, "nas"); status != 0 || !strings.Contains(said, "systant_nas") || !strings.Contains(said, "not known to be offline") {
		t.Errorf("remove: %d, %s", status, said)
	}
	eventually(t, "the agent hears that it was removed", func() bool { return strings.Contains(agent.said(), "deleted in Home Assistant") })
	if left := kept(t, broker); len(left[document].Payload) > 0 || len(left["systant/nas/status"].Payload) == 0 {
		t.Errorf("got %v", left)
	}
	agent.signal(t, syscall.SIGTERM)
	agent.wait(t)

	// It comes back, with another name, and beside another device of that name.
	renamed := write(t, "systant.toml", fmt.Sprintf(discoveryConfig, "nas2", broker.port, "systant_nas"))
	second := write(t, "systant.toml", fmt.Sprintf(discoveryConfig, "nas2", broker.port, "systant_other"))
	for _, one := range []string{renamed, second} {
		agent = start(t, "systant-agent", nil, "-config", one)
		eventually(t, "it is announced", func() bool { return strings.Contains(agent.said(), "announced to Home Assistant") })
		agent.signal(t, syscall.SIGTERM)
		agent.wait(t)
	}
	if status, said := discoveryRemove(t, renamed, "nas2"); status != 1 || !strings.Contains(said, "name one of systant_nas, systant_other") {
		t.Errorf("remove of a name with two devices: %d, %s", status, said)
	}
	if status, said := discoveryRemove(t, renamed, "systant_other"); status != 0 || !strings.Contains(said, "nas2: kept") {
		t.Errorf("remove by id: %d, %s", status, said)
	}
	if status, said := discoveryRemove(t, renamed); status != 0 || !strings.Contains(said, "nas2: removed what") {
		t.Errorf("remove of the own one: %d, %s", status, said)
	}
	if status, said := discoveryRemove(t, renamed, "nas"); status != 0 || !strings.Contains(said, "nas: removed what") {
		t.Errorf("remove of the old name: %d, %s", status, said)
	}
	if status, said := discoveryRemove(t, renamed, "nas"); status != 1 || !strings.Contains(said, "no such device") {
		t.Errorf("remove of what is gone: %d, %s", status, said)
	}
	var left []string
	for topic, m := range kept(t, broker) {
		if len(m.Payload) > 0 {
			left = append(left, topic)
		}
	}
	if slices.Sort(left); len(left) > 0 {
		t.Errorf("the broker still has %q", left)
	}
}

// TestDiscoveryRefused has an agent whose user may not announce anything: it
// says so, and works on.
func TestDiscoveryRefused(t *testing.T) {
	rules := write(t, "acl", "topic readwrite systant/nas/stats\ntopic readwrite systant/nas/status\n")
	broker := startMosquitto(t, open+"acl_file "+rules+"\n")
	config := write(t, "systant.toml", strings.Replace(fmt.Sprintf(discoveryConfig, "nas", broker.port, "systant_nas"), `"1h"`, `"1s"`, 1))
	agent := start(t, "systant-agent", nil, "-config", config)
	_, arrived := broker.connect(t, "systant/nas/stats")
	for range 8 { // longer than the time between two tries
		<-arrived
	}
	agent.alive(t)
	if n := strings.Count(agent.said(), "not announced to Home Assistant"); n != 2 || strings.Contains(agent.said(), `msg="announced`) {
		t.Errorf("told %d times, want once for each topic: %s", n, agent.said())
	}
}
