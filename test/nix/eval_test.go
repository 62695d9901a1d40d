package nix

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// root is the repository's folder, seen from this package.
const root = "../.."

// update writes the golden files anew.
var update = flag.Bool("update", false, "write testdata anew")

// system is what a configuration comes to.
type system struct {
	Units    map[string]string         `json:"units"`
	Scripts  map[string]string         `json:"scripts"`
	Paths    map[string][]string       `json:"paths"`
	Settings map[string]map[string]any `json:"settings"`
	Signers  []string                  `json:"signers"`
	Failed   []string                  `json:"failed"`
	Warnings []string                  `json:"warnings"`
	Firewall []int                     `json:"firewall"`
	Polkit   string                    `json:"polkit"`
	Users    []string                  `json:"users"`
}

// lacking skips a test for want of a program, which CI has.
func lacking(t *testing.T, program string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", program)
	}
	t.Skipf("%s is not installed", program)
}

// installed returns the path of a program, or skips the test.
func installed(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		lacking(t, program)
	}
	return path
}

// absolute returns the absolute path of a file.
func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// nixpkgs returns the arguments that have the real nixpkgs evaluated, or none.
func nixpkgs(t *testing.T) []string {
	t.Helper()
	folder := os.Getenv("SYSTANT_NIXPKGS")
	if folder == "" {
		return nil
	}
	names, err := packageNames(filepath.Join(folder, "nixos", "modules"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "names.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{
		"--argstr", "libs", absolute(t, filepath.Join(folder, "lib")),
		"--argstr", "nixos", absolute(t, filepath.Join(folder, "nixos")),
		"--argstr", "names", file,
	}
}

// packageNames returns what may be names of packages in the modules of NixOS,
// which then stand for packages that are never built.
func packageNames(folder string) ([]string, error) {
	mention := regexp.MustCompile(`\bpkgs\.([A-Za-z_][\w-]*)|mkPackageOption pkgs "([\w-]+)"|mkPackageOption pkgs \[\s*"([\w-]+)"`)
	with := regexp.MustCompile(`with pkgs;\s*[\[(][^\])]*[\])]`)
	word := regexp.MustCompile(`[A-Za-z_][\w-]*`)
	found := make(map[string]bool)
	err := filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".nix" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, groups := range mention.FindAllStringSubmatch(string(text), -1) {
			found[groups[1]+groups[2]+groups[3]] = true
		}
		for _, list := range with.FindAllString(string(text), -1) {
			for _, name := range word.FindAllString(list, -1) {
				found[name] = true
			}
		}
		return err
	})
	var names []string
	for name := range found {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, err
}

// evaluate returns the JSON of an attribute of eval.nix, or an error that holds
// what Nix said.
func evaluate(t *testing.T, attribute string, arguments ...string) ([]byte, error) {
	t.Helper()
	// Nothing is built, so that no store is needed.
	fixed := []string{"--eval", "--strict", "--json", "--store", "dummy://", "eval.nix", "-A", attribute, "--argstr", "root", absolute(t, root)}
	command := exec.CommandContext(t.Context(), installed(t, "nix-instantiate"), append(fixed, arguments...)...)
	home := t.TempDir()
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "NIX_CONF_DIR=" + home}
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, complaint.Bytes())
	}
	return out.Bytes(), nil
}

// configured evaluates a configuration.
func configured(t *testing.T, path string) (system, error) {
	t.Helper()
	var s system
	text, err := evaluate(t, "system", append(nixpkgs(t), "--argstr", "sample", absolute(t, path))...)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	return s, err
}

// samples evaluates each configuration in samples, once, and returns them by
// name.
func samples(t *testing.T) map[string]system {
	t.Helper()
	found.once.Do(func() {
		found.systems = make(map[string]system)
		for _, path := range files(t, "samples/*.nix") {
			var s system
			if s, found.err = configured(t, path); found.err != nil {
				found.err = fmt.Errorf("%s: %w", path, found.err)
				return
			}
			found.systems[strings.TrimSuffix(filepath.Base(path), ".nix")] = s
		}
	})
	if found.err != nil {
		t.Fatal(found.err)
	}
	if len(found.systems) == 0 {
		lacking(t, "nix-instantiate")
	}
	return found.systems
}

// found keeps what samples has evaluated.
var found struct {
	once    sync.Once
	systems map[string]system
	err     error
}

// files returns the files with a pattern, of which there must be some.
func files(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: got no files, %v", pattern, err)
	}
	return paths
}

// golden holds a text against a file in testdata, or writes it there.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), -update writes it:\n%s", path, diff)
	}
}
