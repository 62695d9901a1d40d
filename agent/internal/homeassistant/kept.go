package homeassistant

import (
	"encoding/json"
	"regexp"
	"slices"

	"systant/pkg/schema"
)

// maxDocument is the most bytes of a document: brokers have limits.
const maxDocument = 192 << 10

// MaxPacket is the most bytes that the link must take to read a document back.
const MaxPacket = 256 << 10

// keyPattern matches the keys of components.
var keyPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,149}$`)

// parse returns the entities of a document that this device has published
// earlier; what can't be from it is left out.
func (c *Config) parse(text []byte) map[string]Component {
	var d struct {
		Components map[string]json.RawMessage `json:"components"`
	}
	if json.Unmarshal(text, &d) != nil {
		return nil
	}
	components := make(map[string]Component)
	for key, raw := range d.Components {
		var one Component
		if json.Unmarshal(raw, &one) == nil && keyPattern.MatchString(key) && platforms[one.Platform].required != nil && one.UniqueID == c.DeviceID+"_"+key {
			components[key] = one
		}
	}
	return components
}

// fit returns the document as JSON, without the last of the entities that are
// disabled at first where it would be too large, and how many those are.
func (d *Document) fit() (text []byte, left int) {
	text = d.encode()
	if len(text) <= maxDocument {
		return text, 0
	}
	var optional []string
	for key, one := range d.Components {
		if one.optional() {
			optional = append(optional, key)
		}
	}
	slices.Sort(optional)
	smaller := *d
	smaller.Components = make(map[string]Component)
	for key, one := range d.Components {
		if !one.optional() {
			smaller.Components[key] = one
		}
	}
	room := maxDocument - len(smaller.encode())
	for _, key := range optional {
		one := d.Components[key]
		raw, err := json.Marshal(&one)
		if room -= len(raw) + len(key) + 4; err != nil || room < 0 {
			left++
			continue
		}
		smaller.Components[key] = one
	}
	return smaller.encode(), left
}

// encode returns the document as JSON, the same for the same document.
func (d *Document) encode() []byte {
	text, err := json.Marshal(d)
	if err != nil {
		panic(err) // its fields are text and numbers
	}
	return text
}

// Parse returns which host is announced by a document, if Systant has written it.
func Parse(topics schema.Topics, text []byte) (host string, ok bool) {
	var d Document
	if json.Unmarshal(text, &d) != nil || d.Origin.Name != originName {
		return "", false
	}
	host, kind, err := topics.ParseHost(d.StateTopic)
	return host, err == nil && kind == schema.KindEntities
}

// stranger returns the name that a document gives its device.
func stranger(text []byte) string {
	var d Document
	_ = json.Unmarshal(text, &d) // then the name stays empty
	return cut(d.Device.Name, maxName)
}
