package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// sources are the paths that the packages are built from, as packages.nix has
// them.
func sources() []string {
	return []string{"agent", "dashboard", "deploy/examples", "pkg", "go.work", "go.work.sum"}
}

// compute returns the hash of the dependencies of the repository in root, of
// which only the files that git knows, or would add, take part.
func compute(ctx context.Context, root string) (string, error) {
	work, err := os.MkdirTemp("", "systant-vendor-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := vendor(ctx, root, work); err != nil {
		return "", err
	}
	return hash(filepath.Join(work, "vendor"))
}

// vendor copies the sources to work and fetches their dependencies there, into
// the folder vendor.
func vendor(ctx context.Context, root, work string) error {
	list, err := output(ctx, root, "git", append([]string{"ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"}, sources()...)...)
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		if err := copyFile(filepath.Join(root, name), filepath.Join(work, name)); err != nil && !os.IsNotExist(err) { // deleted, and git was not told
			return err
		}
	}
	for _, arguments := range [][]string{{"work", "edit", "-dropuse=./test"}, {"work", "vendor"}} {
		if _, err := output(ctx, work, "go", arguments...); err != nil {
			return err
		}
	}
	return nil
}

// copyFile copies a file, and makes the folders that it needs.
func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

// output runs a program in a folder and returns what it printed. Go is told, as
// in a build by Nix, to take no other version of itself, and no other workspace.
func output(ctx context.Context, folder, name string, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GO111MODULE=on", "GOWORK=", "GOFLAGS=-modcacherw")
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(arguments, " "), err, complaint.Bytes())
	}
	return out.Bytes(), nil
}
