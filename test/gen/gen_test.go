package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
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

// validator returns a schema, ready to check payloads.
func validator(t *testing.T, make func(root string) ([]byte, error)) *jsonschema.Resolved {
	t.Helper()
	root, err := findRoot()
	if err != nil {
		t.Fatal(err)
	}
	text, err := make(root)
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
	v := validator(t, statsSchema)
	goldens, err := filepath.Glob("../../agent/internal/collect/testdata/machines/*.json")
	if err != nil || len(goldens) == 0 {
		t.Fatalf("recorded machines: got %d, %v, want some", len(goldens), err)
	}
	for _, path := range goldens {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		accept(t, v, filepath.Base(path), text)
	}
}

// accept fails unless the schema lets a payload through.
func accept(t *testing.T, v *jsonschema.Resolved, name string, text []byte) {
	t.Helper()
	var payload map[string]any
	if err := json.Unmarshal(text, &payload); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := v.Validate(payload); err != nil {
		t.Errorf("%s: got %v, want a valid sample", name, err)
	}
}

// TestSchemaAcceptsThisMachine checks what the agent says of the machine that
// the test runs on.
func TestSchemaAcceptsThisMachine(t *testing.T) {
	folder := os.Getenv("SYSTANT_BIN")
	if folder == "" {
		folder = t.TempDir()
		build := exec.CommandContext(t.Context(), "go", "build", "-o", folder, "./cmd/systant-agent")
		build.Dir = filepath.Join("..", "..", "agent")
		if output, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building the agent: %v\n%s", err, output)
		}
	}
	program, err := filepath.Abs(filepath.Join(folder, "systant-agent"))
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "systant.toml")
	if err := os.WriteFile(config, []byte("[general]\nhostname = \"testhost\"\n[processes]\ncommand = true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	once := exec.CommandContext(t.Context(), program, "once", "-config", config)
	once.Stderr = t.Output()
	text, err := once.Output()
	if err != nil {
		t.Fatalf("systant-agent once: %v", err)
	}
	accept(t, validator(t, statsSchema), "this machine", text)
}

// TestSchemaOfStatus checks the words of the status topic.
func TestSchemaOfStatus(t *testing.T) {
	v := validator(t, statusSchema)
	for word, want := range map[string]bool{schema.Online: true, schema.Offline: true, "Online": false, "": false} {
		if err := v.Validate(word); (err == nil) != want {
			t.Errorf("%q: got %v, want valid %v", word, err, want)
		}
	}
}

// TestSchemaRefuses checks payloads that are wrong in one place.
func TestSchemaRefuses(t *testing.T) {
	const good = `{"timestamp":"2026-01-02T03:04:05Z","hostname":"nas","boot_id":"b","sequence":1,"interval_seconds":30,
		"disk":{"/":{"device":"d","filesystem":"ext4","total_bytes":9,"used_bytes":3,"available_bytes":6,"usage_percent":33.3}},"later":{"x":1}}`
	v := validator(t, statsSchema)
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
	check(strings.Replace(good, `"later"`, `"gpu":{"a":{"name":"n","vendor":"v","fan_percent":110}},"later"`, 1), true)
	check(strings.Replace(good, `"later"`, `"gpu":{"a":{"name":"n","vendor":"v","fan_percent":-1}},"later"`, 1), false)
	check(strings.Replace(good, `"later"`, `"gpu":{"a":{"name":"n","vendor":"v","processes":[{"pid":-1,"name":"p","memory_bytes":1}]}},"later"`, 1), false)
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
