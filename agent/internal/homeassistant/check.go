package homeassistant

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Loss is what Home Assistant does about a fault.
type Loss string

// What is lost by a fault.
const (
	LosesAll    Loss = "refuses the document"
	LosesEntity Loss = "drops the entity"
	LosesKey    Loss = "ignores the key"
)

// Finding is a fault of a document.
type Finding struct {
	// Place is where the fault is, such as "components.online.unit_of_measurement".
	Place string
	// Text says what is wrong.
	Text string
	Loss Loss
}

// String returns the finding as a line of text.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: Home Assistant %s", f.Place, f.Text, f.Loss)
}

// tree is a JSON object.
type tree = map[string]any

// checker collects findings.
type checker struct {
	findings []Finding
	root     tree
}

// add notes a finding.
func (k *checker) add(loss Loss, place, format string, args ...any) {
	k.findings = append(k.findings, Finding{place, fmt.Sprintf(format, args...), loss})
}

// Check returns what Home Assistant would not take of a device's document that
// is published on a topic below a prefix. Documents of other programs can use
// platforms and device classes that it does not know.
func Check(prefix, topic string, document []byte) []Finding {
	k := &checker{}
	k.topic(prefix, topic)
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	if err := decoder.Decode(&k.root); err != nil {
		k.add(LosesAll, "document", "not a JSON object: %v", err)
		return k.findings
	}
	k.frame()
	components, ok := k.root["components"].(tree)
	if !ok {
		k.add(LosesAll, "components", "must be an object")
	}
	ids := make(map[string]string)
	for _, key := range slices.Sorted(maps.Keys(components)) {
		k.component(key, components[key], ids)
	}
	return k.findings
}

// level matches a level of a discovery topic.
var level = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// topic checks where the document is published.
func (k *checker) topic(prefix, topic string) {
	rest, ok := strings.CutPrefix(topic, prefix+"/device/")
	id, config := strings.CutSuffix(rest, "/config")
	levels := strings.Split(id, "/")
	if !ok || !config || len(levels) > 2 || slices.ContainsFunc(levels, func(l string) bool { return !level.MatchString(l) }) {
		k.add(LosesAll, "topic", "%q is not %s/device/[NODE/]ID/config with a-z, A-Z, 0-9, '_' and '-' for ID", topic, prefix)
	}
}

// closed checks that an object has no keys but some.
func (k *checker) closed(place string, object tree, keys []string) {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(keys, key) {
			k.add(LosesAll, join(".", place, key), "is no key there")
		}
	}
}

// frame checks all but the components.
func (k *checker) frame() {
	k.closed("", k.root, rootKeys)
	device, _ := k.root["device"].(tree)
	k.closed("device", device, deviceKeys)
	identifiers, _ := device["identifiers"].([]any)
	connections, _ := device["connections"].([]any)
	if id, _ := device["identifiers"].(string); id == "" && len(identifiers) == 0 && len(connections) == 0 {
		k.add(LosesAll, "device", "needs identifiers or connections")
	}
	for _, id := range identifiers {
		if text, ok := id.(string); !ok || text == "" {
			k.add(LosesAll, "device.identifiers", "must be texts")
		}
	}
	if text, _ := device["name"].(string); text == "" {
		k.add(LosesKey, "device.name", "is missing; entities get odd ids without it")
	}
	k.texts("device", device, "name", "manufacturer", "model", "model_id", "hw_version", "sw_version", "serial_number", "suggested_area", "via_device", "configuration_url")
	k.link("device.configuration_url", device["configuration_url"], "http", "https", "homeassistant")
	origin, _ := k.root["origin"].(tree)
	k.closed("origin", origin, originKeys)
	k.texts("origin", origin, "name", "sw_version", "support_url")
	k.link("origin.support_url", origin["support_url"], "http", "https", "homeassistant")
	if text, _ := origin["name"].(string); text == "" {
		k.add(LosesAll, "origin.name", "is missing")
	}
	k.texts("", k.root, "state_topic", "command_topic", "availability_topic", "encoding")
	k.availability(LosesAll, "", k.root)
	if qos, ok := k.root["qos"]; ok && !slices.Contains([]any{json.Number("0"), json.Number("1"), json.Number("2")}, qos) {
		k.add(LosesAll, "qos", "must be 0, 1 or 2, not %v", qos)
	}
}

// texts checks that values are texts where they are there.
func (k *checker) texts(place string, object tree, keys ...string) {
	for _, key := range keys {
		if value, ok := object[key]; ok {
			if _, ok := value.(string); !ok {
				k.add(LosesAll, join(".", place, key), "must be text, not %v", value)
			}
		}
	}
}

// link checks a URL, if it is there.
func (k *checker) link(place string, value any, schemes ...string) {
	text, ok := value.(string)
	if !ok {
		return
	}
	if u, err := url.Parse(text); err != nil || !slices.Contains(schemes, u.Scheme) || u.Host == "" {
		k.add(LosesAll, place, "%q is not a URL of %s", text, strings.Join(schemes, ", "))
	}
}

// availability checks how an object says when it is available.
func (k *checker) availability(loss Loss, place string, object tree) {
	value, ok := object["availability"]
	if _, other := object["availability_topic"]; ok && other {
		k.add(loss, join(".", place, "availability"), "stands beside availability_topic")
	}
	list, isList := value.([]any)
	if ok && !isList {
		k.add(loss, join(".", place, "availability"), "must be a list")
	}
	for i, one := range list {
		at := fmt.Sprintf("%s[%d]", join(".", place, "availability"), i)
		entry, _ := one.(tree)
		for key := range entry {
			if !slices.Contains(availabilityKeys, key) {
				k.add(loss, at+"."+key, "is no key there")
			}
		}
		if topic, _ := entry["topic"].(string); topic == "" || strings.ContainsAny(topic, "#+") {
			k.add(loss, at+".topic", "must be a topic")
		}
	}
	if mode, ok := object["availability_mode"]; ok && !slices.Contains([]any{"all", "any", "latest"}, mode) {
		k.add(loss, join(".", place, "availability_mode"), "must be all, any or latest, not %v", mode)
	}
}
