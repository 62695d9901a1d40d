package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenceName matches the files that hold a licence or what one wants passed on.
var licenceName = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|edl|epl|about)([-_.].*)?(\.(md|txt|html))?$`)

// licences returns the licences of all that others have in a program: of Go, of
// each module, and of the libraries of the page.
func (p *packager) licences(ctx context.Context, one program, binary string) ([]byte, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	if err := addLicence(&out, "Go", filepath.Join(strings.TrimSpace(string(root)), "LICENSE")); err != nil {
		return nil, err
	}
	for _, module := range info.Deps {
		if strings.HasPrefix(module.Path, "systant/") {
			continue
		}
		command := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module.Path)
		command.Dir = p.root
		folder, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("looking for %s: %w", module.Path, err)
		}
		if err := addLicences(&out, module.Path+" "+module.Version, strings.TrimSpace(string(folder))); err != nil {
			return nil, err
		}
	}
	if one.folder == "dashboard" {
		files, err := filepath.Glob(filepath.Join(p.root, "dashboard/internal/web/static/vendor/licences/*"))
		for _, file := range files {
			if err = addLicence(&out, "the page", file); err != nil {
				break
			}
		}
		if err == nil && len(files) == 0 {
			err = errors.New("the page's libraries have no licences")
		}
		if err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// addLicences writes the licences that lie in a folder.
func addLicences(out *bytes.Buffer, of, folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return e.IsDir() || !licenceName.MatchString(e.Name()) })
	if len(entries) == 0 {
		return fmt.Errorf("%s has no licence in %s", of, folder)
	}
	for _, entry := range entries {
		if err := addLicence(out, of, filepath.Join(folder, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// addLicence writes one licence.
func addLicence(out *bytes.Buffer, of, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "==== %s: %s\n\n%s\n", of, filepath.Base(path), bytes.TrimSpace(text))
	return nil
}
