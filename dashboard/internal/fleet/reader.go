package fleet

import (
	"reflect"
	"strings"

	"systant/pkg/schema"
)

// reader reads numbers out of samples by catalogue ID, as a walk over the
// payload would, without decoding it a second time. It is built once and safe
// for concurrent use.
type reader struct {
	paths map[string]path
}

// path is where the number of one catalogue ID lies in [schema.Stats].
type path struct {
	group    int // the field of Stats
	field    int // the field of the group's struct
	instance bool
}

// newReader returns a reader for every metric of the catalogue.
func newReader() *reader {
	r := &reader{paths: map[string]path{}}
	stats := reflect.TypeFor[schema.Stats]()
	for _, group := range schema.Catalogue() {
		g := fieldNamed(stats, group.Name)
		element := stats.Field(g).Type.Elem()
		for _, metric := range group.Metrics {
			r.paths[metric.ID] = path{
				group:    g,
				field:    fieldNamed(element, metric.Field()),
				instance: group.Instance != "",
			}
		}
	}
	return r
}

// value returns the number of one metric, and false where the sample has
// none. The instance is ignored for groups that have none.
func (r *reader) value(s *schema.Stats, id, instance string) (float64, bool) {
	p := r.paths[id]
	group := reflect.ValueOf(s).Elem().Field(p.group)
	if p.instance {
		group = group.MapIndex(reflect.ValueOf(instance))
	} else {
		group = group.Elem()
	}
	if !group.IsValid() {
		return 0, false
	}
	return number(group.Field(p.field))
}

// instances returns the keys of a metric's group, in no order.
func (r *reader) instances(s *schema.Stats, id string) []string {
	group := reflect.ValueOf(s).Elem().Field(r.paths[id].group)
	keys := make([]string, 0, group.Len())
	for _, key := range group.MapKeys() {
		keys = append(keys, key.String())
	}
	return keys
}

// number converts a payload's field; a nil pointer is no number.
func number(v reflect.Value) (float64, bool) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return 0, false
		}
		v = v.Elem()
	}
	switch {
	case v.CanInt():
		return float64(v.Int()), true
	case v.CanUint():
		return float64(v.Uint()), true
	}
	return v.Float(), true
}

// fieldNamed returns the index of the field with a JSON name. It panics where
// there is none: the catalogue and the payload are held together by a test.
func fieldNamed(t reflect.Type, name string) int {
	for i := range t.NumField() {
		tag, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if tag == name {
			return i
		}
	}
	panic("fleet: no field " + name + " in " + t.String())
}
