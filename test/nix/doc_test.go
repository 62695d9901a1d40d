package nix

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentedConfigurations evaluates what docs/nixos.md shows: each block is
// a configuration, or a flake of a user's with some.
func TestDocumentedConfigurations(t *testing.T) {
	installed(t, "nix-instantiate")
	page, err := os.ReadFile(filepath.Join(root, "docs/nixos.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```nix\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) < 8 {
		t.Fatalf("got %d blocks, want all", len(blocks))
	}
	machines := 0
	for _, block := range blocks {
		path := filepath.Join(t.TempDir(), "block.nix")
		if err := os.WriteFile(path, block[1], 0o644); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(block[1]), "outputs =") {
			machines += fleet(t, path)
			continue
		}
		s, err := configured(t, path)
		if err != nil || len(s.Failed)+len(s.Warnings) > 0 {
			t.Errorf("got %v, failed assertions %q and warnings %q of\n%s", err, s.Failed, s.Warnings, block[1])
		}
	}
	if machines != 4 {
		t.Errorf("got %d machines in flakes, want 4", machines)
	}
}

// fleet evaluates the machines of a flake, and returns their number.
func fleet(t *testing.T, path string) int {
	t.Helper()
	text, err := evaluate(t, "fleet", append(nixpkgs(t), "--argstr", "users", path)...)
	if err != nil {
		t.Error(err)
		return 0
	}
	var failed map[string][]string
	if err := json.Unmarshal(text, &failed); err != nil {
		t.Fatal(err)
	}
	for name, messages := range failed {
		if len(messages) > 0 {
			t.Errorf("%s: got failed assertions %q", name, messages)
		}
	}
	return len(failed)
}
