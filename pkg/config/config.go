package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
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
	for _, place := range append(places, filepath.Join("/etc/systant", name)) {
		if info, err := os.Stat(place); err == nil && !info.IsDir() {
			return place
		}
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
	if e, ok := errors.AsType[*Error](f.explain(err)); ok && e.Line == 0 {
		e.Line, e.Key = f.locate(into)
		return e
	}
	return f.explain(err)
}

// locate finds the first key whose value can't be decoded, for an error that
// does not tell: go-toml 2.4 gives no position for a boolean where a type
// reads text. It decodes the file again up to each key's line.
func (f *File) locate(into any) (line int, key string) {
	ends := []int{0}
	for i, c := range f.data {
		if c == '\n' {
			ends = append(ends, i+1)
		}
	}
	ends = append(ends, len(f.data))
	for _, key := range slices.SortedFunc(maps.Keys(f.lines), func(a, b string) int { return f.lines[a] - f.lines[b] }) {
		line := f.lines[key]
		fresh := reflect.New(reflect.TypeOf(into).Elem()).Interface()
		err := toml.Unmarshal(f.data[:ends[min(line, len(ends)-1)]], fresh)
		if err != nil {
			if _, positioned := errors.AsType[*toml.DecodeError](err); !positioned {
				return line, key
			}
		}
	}
	return 0, ""
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
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unknown):
		var all error
		for _, e := range unknown.Errors {
			line, _ := e.Position()
			all = errors.Join(all, &Error{File: f.name, Line: line, Key: strings.Join(e.Key(), "."), Problem: "there is no such option"})
		}
		return all
	case errors.As(err, &wrong):
		line, _ := wrong.Position()
		return &Error{File: f.name, Line: line, Key: strings.Join(wrong.Key(), "."), Problem: strings.TrimPrefix(wrong.Error(), "toml: ")}
	}
	return &Error{File: f.name, Problem: strings.TrimPrefix(err.Error(), "toml: ")}
}

// reason returns the system's own words for a failed file operation, without
// the path that the error names anyway.
func reason(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
