package schema

import (
	"iter"
	"reflect"
	"slices"
	"strings"
)

// Number is one number of a sample with its place in the catalogue.
type Number struct {
	Group    *Group
	Metric   *Metric
	Instance string // empty where the group has none
	Value    float64
}

// Reader reads the numbers of samples by the catalogue, so that whoever wants
// them knows no field of [Stats]. It is built once and safe for concurrent
// use. See [NewReader].
type Reader struct {
	groups []layout
	paths  map[string]path
}

// layout is where the numbers of a group lie in [Stats].
type layout struct {
	group  Group
	index  int   // the field of Stats
	fields []int // the field of the group's struct, for each metric
}

// path is where the number of one metric lies.
type path struct {
	layout *layout
	field  int
}

// NewReader returns a reader for every metric of the catalogue.
func NewReader() *Reader {
	groups := Catalogue()
	r := &Reader{groups: make([]layout, len(groups)), paths: map[string]path{}}
	stats := reflect.TypeFor[Stats]()
	for i, group := range groups {
		l := &r.groups[i]
		l.group, l.index = group, fieldNamed(stats, group.Name)
		element := stats.Field(l.index).Type.Elem()
		for _, metric := range group.Metrics {
			field := fieldNamed(element, metric.Field())
			l.fields = append(l.fields, field)
			r.paths[metric.ID] = path{l, field}
		}
	}
	return r
}

// Numbers returns all numbers of a sample: groups and metrics in the order of
// the catalogue, instances by name.
func (r *Reader) Numbers(s *Stats) iter.Seq[Number] {
	return func(yield func(Number) bool) {
		for i := range r.groups {
			l := &r.groups[i]
			group := reflect.ValueOf(s).Elem().Field(l.index)
			if l.group.Instance == "" {
				if !group.IsNil() && !l.numbers(group.Elem(), "", yield) {
					return
				}
				continue
			}
			for _, instance := range keys(group) {
				if !l.numbers(group.MapIndex(reflect.ValueOf(instance)), instance, yield) {
					return
				}
			}
		}
	}
}

// numbers yields the numbers of one instance, and tells whether to go on.
func (l *layout) numbers(from reflect.Value, instance string, yield func(Number) bool) bool {
	for i, field := range l.fields {
		value, ok := number(from.Field(field))
		if ok && !yield(Number{&l.group, &l.group.Metrics[i], instance, value}) {
			return false
		}
	}
	return true
}

// Value returns the number of one metric, by its ID, and false where the
// sample has none. The instance is ignored for groups that have none.
func (r *Reader) Value(s *Stats, id, instance string) (float64, bool) {
	p, ok := r.paths[id]
	if !ok {
		return 0, false
	}
	group := reflect.ValueOf(s).Elem().Field(p.layout.index)
	if p.layout.group.Instance != "" {
		group = group.MapIndex(reflect.ValueOf(instance))
	} else {
		group = group.Elem()
	}
	if !group.IsValid() {
		return 0, false
	}
	return number(group.Field(p.field))
}

// Instances returns the instances that a sample has of a metric's group, by
// name.
func (r *Reader) Instances(s *Stats, id string) []string {
	p, ok := r.paths[id]
	if !ok || p.layout.group.Instance == "" {
		return nil
	}
	return keys(reflect.ValueOf(s).Elem().Field(p.layout.index))
}

// keys returns the keys of a map of instances, sorted.
func keys(group reflect.Value) []string {
	found := make([]string, 0, group.Len())
	for _, key := range group.MapKeys() {
		found = append(found, key.String())
	}
	slices.Sort(found)
	return found
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
	panic("schema: no field " + name + " in " + t.String())
}
