package homeassistant

import (
	"strings"

	"systant/pkg/schema"
)

// maxInstances is the most instances of a group whose details are entities:
// nobody looks at more cores one by one, and Home Assistant registers them all.
const maxInstances = 32

// metrics returns a sensor for each number of a sample, but for those that are
// shown as something else.
func (c *Config) metrics(s *schema.Stats, numbers []schema.Number) []entity {
	instances := make(map[string]map[string]bool)
	for _, r := range numbers {
		if instances[r.Group.Name] == nil {
			instances[r.Group.Name] = make(map[string]bool)
		}
		instances[r.Group.Name][r.Instance] = true
	}
	all := make([]entity, 0, len(numbers))
	for _, r := range numbers {
		if r.Metric.ID == rebootMetric {
			continue
		}
		if r.Metric.Rank == schema.Main || len(instances[r.Group.Name]) <= maxInstances {
			all = append(all, c.metric(s, r))
		}
	}
	return all
}

// metric returns the sensor of a number.
func (c *Config) metric(s *schema.Stats, r schema.Number) entity {
	g := groupOf(r.Group.Name)
	scale := g.scale(r.Metric.Unit)
	one := c.sensor(metricKey(*r.Group, *r.Metric, r.Instance))
	one.DefaultEntityID = c.entityID("sensor", g.key, instanceID(s, *r.Group, r.Instance), field(*r.Metric))
	one.Name = metricName(s, g, r)
	one.DeviceClass, one.StateClass, one.UnitOfMeasurement = scale.deviceClass, scale.stateClass, scale.unit
	one.SuggestedDisplayPrecision = scale.shown(*r.Metric)
	main := r.Metric.Rank == schema.Main
	if r.Metric.Counter() {
		one.StateClass = totalIncreasing
	}
	if main && r.Metric.Unit == schema.Percent {
		one.DeviceClass = g.percent
	}
	if one.DeviceClass == "" {
		one.Icon = g.icon
	}
	if !main || g.diagnostic || r.Metric.Unit == schema.Timestamp {
		one.EntityCategory = diagnostic
	}
	if !main || !c.wanted(s, r.Group.Name, r.Instance) {
		one.EnabledByDefault = new(false)
	}
	one.value = scale.show(r.Metric.Unit, r.Value)
	return one
}

// diagnostic is the category of entities about the host's health and nature.
const diagnostic = "diagnostic"

// metricName returns the name of a number for people, such as "CPU usage",
// "Disk /home free" or "nvme0 Composite temperature".
func metricName(s *schema.Stats, g group, r schema.Number) string {
	subject := join(" ", g.word, title(s, *r.Group, r.Instance))
	label := lowerFirst(r.Metric.Label)
	switch {
	case subject == "":
		return r.Metric.Label
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
