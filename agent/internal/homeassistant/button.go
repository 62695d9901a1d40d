package homeassistant

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"systant/pkg/schema"
)

// maxButtons bounds the buttons of one command.
const maxButtons = 16

// pressTemplate completes the request of a button when it is pressed. The id
// keeps a request that is delivered twice from running twice.
const pressTemplate = "{{ dict(value | from_json, request_id='ha-' ~ now().timestamp()) | to_json }}"

// eventTemplate makes an event of a response. Progress is none, and neither is
// that somebody asked what commands there are.
const eventTemplate = "{% if value_json['status'] != 'running' and value_json['command'] != '" + schema.List + "' %}" +
	"{{ dict(event_type=value_json['status'], command=value_json['command'], request_id=value_json['request_id'], " +
	"exit_code=value_json['exit_code'] | default(none), error=value_json['error'] | default(none), " +
	"duration_seconds=value_json['duration_seconds'] | default(none)) | to_json }}{% endif %}"

// outcomes are the events that a response can be.
var outcomes = []string{
	string(schema.StatusOK), string(schema.StatusFailed), string(schema.StatusTimeout), string(schema.StatusRefused),
	string(schema.StatusBusy), string(schema.StatusDuplicate), string(schema.StatusExpired),
}

// source is whom the audit log has as the sender of a request.
const source = "Home Assistant"

// commands returns the buttons, and the event that tells how commands ended.
func (c *Config) commands() []entity {
	if !c.HasCommands {
		return nil
	}
	all := []entity{{key: "last_command", Component: Component{
		Platform:        "event",
		UniqueID:        c.DeviceID + "_last_command",
		DefaultEntityID: c.entityID("event", "last_command"),
		Name:            "Last command",
		Icon:            "mdi:console-line",
		EntityCategory:  diagnostic,
		StateTopic:      c.Topics.Host(c.Host, schema.KindResponses),
		ValueTemplate:   eventTemplate,
		EventTypes:      outcomes,
	}}}
	for i := range c.Commands {
		one := &c.Commands[i]
		if one.RequireSignature || one.Problem != "" {
			continue
		}
		for _, params := range presses(one) {
			all = append(all, c.button(one, params))
		}
	}
	return all
}

// CheckButtons returns an error for a command that buttons can't stand for.
func CheckButtons(c *schema.Command) error {
	for i, p := range c.Params {
		switch {
		case p.Default != nil:
		case i > 0:
			return fmt.Errorf("a button fills one parameter, and %s has no default", p.Name)
		case p.Type != schema.ParamEnum:
			return fmt.Errorf("a button has a value of an enum, and %s is none and has no default", p.Name)
		case len(p.Values) > maxButtons:
			return fmt.Errorf("%s has %d values; there are at most %d buttons", p.Name, len(p.Values), maxButtons)
		}
	}
	return nil
}

// presses returns the parameters of each button of a command: one button where
// all have defaults, else one for each value of the first.
func presses(c *schema.Command) [][]string {
	if len(c.Params) == 0 || c.Params[0].Default != nil {
		return [][]string{nil}
	}
	var all [][]string
	for _, value := range c.Params[0].Values {
		all = append(all, []string{value})
	}
	return all
}

// button returns a button that sends a request.
func (c *Config) button(command *schema.Command, params []string) entity {
	request, err := json.Marshal(schema.Request{Command: command.Trigger, Params: params, Source: source})
	if err != nil {
		panic(err) // its fields are text
	}
	key := "button__" + exactSlug(strings.Join(append([]string{command.Trigger}, params...), " "))
	words := strings.NewReplacer("-", " ", "_", " ").Replace(command.Trigger)
	return entity{key: key, Component: Component{
		Platform:        "button",
		UniqueID:        c.DeviceID + "_" + key,
		DefaultEntityID: c.entityID("button", slug(command.Trigger), slug(strings.Join(params, " "))),
		Name:            cut(upperFirst(join(" ", words, strings.Join(params, " "))), maxName),
		DeviceClass:     buttonClass(words),
		CommandTopic:    c.Topics.Host(c.Host, schema.KindCommands),
		CommandTemplate: pressTemplate,
		PayloadPress:    string(request),
	}}
}

// buttonClasses are the device classes of buttons, by words of a trigger.
var buttonClasses = []struct{ word, class string }{
	{"restart", "restart"}, {"reboot", "restart"},
	{"update", "update"}, {"upgrade", "update"},
	{"identify", "identify"}, {"locate", "identify"},
}

// buttonClass returns the device class of the button for a trigger.
func buttonClass(words string) string {
	for _, one := range buttonClasses {
		if slices.Contains(strings.Fields(words), one.word) {
			return one.class
		}
	}
	return ""
}
