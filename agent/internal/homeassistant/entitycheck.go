package homeassistant

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// entityID matches what Home Assistant takes for the id of an entity
// (homeassistant/core.py, valid_entity_id).
var entityID = regexp.MustCompile(`^[a-z0-9_]+\.[a-z0-9]+(_[a-z0-9]+)*$`)

// component checks one component of a document.
func (k *checker) component(key string, value any, ids map[string]string) {
	place := "components." + key
	one, ok := value.(tree)
	name, _ := one["platform"].(string)
	switch {
	case !ok:
		k.add(LosesAll, place, "must be an object")
		return
	case strings.ContainsAny(key, " /+#"):
		k.add(LosesEntity, place, "the key has a character that discovery can't use")
	case !slices.Contains(supported, name):
		k.add(LosesAll, place+".platform", "%q is none", name)
		return
	case len(one) == 1:
		return // it takes leave
	}
	id, _ := one["unique_id"].(string)
	if id == "" {
		k.add(LosesAll, place+".unique_id", "is missing")
	}
	if other := ids[name+" "+id]; other != "" {
		k.add(LosesEntity, place+".unique_id", "is that of %s too", other)
	}
	ids[name+" "+id] = key
	if p, ok := platforms[name]; ok {
		k.entity(place, name, p, one)
	}
}

// entity checks a component by the rules of its platform.
func (k *checker) entity(place, name string, p platform, one tree) {
	for _, key := range p.required {
		if _, inherited := k.root[key]; one[key] == nil && !inherited {
			k.add(LosesEntity, place+"."+key, "is missing")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(one)) {
		if !p.known(key) {
			k.add(LosesKey, place+"."+key, "is no key of a %s", name)
		} else if want := wanted(key, one[key]); want != "" {
			k.add(LosesEntity, place+"."+key, "must be %s, not %v", want, one[key])
		}
	}
	k.availability(LosesEntity, place, one)
	k.category(place, name, p, one)
	if id, ok := one["default_entity_id"].(string); ok && (!entityID.MatchString(id) || !strings.HasPrefix(id, name+".")) {
		k.add(LosesKey, place+".default_entity_id", "%q is no id of a %s", id, name)
	}
	if types, ok := one["event_types"].([]any); name == "event" && (!ok || len(types) == 0) {
		k.add(LosesEntity, place+".event_types", "must be a list of texts")
	}
	if name == "sensor" {
		k.sensor(place, one)
	}
}

// category checks what kind of entity a component is.
func (k *checker) category(place, name string, p platform, one tree) {
	category, ok := one["entity_category"]
	if ok && category != diagnostic && (category != "config" || p.readOnly) {
		k.add(LosesEntity, place+".entity_category", "%v is none of a %s", category, name)
	}
	class, _ := one["device_class"].(string)
	if class != "" && p.classes != nil && !slices.Contains(p.classes, class) {
		k.add(LosesEntity, place+".device_class", "%q is none of a %s", class, name)
	}
}

// sensor checks that what a sensor says of its values goes together.
func (k *checker) sensor(place string, one tree) {
	class, _ := one["device_class"].(string)
	unit, hasUnit := one["unit_of_measurement"].(string)
	state, hasState := one["state_class"].(string)
	if hasState && !slices.Contains(stateClasses, state) {
		k.add(LosesEntity, place+".state_class", "%q is none", state)
	}
	if options, ok := one["options"]; ok {
		if list, _ := options.([]any); len(list) == 0 || class != "enum" || hasUnit || hasState {
			k.add(LosesEntity, place+".options", "are for sensors of device class enum, without unit and state class")
		}
	}
	if _, ok := one["last_reset_value_template"]; ok && state != "total" {
		k.add(LosesEntity, place+".last_reset_value_template", "is for state class total")
	}
	if state == "measurement_angle" && unit != "°" {
		k.add(LosesEntity, place+".state_class", "measurement_angle goes with °, not %q", unit)
	}
	if class != "" {
		k.quantity(place, class, unit, state)
	}
}

// quantity checks the unit and the state class of a sensor by its device class.
func (k *checker) quantity(place, class, unit, state string) {
	q, known := quantities[class]
	switch {
	case !known:
		k.add(LosesEntity, place+".device_class", "%q is not known here", class)
	case q.text && (unit != "" || state != ""):
		k.add(LosesEntity, place+".device_class", "%s has neither unit nor state class", class)
	case !q.text && !slices.Contains(q.units, unit):
		k.add(LosesEntity, place+".unit_of_measurement", "%q is not one of %s: %s", unit, class, strings.Join(q.units, " "))
	case state != "" && !slices.Contains(q.stateClasses, state):
		k.add(LosesKey, place+".state_class", "%s is not one of %s: no statistics", state, class)
	}
}

// values are the kinds of values, and which keys of an entity have them.
var values = []struct {
	kind string
	keys []string
	good func(any) bool
}{
	{"text or null", words("name"), func(v any) bool { return v == nil || isText(v) }},
	{"text", words(`unique_id default_entity_id device_class state_class unit_of_measurement entity_category payload_on payload_off
		payload_press`), isText},
	{"such as mdi:fan", words("icon"), func(v any) bool { return isText(v) && strings.Contains(v.(string), ":") }},
	{"a topic", words("state_topic command_topic json_attributes_topic availability_topic"), func(v any) bool {
		return isText(v) && v != "" && !strings.ContainsAny(v.(string), "#+\x00")
	}},
	{"a template", words("value_template json_attributes_template command_template availability_template last_reset_value_template"), func(v any) bool {
		return isText(v) && balanced(v.(string))
	}},
	{"true or false", words("enabled_by_default visible_by_default force_update retain"), func(v any) bool { return v == true || v == false }},
	{"a whole number", words("expire_after suggested_display_precision off_delay qos"), func(v any) bool {
		number, _ := v.(json.Number)
		whole, err := number.Int64()
		return err == nil && whole >= 0
	}},
}

// wanted returns what the value of a key must be if it is not that.
func wanted(key string, value any) string {
	for _, one := range values {
		if slices.Contains(one.keys, key) && !one.good(value) {
			return one.kind
		}
	}
	return ""
}

// isText tells whether a value of JSON is text.
func isText(value any) bool {
	_, ok := value.(string)
	return ok
}

// balanced tells whether a template closes what it opens.
func balanced(template string) bool {
	for _, pair := range [][2]string{{"{{", "}}"}, {"{%", "%}"}} {
		if strings.Count(template, pair[0]) != strings.Count(template, pair[1]) {
			return false
		}
	}
	return true
}
