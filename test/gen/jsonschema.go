package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"systant/pkg/schema"
)

// dialect is the version of JSON Schema that is written.
const dialect = "https://json-schema.org/draft/2020-12/schema"

// hostPattern is what [schema.CheckHost] lets through.
const hostPattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"

// bounds are the least and the greatest value of a unit, where it has them.
var bounds = map[schema.Unit]struct{ least, greatest *float64 }{
	schema.Percent:        {new(0.0), new(100.0)},
	schema.Bytes:          {new(0.0), nil},
	schema.BytesPerSecond: {new(0.0), nil},
	schema.BitsPerSecond:  {new(0.0), nil},
	schema.PerSecond:      {new(0.0), nil},
	schema.Seconds:        {new(0.0), nil},
	schema.Timestamp:      {new(0.0), nil},
	schema.Hertz:          {new(0.0), nil},
	schema.RPM:            {new(0.0), nil},
	schema.Count:          {new(0.0), nil},
}

// unbounded are the percentages that can be over 100: NVML says so of fans.
var unbounded = []string{"gpu.fan_percent"}

// measures are the units of numbers that have no row, because they stand in a
// table or say what the sample is, by the end of their name.
var measures = []schema.Unit{schema.Percent, schema.Bytes, schema.Seconds}

// statsSchema returns the JSON Schema of [schema.Stats].
func statsSchema(root string) ([]byte, error) {
	w, err := newWalker(root)
	if err != nil {
		return nil, err
	}
	s, err := w.value(reflect.TypeFor[schema.Stats](), "")
	if err != nil {
		return nil, err
	}
	s.Schema, s.Title = dialect, "Systant stats"
	s.Properties["hostname"].Pattern = hostPattern
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

// walker turns the payload's types into JSON Schema.
type walker struct {
	metrics  map[string]schema.Metric // by ID
	comments map[string]string        // by "Type" and "Type.Field"
}

// newWalker reads the comments of pkg/schema below root.
func newWalker(root string) (*walker, error) {
	comments, err := readComments(root)
	if err != nil {
		return nil, err
	}
	w := &walker{metrics: make(map[string]schema.Metric), comments: comments}
	for _, g := range schema.Catalogue() {
		for _, m := range g.Metrics {
			w.metrics[m.ID] = m
		}
	}
	return w, nil
}

// value returns the schema of a type; group is the payload's top-level key
// that it stands under, or empty.
func (w *walker) value(t reflect.Type, group string) (*jsonschema.Schema, error) {
	if t == reflect.TypeFor[time.Time]() {
		return &jsonschema.Schema{Type: "string", Format: "date-time"}, nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return w.value(t.Elem(), group) // absent where nil, never null
	case reflect.Struct:
		return w.object(t, group)
	case reflect.Map:
		values, err := w.value(t.Elem(), group)
		return &jsonschema.Schema{Type: "object", AdditionalProperties: values}, err
	case reflect.Slice:
		items, err := w.value(t.Elem(), "")
		return &jsonschema.Schema{Type: "array", Items: items}, err
	case reflect.String:
		return &jsonschema.Schema{Type: "string", Enum: words[t]}, nil
	case reflect.Bool:
		return &jsonschema.Schema{Type: "boolean"}, nil
	case reflect.Int64: // a bound of a parameter
		return &jsonschema.Schema{Type: "integer"}, nil
	case reflect.Int, reflect.Uint64:
		// All of them count something, name a process or are an exit status.
		return &jsonschema.Schema{Type: "integer", Minimum: new(0.0)}, nil
	case reflect.Float64:
		return &jsonschema.Schema{Type: "number"}, nil
	}
	return nil, fmt.Errorf("no JSON Schema for %v", t)
}

// object returns the schema of a struct. Unknown keys are allowed, because
// later agents may send more.
func (w *walker) object(t reflect.Type, group string) (*jsonschema.Schema, error) {
	s := &jsonschema.Schema{Type: "object", Description: w.comments[t.Name()], Properties: make(map[string]*jsonschema.Schema)}
	for field := range t.Fields() {
		key, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		under := group
		if t == reflect.TypeFor[schema.Stats]() {
			under = key
		}
		p, err := w.value(field.Type, under)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t.Name(), field.Name, err)
		}
		if comment := w.comments[t.Name()+"."+field.Name]; comment != "" {
			p.Description = strings.Replace(comment, field.Name, key, 1)
		}
		if m, ok := w.metrics[group+"."+key]; ok {
			describe(p, m)
		} else if p.Type == "integer" || p.Type == "number" {
			measure(p, key)
		}
		s.Properties[key] = p
		s.PropertyOrder = append(s.PropertyOrder, key)
		if options != "omitempty" {
			s.Required = append(s.Required, key)
		}
	}
	return s, nil
}

// describe adds what the catalogue knows about a number.
func describe(p *jsonschema.Schema, m schema.Metric) {
	p.Title, p.Description = m.Label, m.Help
	p.Minimum, p.Maximum = bounds[m.Unit].least, bounds[m.Unit].greatest
	if slices.Contains(unbounded, m.ID) {
		p.Maximum = nil
	}
	p.Extra = map[string]any{"unit": m.Unit}
}

// measure adds what the name of a number tells that the catalogue doesn't
// know. A share of one CPU has no greatest value: see [schema.Process].
func measure(p *jsonschema.Schema, key string) {
	for _, unit := range measures {
		if strings.HasSuffix(key, "_"+string(unit)) {
			p.Minimum = bounds[unit].least
			p.Extra = map[string]any{"unit": unit}
		}
	}
}

// statusSchema returns the JSON Schema of what stands on the status topic.
func statusSchema(string) ([]byte, error) {
	s := &jsonschema.Schema{
		Schema: dialect,
		Title:  "Systant status",
		Type:   "string",
		Description: "Whether the agent of a host is connected. The payload is the bare word, " +
			"without the quotes that JSON puts around a string.",
		Enum: []any{schema.Online, schema.Offline},
	}
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}
