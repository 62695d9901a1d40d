package config

import (
	"reflect"
	"strings"
)

// maxEdits is how many letters a misspelt option may have wrong.
const maxEdits = 2

// nearest returns the option that the writer of an unknown key may have
// meant, or "". Known is the type that the file is decoded into.
func nearest(known reflect.Type, key []string) string {
	for i, part := range key {
		options := fields(known)
		if next, ok := options[strings.ToLower(part)]; ok {
			known = next
			continue
		}
		best, least := "", maxEdits+1
		for name := range options {
			d := edits(strings.ToLower(part), name)
			if d < least && d < len(name) || d == least && name < best {
				best, least = name, d
			}
		}
		if best == "" {
			return ""
		}
		return strings.Join(append(key[:i:i], best), ".")
	}
	return ""
}

// fields returns the options of a table, or of the tables of an array, by
// their names.
func fields(table reflect.Type) map[string]reflect.Type {
	for table.Kind() == reflect.Pointer || table.Kind() == reflect.Slice {
		table = table.Elem()
	}
	options := make(map[string]reflect.Type)
	if table.Kind() != reflect.Struct {
		return options
	}
	for field := range table.Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("toml"), ","); name != "" {
			options[name] = field.Type
		}
	}
	return options
}

// edits returns how many letters must be put in, left out or replaced to turn
// a into b: the Levenshtein distance. Keys too long to be misspelt are far.
func edits(a, b string) int {
	if max(len(a), len(b)) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			above := row[j+1]
			if a[i] != b[j] {
				diagonal = 1 + min(diagonal, above, row[j])
			}
			diagonal, row[j+1] = above, diagonal
		}
	}
	return row[len(b)]
}
