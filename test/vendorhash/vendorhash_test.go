package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// root is the repository's folder, seen from this package.
const root = "../.."

// TestVendorHash holds the hash that the packages have against what they would
// fetch.
func TestVendorHash(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	if err := vendor(t.Context(), root, work); err != nil {
		t.Fatal(err)
	}
	want, err := hash(filepath.Join(work, "vendor"))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(text)); got != want {
		t.Errorf("%s: got %s, want %s: run just vendor-hash", file, got, want)
	}
	// With the dependencies in place nothing else may be needed, as in a build
	// without a network.
	list := exec.CommandContext(t.Context(), "go", "list", "-mod=vendor", "-deps", "-test", "./agent/cmd/systant-agent", "./dashboard/cmd/systant-dashboard")
	list.Dir = work
	list.Env = append(os.Environ(), "GOWORK=", "GOFLAGS=-trimpath", "GOPROXY=off", "GOSUMDB=off", "GOTOOLCHAIN=local", "GOMODCACHE="+t.TempDir())
	if said, err := list.CombinedOutput(); err != nil {
		t.Errorf("with no network: %v\n%s", err, said)
	}
}

// TestPackagesAreBuiltFromTheseSources holds the paths in packages.nix against
// those that are hashed here.
func TestPackagesAreBuiltFromTheseSources(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "deploy/nix/packages.nix"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "fileset.unions [")
	list, _, _ := strings.Cut(rest, "]")
	got := strings.ReplaceAll(strings.Join(strings.Fields(list), " "), "../../", "")
	if want := strings.Join(sources(), " "); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, step := range []string{"go work edit -dropuse=./test\n", "go work vendor\n"} {
		if !strings.Contains(string(text), step) {
			t.Errorf("packages.nix lacks %q, which is done here", step)
		}
	}
}

// TestSkippedTestsExist looks for the tests that the packages leave out: under
// another name they would run where they can't succeed.
func TestSkippedTestsExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "deploy/nix/packages.nix"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "-skip '^(")
	names, _, found := strings.Cut(rest, ")$'")
	if !found {
		t.Fatal("packages.nix: got no tests that are skipped")
	}
	for name := range strings.SplitSeq(names, "|") {
		list := exec.CommandContext(t.Context(), "git", "grep", "-q", "func "+name+"(", "--", "agent", "dashboard", "pkg")
		list.Dir = root
		if err := list.Run(); err != nil {
			t.Errorf("%s: %v, want it in the sources of the packages", name, err)
		}
	}
}

// TestHash holds the hash of a tree against the one that Nix 2.8 gave.
func TestHash(t *testing.T) {
	tree := filepath.Join(t.TempDir(), "tree")
	if err := os.MkdirAll(filepath.Join(tree, "folder", "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"a": "", "b.go": "12345678", "folder/c": "nine byte"} {
		if err := os.WriteFile(filepath.Join(tree, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(tree, "run"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("folder/c", filepath.Join(tree, "link")); err != nil {
		t.Fatal(err)
	}
	const want = "sha256-jIKswiBZXqyatWeJbxOHu1HpNAt4wW2ao7by0eBgAy8="
	if got, err := hash(tree); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	nix, err := exec.LookPath("nix")
	if err != nil {
		return
	}
	said, err := exec.CommandContext(t.Context(), nix, "--extra-experimental-features", "nix-command", "hash", "path", tree).Output()
	if got := strings.TrimSpace(string(said)); err != nil || got != want {
		t.Errorf("nix hash path: got %s, %v, want %s", got, err, want)
	}
}
