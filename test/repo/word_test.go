package repo

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// machinePath matches a path that exists on one person's machine only.
var machinePath = regexp.MustCompile(`(^|[\s"'=(:` + "`" + `])/(root|work|Users)/[\w.-]`)

// registry matches an address in a lock file.
var registry = regexp.MustCompile(`"resolved": *"([^"]+)"`)

// TestNoMachinePaths checks that no file names a folder of the machine that it
// was written on. Recorded machines are what they are.
func TestNoMachinePaths(t *testing.T) {
	err := walk(func(path string) error {
		if strings.Contains(path, "testdata/") || strings.HasPrefix(path, "test/repo/") {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil || bytes.IndexByte(text, 0) >= 0 {
			return err
		}
		number := 0
		for line := range bytes.Lines(text) {
			number++
			if found := machinePath.Find(line); found != nil {
				t.Errorf("%s:%d: got the path %q, want none of one machine", path, number, found)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPublicRegistry checks that locked packages come from where everybody
// can get them.
func TestPublicRegistry(t *testing.T) {
	for _, found := range registry.FindAllStringSubmatch(read(t, "test/web/package-lock.json"), -1) {
		if u, err := url.Parse(found[1]); err != nil || u.Hostname() != "registry.npmjs.org" {
			t.Errorf("test/web/package-lock.json: got %s, want registry.npmjs.org", found[1])
		}
	}
}

// link matches a link in a page.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestLinks checks that each link of a page to a file leads to one.
func TestLinks(t *testing.T) {
	err := walk(func(path string) error {
		if filepath.Ext(path) != ".md" {
			return nil
		}
		for _, found := range link.FindAllStringSubmatch(read(t, path), -1) {
			target, _, _ := strings.Cut(found[1], "#")
			if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(path), target)); err != nil {
				t.Errorf("%s: got a link to %s, which is not there", path, target)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestOptionsAreDescribed checks that each option of the reference files stands
// in the page of options, beside the table that it belongs to.
func TestOptionsAreDescribed(t *testing.T) {
	page := read(t, "docs/configuration.md")
	for _, path := range []string{"agent/reference.toml", "dashboard/reference.toml"} {
		table := ""
		for line := range strings.Lines(read(t, path)) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "[") {
				table = line
			}
			key, _, found := strings.Cut(line, " = ")
			if !found || strings.HasPrefix(line, "#") {
				continue
			}
			if !strings.Contains(page, table) || !strings.Contains(page, key+"`") {
				t.Errorf("docs/configuration.md: got nothing about %s %s of %s", table, key, path)
			}
		}
	}
}
