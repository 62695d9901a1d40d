package repo

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// entityID matches the ids of entities of the host that examples are about.
var entityID = regexp.MustCompile(`\b(sensor|binary_sensor|button|event)\.nas_[a-z0-9_]+`)

// TestHomeAssistantExamples holds the examples for Home Assistant against the
// list of entities, and against YAML.
func TestHomeAssistantExamples(t *testing.T) {
	list, err := os.ReadFile("../../docs/entities.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"button.nas_restart_nginx_service": true} // of deploy/examples/commands.toml
	for _, id := range entityID.FindAllString(string(list), -1) {
		known[id] = true
		known[strings.Replace(id, "_disk_home_", "_disk_root_", 1)] = true
	}
	paths, err := filepath.Glob("../../deploy/homeassistant/*.yaml")
	if err != nil || len(paths) != 2 {
		t.Fatalf("got %q, %v, want a dashboard and automations", paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var tree any
		if err := yaml.Unmarshal(text, &tree); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		ids := entityID.FindAllString(string(text), -1)
		for _, id := range ids {
			if !known[id] {
				t.Errorf("%s: %s is not in docs/entities.md", path, id)
			}
		}
		if len(ids) == 0 {
			t.Errorf("%s names no entity", path)
		}
	}
}
