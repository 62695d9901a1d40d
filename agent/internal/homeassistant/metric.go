package homeassistant

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"systant/pkg/schema"
)

// fields are the keys of a group or of an instance, numbers or not.
type fields map[string]any

// reading is a number of a sample with its place in the catalogue.
type reading struct {
	group    schema.Group
	metric   schema.Metric
	instance string
	value    float64
}

// readings returns all numbers of a sample in the order of the catalogue. It
// takes them from the sample's JSON, where each stands at group.field or
// group.instance.field, so that no metric has to be known here.
func readings(s *schema.Stats) []reading {
	text, err := json.Marshal(s)
	if err != nil {
		return nil // a number that is none; the sample is not published either
	}
	var groups map[string]json.RawMessage
	if json.Unmarshal(text, &groups) != nil {
		return nil
	}
	var all []reading
	for _, g := range schema.Catalogue() {
		instances := make(map[string]fields)
		if g.Instance == "" {
			var own fields
			_ = json.Unmarshal(groups[g.Name], &own) // what is absent stays empty
			instances[""] = own
		} else {
			_ = json.Unmarshal(groups[g.Name], &instances)
		}
		for _, instance := range slices.Sorted(maps.Keys(instances)) {
			for _, m := range g.Metrics {
				if value, ok := instances[instance][m.Field()].(float64); ok {
					all = append(all, reading{g, m, instance, value})
				}
			}
		}
	}
	return all
}

// maxInstances is the most instances of a group whose details are entities:
// nobody looks at more cores one by one, and Home Assistant registers them all.
const maxInstances = 32

// metrics returns a sensor for each number of a sample.
func (c *Config) metrics(s *schema.Stats, numbers []reading) []entity {
	instances := make(map[string]map[string]bool)
	for _, r := range numbers {
		if instances[r.group.Name] == nil {
			instances[r.group.Name] = make(map[string]bool)
		}
		instances[r.group.Name][r.instance] = true
	}
	all := make([]entity, 0, len(numbers))
	for _, r := range numbers {
		if r.metric.Rank == schema.Main || len(instances[r.group.Name]) <= maxInstances {
			all = append(all, c.metric(s, r))
		}
	}
	return all
}

// metric returns the sensor of a number.
func (c *Config) metric(s *schema.Stats, r reading) entity {
	g := groupOf(r.group.Name)
	scale := g.scale(r.metric.Unit)
	one := c.sensor(metricKey(r.group, r.metric, r.instance))
	one.DefaultEntityID = c.entityID("sensor", g.key, instanceID(s, r.group, r.instance), field(r.metric))
	one.Name = metricName(s, g, r)
	one.DeviceClass, one.StateClass, one.UnitOfMeasurement = scale.deviceClass, scale.stateClass, scale.unit
	one.SuggestedDisplayPrecision = scale.shown(r.metric)
	main := r.metric.Rank == schema.Main
	if r.metric.Counter() {
		one.StateClass = totalIncreasing
	}
	if main && r.metric.Unit == schema.Percent {
		one.DeviceClass = g.percent
	}
	if one.DeviceClass == "" {
		one.Icon = g.icon
	}
	if !main || g.diagnostic || r.metric.Unit == schema.Timestamp {
		one.EntityCategory = diagnostic
	}
	if !main || !c.wanted(s, r.group.Name, r.instance) {
		one.EnabledByDefault = new(false)
	}
	one.value = scale.show(r.metric.Unit, r.value)
	return one
}

// diagnostic is the category of entities about the host's health and nature.
const diagnostic = "diagnostic"

// metricName returns the name of a number for people, such as "CPU usage",
// "Disk /home free" or "nvme0 Composite temperature".
func metricName(s *schema.Stats, g group, r reading) string {
	subject := join(" ", g.word, title(s, r.group, r.instance))
	label := lowerFirst(r.metric.Label)
	switch {
	case subject == "":
		return r.metric.Label
	case strings.EqualFold(g.word, label), strings.HasSuffix(strings.ToLower(subject), " "+label):
		return subject // it would say the same twice
	}
	return subject + " " + label
}

// sensor returns a sensor that shows the value of its key.
func (c *Config) sensor(key string) entity {
	return entity{key: key, Component: Component{
		Platform:      "sensor",
		UniqueID:      c.DeviceID + "_" + key,
		ValueTemplate: valueTemplate(key),
		ExpireAfter:   int(c.staleAfter().Seconds()),
	}}
}
