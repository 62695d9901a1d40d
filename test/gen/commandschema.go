package main

import (
	"encoding/json"
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"

	"systant/pkg/schema"
)

// words are the values of types that have only a few.
var words = map[reflect.Type][]any{
	reflect.TypeFor[schema.ParamType](): {schema.ParamEnum, schema.ParamInt, schema.ParamMatch},
	reflect.TypeFor[schema.Status](): {
		schema.StatusRunning, schema.StatusOK, schema.StatusFailed, schema.StatusTimeout,
		schema.StatusRefused, schema.StatusBusy, schema.StatusDuplicate, schema.StatusExpired,
	},
}

// payloadSchema returns the JSON Schema of a payload by its Go type, after
// adjust has said what the type does not.
func payloadSchema[T any](title string, adjust func(*jsonschema.Schema)) func(root string) ([]byte, error) {
	return func(root string) ([]byte, error) {
		w, err := newWalker(root)
		if err != nil {
			return nil, err
		}
		s, err := w.value(reflect.TypeFor[T](), "")
		if err != nil {
			return nil, err
		}
		s.Schema, s.Title = dialect, title
		if adjust != nil {
			adjust(s)
		}
		text, err := json.MarshalIndent(s, "", "  ")
		return append(text, '\n'), err
	}
}

// strict says how a request is read: no other keys, and bounds for each.
func strict(s *jsonschema.Schema) {
	s.AdditionalProperties = &jsonschema.Schema{Not: &jsonschema.Schema{}}
	s.Properties["command"].Pattern = "^[a-z0-9][a-z0-9_-]{0,62}$"
	s.Properties["request_id"].Pattern = "^[A-Za-z0-9._:-]{1,64}$"
	s.Properties["host"].Pattern = hostPattern
	s.Properties["source"].MaxLength = new(128)
	params := s.Properties["params"]
	params.MaxItems = new(16)
	params.Items = &jsonschema.Schema{Types: []string{"string", "integer"}}
}

// strictSigned says the same of the envelope.
func strictSigned(s *jsonschema.Schema) {
	s.AdditionalProperties = &jsonschema.Schema{Not: &jsonschema.Schema{}}
}
