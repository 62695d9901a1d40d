package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxLinks bounds the symbolic links of a path, as the kernel does.
const maxLinks = 40

// FindProgram returns the absolute path of a program: its own where it is
// absolute, else the first in the folders of path, which is colon-separated.
// The agent's own PATH is never used.
func FindProgram(name, path string) (string, error) {
	if filepath.IsAbs(name) {
		return filepath.Clean(name), nil
	}
	if strings.Contains(name, "/") {
		return "", fmt.Errorf("%s is neither an absolute path nor a plain name", shown(name))
	}
	for _, folder := range filepath.SplitList(path) {
		place := filepath.Join(folder, name)
		if info, err := os.Stat(place); filepath.IsAbs(folder) && err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return place, nil
		}
	}
	return "", fmt.Errorf("there is no program %s in commands.path", name)
}

// Verify tells why a command can't be run on this host, or must not be.
func (c *Command) Verify() error {
	if c.Problem != nil {
		return c.Problem
	}
	if err := Trusted(c.Argv[0]); err != nil {
		return err
	}
	info, err := os.Stat(c.Argv[0])
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
		return fmt.Errorf("%s is no program", c.Argv[0])
	}
	if folder, err := filepath.EvalSymlinks(filepath.Dir(c.Argv[0])); err != nil {
		return err
	} else if info, err := os.Stat(folder); err != nil || info.Mode()&0o002 != 0 { // even with the sticky bit
		return errors.Join(err, fmt.Errorf("folder %s is writable by everybody", folder))
	}
	if info, err = os.Stat(c.Dir); err != nil || !info.IsDir() {
		return fmt.Errorf("the working directory %s is no folder", c.Dir)
	}
	return nil
}

// Trusted returns an error unless only root and the agent's own user can
// change what an absolute path leads to: no part of it, nor of what its
// symbolic links lead to, may belong to somebody else or be writable by others
// (path_resolution(7), inode(7)). A folder that others may write to is good if
// its sticky bit keeps them from each other's files, as in /nix/store and /tmp.
func Trusted(path string) error {
	if !filepath.IsAbs(path) {
		return fmt.Errorf("%s is not an absolute path", shown(path))
	}
	rest := strings.Split(strings.Trim(filepath.Clean(path), "/"), "/")
	at, links := "/", 0
	if err := trustedPart(at); err != nil {
		return err
	}
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			at = filepath.Dir(at)
			continue
		}
		place := filepath.Join(at, name)
		if err := trustedPart(place); err != nil {
			return err
		}
		target, err := os.Readlink(place)
		switch {
		case errors.Is(err, syscall.EINVAL): // no link
			at = place
			continue
		case err != nil:
			return err
		}
		if links++; links > maxLinks {
			return fmt.Errorf("%s has too many symbolic links", path)
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = append(strings.Split(strings.Trim(target, "/"), "/"), rest...)
	}
	return nil
}

// trustedPart checks one file, folder or link of a path.
func trustedPart(place string) error {
	info, err := os.Lstat(place)
	if err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t).Uid
	mode := info.Mode()
	kind := "file"
	if mode.IsDir() {
		kind = "folder"
	}
	switch {
	case owner != 0 && int(owner) != os.Geteuid():
		return fmt.Errorf("%s %s belongs to another user, number %d", kind, place, owner)
	case mode&fs.ModeSymlink != 0:
		return nil // its own mode means nothing
	case mode.IsDir() && mode&fs.ModeSticky != 0:
		return nil
	case mode&0o002 != 0:
		return fmt.Errorf("%s %s is writable by everybody", kind, place)
	case mode&0o020 != 0:
		return fmt.Errorf("%s %s is writable by its group", kind, place)
	}
	return nil
}
