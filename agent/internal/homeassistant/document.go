package homeassistant

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"systant/pkg/schema"
)

// Document describes a device, as Home Assistant reads it.
type Document struct {
	Device       Device         `json:"device"`
	Origin       Origin         `json:"origin"`
	Availability []Availability `json:"availability"`
	StateTopic   string         `json:"state_topic"`
	QoS          int            `json:"qos"`
	// Components are the entities, by keys that Home Assistant shows nowhere.
	Components map[string]Component `json:"components"`
}

// Device is what Home Assistant knows of the host itself.
type Device struct {
	Identifiers      []string `json:"identifiers"`
	Name             string   `json:"name"`
	Model            string   `json:"model,omitempty"`
	SerialNumber     string   `json:"serial_number,omitempty"`
	HWVersion        string   `json:"hw_version,omitempty"`
	SWVersion        string   `json:"sw_version,omitempty"`
	SuggestedArea    string   `json:"suggested_area,omitempty"`
	ConfigurationURL string   `json:"configuration_url,omitempty"`
}

// Origin says who wrote the document.
type Origin struct {
	Name       string `json:"name"`
	SWVersion  string `json:"sw_version,omitempty"`
	SupportURL string `json:"support_url,omitempty"`
}

// Availability is a topic that tells whether an entity's values are of now.
type Availability struct {
	Topic string `json:"topic"`
}

// Component is one entity. One that has a platform and nothing else takes leave
// of the entity.
type Component struct {
	Platform                  string          `json:"platform"`
	UniqueID                  string          `json:"unique_id,omitempty"`
	DefaultEntityID           string          `json:"default_entity_id,omitempty"`
	Name                      string          `json:"name,omitempty"`
	Icon                      string          `json:"icon,omitempty"`
	DeviceClass               string          `json:"device_class,omitempty"`
	StateClass                string          `json:"state_class,omitempty"`
	UnitOfMeasurement         string          `json:"unit_of_measurement,omitempty"`
	SuggestedDisplayPrecision *int            `json:"suggested_display_precision,omitempty"`
	EntityCategory            string          `json:"entity_category,omitempty"`
	EnabledByDefault          *bool           `json:"enabled_by_default,omitempty"`
	Availability              *[]Availability `json:"availability,omitempty"`
	StateTopic                string          `json:"state_topic,omitempty"`
	ValueTemplate             string          `json:"value_template,omitempty"`
	JSONAttributesTopic       string          `json:"json_attributes_topic,omitempty"`
	JSONAttributesTemplate    string          `json:"json_attributes_template,omitempty"`
	PayloadOn                 string          `json:"payload_on,omitempty"`
	PayloadOff                string          `json:"payload_off,omitempty"`
	ExpireAfter               int             `json:"expire_after,omitempty"` // seconds
	EventTypes                []string        `json:"event_types,omitempty"`
	CommandTopic              string          `json:"command_topic,omitempty"`
	CommandTemplate           string          `json:"command_template,omitempty"`
	PayloadPress              string          `json:"payload_press,omitempty"`
}

// tombstone returns what takes leave of a component.
func (c *Component) tombstone() Component {
	return Component{Platform: c.Platform}
}

// buried tells whether the component is a tombstone.
func (c *Component) buried() bool {
	return c.UniqueID == ""
}

// optional tells whether the entity is disabled until somebody wants it.
func (c *Component) optional() bool {
	return c.EnabledByDefault != nil && !*c.EnabledByDefault
}

const (
	// originName is how Home Assistant's log calls who wrote a document.
	originName = "Systant"
	// maxState is the most characters of a state.
	maxState = 255
)

// Topic returns where the document is published.
func (c *Config) Topic() string {
	return c.Prefix + "/device/" + c.DeviceID + "/config"
}

// Survey is what a sample says of the host: the entities that it has.
type Survey struct {
	config   *Config
	stats    *schema.Stats
	entities []entity
}

// Survey looks at a sample, in which hardly anything should be missing.
func (c *Config) Survey(s *schema.Stats) *Survey {
	numbers := slices.Collect(schema.NewReader().Numbers(s))
	all := []entity{c.online()}
	all = append(all, c.metrics(s, numbers)...)
	all = append(all, c.problems(s, numbers)...)
	all = append(all, c.facts(s)...)
	return &Survey{config: c, stats: s, entities: append(all, c.commands()...)}
}

// Document returns the document for the host.
func (s *Survey) Document() Document {
	d := s.config.frame(s.stats)
	for _, one := range s.entities {
		d.Components[one.key] = one.Component
	}
	return d
}

// frame returns the document without its components.
func (c *Config) frame(s *schema.Stats) Document {
	d := Document{
		Device:       Device{Identifiers: []string{c.DeviceID}, Name: "Systant " + c.Host, SuggestedArea: c.Area},
		Origin:       Origin{Name: originName, SWVersion: schema.Version},
		Availability: []Availability{{c.Topics.Host(c.Host, schema.KindStatus)}},
		StateTopic:   c.Topics.Host(c.Host, schema.KindEntities),
		QoS:          1,
		Components:   make(map[string]Component),
	}
	if c.DashboardURL != "" {
		d.Device.ConfigurationURL = strings.TrimSuffix(c.DashboardURL, "/") + "/host/" + url.PathEscape(c.Host)
	}
	if s.System != nil {
		d.Device.Model = cmp.Or(s.System.Machine, s.System.CPUModel)
		d.Device.HWVersion = s.System.Architecture
		d.Device.SWVersion = strings.TrimSpace(s.System.OS + " " + s.System.OSVersion)
	}
	return d
}

// entity is a component with its key and its present value.
type entity struct {
	key string
	Component
	value      any // a number or text; nil where nothing is published
	attributes any // what its attributes are made of, or nil
}

// Values returns what the entities show, as the payload of
// [schema.KindEntities]: a number or a text by key.
func (s *Survey) Values() map[string]any {
	values := make(map[string]any)
	for _, one := range s.entities {
		if one.value != nil {
			values[one.key] = one.value
		}
		if one.attributes != nil {
			values[one.key+attributesSuffix] = one.attributes
		}
	}
	return values
}

// attributesSuffix ends the key of an entity's attributes.
const attributesSuffix = "_attributes"

// valueTemplate returns the template that finds the value of a key. Keys have no
// characters but a-z, 0-9 and _, so that no host can write a template.
func valueTemplate(key string) string {
	return "{{ value_json['" + key + "'] | default(none) }}"
}

// attributesTemplate returns the template that finds the attributes of a key.
func attributesTemplate(key string) string {
	return "{{ value_json['" + key + attributesSuffix + "'] | default({}) | to_json }}"
}
