package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 1 << 20

// Error is what is wrong with one key of a file.
type Error struct {
	// File is the file's name; empty for a value from elsewhere.
	File string
	// Line counts from 1; 0 where the key does not stand in the file.
	Line int
	// Key is the dotted key; empty where the file is no TOML.
	Key string
	// Problem says what is wrong, and what would be right.
	Problem string
}

// Error returns "file:line: key: problem", without the parts that are unknown.
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		b.WriteString(": ")
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Problem)
	return b.String()
}

// File is a configuration file that has been read.
type File struct {
	name  string
	data  []byte
	lines map[string]int // of keys and tables, by dotted path
}

// Find returns the file to read: explicit where it is set, else the first of
// ./name, the user's configuration folder and /etc/systant that exists. It
// returns "" where there is none, which is no error.
func Find(explicit, name string) string {
	if explicit != "" {
		return explicit
	}
	places := []string{name}
	if folder, err := os.UserConfigDir(); err == nil {
		places = append(places, filepath.Join(folder, "systant", name))
	}
	for _, place := range places {
		if info, err := os.Stat(place); err == nil && !info.IsDir() {
			return place
		}
	}
	// A file that may not be read must not pass for none: Read will say so.
	// In a home that a sandbox hides it is none.
	system := filepath.Join("/etc/systant", name)
	if _, err := os.Stat(system); err == nil || errors.Is(err, fs.ErrPermission) {
		return system
	}
	return ""
}

// Read reads a file. With no path it returns an empty one, so that a program
// starts on its defaults.
func Read(path string) (*File, error) {
	if path == "" {
		return Parse("", nil)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, &Error{File: path, Problem: reason(err)}
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, &Error{File: path, Problem: reason(err)}
	}
	if len(data) > maxFile {
		return nil, &Error{File: path, Problem: fmt.Sprintf("the file is longer than %d bytes", maxFile)}
	}
	return Parse(path, data)
}

// Parse takes a file's content; name is for its errors. It returns an
// [*Error] for text that is no TOML.
func Parse(name string, data []byte) (*File, error) {
	f := &File{name: name, data: data}
	var anything map[string]any
	if err := toml.Unmarshal(data, &anything); err != nil {
		return nil, f.explain(err)
	}
	f.lines = index(data)
	return f, nil
}

// Name returns the name the file was read by, or "" for none.
func (f *File) Name() string {
	return f.name
}

// Decode sets the fields of into, a pointer to a struct, that the file names;
// the others keep their values, and lists are replaced. It returns an
// [*Error], or several joined, for keys that the struct does not have and for
// values of the wrong type.
func (f *File) Decode(into any) error {
	decoder := toml.NewDecoder(bytes.NewReader(f.data))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if unknown, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		return f.unknown(unknown, reflect.TypeOf(into))
	}
	err = f.explain(err)
	if e, ok := errors.AsType[*Error](err); ok && e.Line == 0 {
		e.Line, e.Key = f.locate(reflect.TypeOf(into).Elem())
	}
	return err
}

// unknown returns an error for every key that the struct does not have.
func (f *File) unknown(e *toml.StrictMissingError, known reflect.Type) error {
	var all []error
	for _, missing := range e.Errors {
		line, _ := missing.Position()
		problem := "there is no such option"
		if near := nearest(known, missing.Key()); near != "" {
			problem += "; did you mean " + near + "?"
		}
		all = append(all, &Error{File: f.name, Line: line, Key: strings.Join(missing.Key(), "."), Problem: problem})
	}
	return errors.Join(all...)
}

// locate finds the first key whose value can't be decoded, for an error that
// does not tell: go-toml 2.4 gives no position where a type reads text and
// the value is no string. It decodes ever smaller parts of the file.
func (f *File) locate(into reflect.Type) (line int, key string) {
	lines := bytes.SplitAfter(f.data, []byte("\n"))
	keys := slices.SortedFunc(maps.Keys(f.lines), func(a, b string) int {
		return cmp.Or(f.lines[a]-f.lines[b], strings.Compare(a, b))
	})
	first := sort.Search(len(keys), func(i int) bool {
		end := len(lines) // the part ends before the next key, so that it is whole
		if i+1 < len(keys) {
			end = max(f.lines[keys[i]], f.lines[keys[i+1]]-1)
		}
		err := toml.Unmarshal(bytes.Join(lines[:end], nil), reflect.New(into).Interface())
		return err != nil
	})
	if first == len(keys) {
		return 0, ""
	}
	return f.lines[keys[first]], keys[first]
}

// Invalid returns an [*Error] for the value of a dotted key, such as
// "mqtt.port" or "commands.available[1].trigger". It names the line where the
// key stands in the file, and no file where it does not.
func (f *File) Invalid(key, problem string, args ...any) error {
	e := &Error{Key: key, Problem: fmt.Sprintf(problem, args...)}
	if line, ok := f.lines[key]; ok {
		e.File, e.Line = f.name, line
	}
	return e
}

// Has tells whether a dotted key stands in the file.
func (f *File) Has(key string) bool {
	_, ok := f.lines[key]
	return ok
}

// explain turns the library's errors into ours. Its own texts quote the lines
// around the fault, which may hold a password.
func (f *File) explain(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := e.Position()
		return &Error{File: f.name, Line: line, Key: strings.Join(e.Key(), "."), Problem: plain(e.Error())}
	}
	return &Error{File: f.name, Problem: plain(err.Error())}
}

// plain says without the names of Go types what go-toml found wrong.
func plain(problem string) string {
	problem = strings.TrimPrefix(problem, "toml: ")
	mismatch, ok := strings.CutPrefix(problem, "cannot decode TOML ")
	if !ok {
		return problem
	}
	found, target, _ := strings.Cut(mismatch, " into ")
	if _, last, ok := strings.Cut(target, " of type "); ok {
		target = last
	}
	wanted := "a table"
	switch strings.TrimRight(target, "0123456789") {
	case "int", "uint":
		wanted = "a whole number"
	case "float":
		wanted = "a number"
	case "bool":
		wanted = "true or false"
	case "string":
		wanted = "a string in quotes"
	case "config.Duration":
		wanted = "a duration"
	}
	if strings.HasPrefix(target, "[]") {
		wanted = "a list"
	}
	return fmt.Sprintf("must be %s, not of type %s", wanted, found)
}

// reason returns the system's own words for a failed file operation, without
// the path that the error names anyway.
func reason(err error) string {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return path.Err.Error()
	}
	return err.Error()
}
