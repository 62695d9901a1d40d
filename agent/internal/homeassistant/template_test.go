package homeassistant

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// render returns what a template makes of a payload. It knows just what
// documents use of Jinja, and fails the test where Home Assistant would warn:
// of anything else, of an undefined value that is used, and of JSON that is none.
func render(t *testing.T, template string, payload []byte) string {
	t.Helper()
	r := renderer{rest: template, names: map[string]any{"value": string(payload)}}
	var value any
	if json.Unmarshal(payload, &value) == nil {
		r.names["value_json"] = value
	}
	defer func() {
		if problem := recover(); problem != nil {
			t.Fatalf("%s with %s: %v", template, payload, problem)
		}
	}()
	return r.text(true)
}

// undefined is the value of what is not there.
type undefined struct{}

// renderer renders a template from left to right. It panics at what it does
// not know.
type renderer struct {
	rest  string
	names map[string]any
}

// fail ends the rendering.
func (r *renderer) fail(format string, args ...any) {
	panic(fmt.Sprintf(format, args...) + fmt.Sprintf(", before %.40q", r.rest))
}

// take removes white space and then a text from the front, if it is there.
func (r *renderer) take(text string) bool {
	trimmed := strings.TrimLeft(r.rest, " ")
	after, ok := strings.CutPrefix(trimmed, text)
	if ok {
		r.rest = after
	}
	return ok
}

// need removes a text that has to be there.
func (r *renderer) need(text string) {
	if !r.take(text) {
		r.fail("%q is missing", text)
	}
}

// match removes what a pattern matches, or returns nothing.
func (r *renderer) match(pattern *regexp.Regexp) string {
	r.rest = strings.TrimLeft(r.rest, " ")
	text := pattern.FindString(r.rest)
	r.rest = r.rest[len(text):]
	return text
}

// text renders up to the end, or up to {% endif %}.
func (r *renderer) text(whole bool) string {
	var out strings.Builder
	for {
		at := strings.Index(r.rest, "{")
		if at < 0 {
			if !whole {
				r.fail("{%% endif %%} is missing")
			}
			return out.String() + r.rest
		}
		out.WriteString(r.rest[:at])
		r.rest = r.rest[at:]
		switch {
		case r.take("{{"):
			out.WriteString(r.show(r.expression()))
			r.need("}}")
		case r.take("{%"):
			if r.take("endif") {
				r.need("%}")
				return out.String()
			}
			r.need("if ")
			holds := r.condition()
			r.need("%}")
			if inner := r.text(false); holds {
				out.WriteString(inner)
			}
		default:
			r.fail("a brace that opens nothing")
		}
	}
}

// show returns a value as it stands in a text.
func (r *renderer) show(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	r.fail("%T can't be shown", value)
	return ""
}

// condition returns whether comparisons that "and" joins all hold.
func (r *renderer) condition() bool {
	holds := true
	for {
		left := r.expression()
		r.need("!=")
		if right := r.expression(); left == right {
			holds = false
		}
		if !r.take("and ") {
			return holds
		}
	}
}

// The tokens of expressions.
var (
	wordToken = regexp.MustCompile(`^[a-z_]+`)
	textToken = regexp.MustCompile(`^'[^'\\]*'`)
)

// expression returns the value of operands that ~ joins, each with filters.
func (r *renderer) expression() any {
	value := r.filtered()
	for r.take("~") {
		value = r.show(value) + r.show(r.filtered())
	}
	if value == (undefined{}) {
		r.fail("an undefined value is used")
	}
	return value
}

// filtered returns the value of an operand after its filters.
func (r *renderer) filtered() any {
	value := r.operand()
	for r.take("|") {
		filter := r.match(wordToken)
		if value == (undefined{}) && filter != "default" {
			r.fail("an undefined value goes through %s", filter)
		}
		switch filter {
		case "default":
			r.need("(")
			other := r.expression()
			r.need(")")
			if value == (undefined{}) {
				value = other
			}
		case "to_json":
			text, err := json.Marshal(value)
			if err != nil {
				r.fail("%v", err)
			}
			value = string(text)
		case "from_json":
			text, ok := value.(string)
			var parsed any
			if err := json.Unmarshal([]byte(text), &parsed); !ok || err != nil {
				r.fail("no JSON: %v", err)
			}
			value = parsed
		default:
			r.fail("the filter %q is not known", filter)
		}
	}
	return value
}

// operand returns the value of a literal, a name, a call or an item.
func (r *renderer) operand() any {
	if text := r.match(textToken); text != "" {
		return strings.Trim(text, "'")
	}
	if r.take("{") {
		r.need("}")
		return map[string]any{}
	}
	name := r.match(wordToken)
	switch name {
	case "none":
		return nil
	case "now":
		r.need("(")
		r.need(")")
		r.need(".timestamp(")
		r.need(")")
		return 1790000000.125
	case "dict":
		return r.dict()
	}
	value, ok := r.names[name]
	if !ok {
		r.fail("%q is not defined", name)
	}
	if !r.take("[") {
		return value
	}
	key := r.match(textToken)
	r.need("]")
	object, ok := value.(map[string]any)
	if !ok {
		r.fail("%s is no object", name)
	}
	if item, ok := object[strings.Trim(key, "'")]; ok {
		return item
	}
	return undefined{}
}

// dict returns the object that a call of dict makes: one that is given, with
// more keys.
func (r *renderer) dict() any {
	r.need("(")
	made := make(map[string]any)
	for first := true; !r.take(")"); first = false {
		if !first {
			r.need(",")
		}
		before := r.rest
		if key := r.match(wordToken); key != "" && r.take("=") {
			made[key] = r.expression()
			continue
		}
		r.rest = before
		object, ok := r.expression().(map[string]any)
		if !ok || !first {
			r.fail("dict of no object")
		}
		maps.Copy(made, object)
	}
	return made
}

// The renderer fails where Home Assistant would warn.
func TestRendererIsStrict(t *testing.T) {
	for _, template := range []string{
		"{{ value_json['x'] }}", "{{ value_json['x'] | to_json }}", "{{ value_json.x }}", "{{ x }}", "{{ 'x' | upper }}",
		"{{ value_json['x'] | default(none)", "{% if 'a' != 'b' %}", "{% for x in y %}", "{{ value | from_json }}", "{ x }",
	} {
		r := renderer{rest: template, names: map[string]any{"value": "no JSON", "value_json": map[string]any{}}}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: rendered, want a failure", template)
				}
			}()
			r.text(true)
		}()
	}
}
