package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"systant/pkg/schema"
)

// TestFilesAreFresh checks that the generated files are what the source makes.
func TestFilesAreFresh(t *testing.T) {
	if err := all(fresh); err != nil {
		t.Error(err)
	}
}

// TestFreshFindsStale checks that a changed file does not pass.
func TestFreshFindsStale(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	if err := fresh(path, []byte("new")); !errors.Is(err, errStale) {
		t.Errorf("no file: got %v, want errStale", err)
	}
	if err := write(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := fresh(path, []byte("new")); !errors.Is(err, errStale) {
		t.Errorf("another file: got %v, want errStale", err)
	}
	if err := fresh(path, []byte("old")); err != nil {
		t.Errorf("the same file: got %v, want nil", err)
	}
}

// validator returns the schema, ready to check payloads.
func validator(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	root, err := findRoot()
	if err != nil {
		t.Fatal(err)
	}
	text, err := statsSchema(root)
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

// TestSchemaAcceptsMachines checks the samples of all recorded machines.
func TestSchemaAcceptsMachines(t *testing.T) {
	v := validator(t)
	goldens, err := filepath.Glob("../../agent/internal/collect/testdata/machines/*.json")
	if err != nil || len(goldens) == 0 {
		t.Fatalf("recorded machines: got %d, %v, want some", len(goldens), err)
	}
	for _, path := range goldens {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var payload map[string]any
		if err := json.Unmarshal(text, &payload); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if err := v.Validate(payload); err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
}

// TestSchemaRefuses checks payloads that are wrong in one place.
func TestSchemaRefuses(t *testing.T) {
	const good = `{"timestamp":"2026-01-02T03:04:05Z","hostname":"nas","boot_id":"b","sequence":1,"interval_seconds":30,
		"disk":{"/":{"device":"d","filesystem":"ext4","total_bytes":9,"used_bytes":3,"available_bytes":6,"usage_percent":33.3}},"later":{"x":1}}`
	v := validator(t)
	check := func(text string, want bool) {
		t.Helper()
		var payload map[string]any
		if err := json.Unmarshal([]byte(text), &payload); err != nil {
			t.Fatal(err)
		}
		if err := v.Validate(payload); (err == nil) != want {
			t.Errorf("%s: got %v, want valid %v", text, err, want)
		}
	}
	check(good, true)
	check(strings.Replace(good, `"nas"`, `"NAS"`, 1), false)
	check(strings.Replace(good, `"sequence":1,`, ``, 1), false)
	check(strings.Replace(good, `33.3`, `133.3`, 1), false)
	check(strings.Replace(good, `"used_bytes":3`, `"used_bytes":-3`, 1), false)
	check(strings.Replace(good, `"used_bytes":3`, `"used_bytes":null`, 1), false)
	check(strings.Replace(good, `"device":"d",`, ``, 1), false)
}

// TestHostPattern holds the schema's pattern against the rule it repeats.
func TestHostPattern(t *testing.T) {
	s := &jsonschema.Schema{Type: "string", Pattern: hostPattern}
	v, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"a", "nas", "web-01", "-a", "a-", "A", "a.b", "", strings.Repeat("h", 63), strings.Repeat("h", 64)} {
		got, want := v.Validate(host) == nil, schema.CheckHost(host) == nil
		if got != want {
			t.Errorf("%q: got %v by the pattern, want %v as CheckHost says", host, got, want)
		}
	}
}
