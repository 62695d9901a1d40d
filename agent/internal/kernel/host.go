// Package kernel reads the small files through which the kernel tells about
// itself, below a root that is "/" on a live host and a folder for a recorded
// one. It knows nothing of what the files mean.
//
// A [Host] hands out a file's bytes, its text or its number. Every collector
// reads through one, so that a folder can stand in for a machine in tests.
package kernel

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// maxLinks is how many symbolic links are followed on a path, as the kernel has
// it (path_resolution(7)).
const maxLinks = 40

// Filesystem is what statfs(2) says of a mounted filesystem, in blocks of
// BlockSize bytes and in numbers of files.
type Filesystem struct {
	BlockSize               uint64
	Blocks, Free, Available uint64
	Files, FilesFree        uint64
}

// Host is where the files are. The zero value is the live host.
type Host struct {
	// Root is the folder above proc, sys, etc and run; empty means "/".
	Root string
	// Statfs asks for a filesystem's size; nil means statfs(2).
	Statfs func(path string) (Filesystem, error)
}

// Live tells whether the host is the machine that the program runs on.
func (h Host) Live() bool {
	return h.Root == "" || h.Root == "/"
}

// Path returns where an absolute path of the host is to be found.
func (h Host) Path(path string) string {
	if h.Live() {
		return path
	}
	return filepath.Join(h.Root, path)
}

// Exists tells whether there is a file or folder.
func (h Host) Exists(path string) bool {
	_, err := os.Lstat(h.Path(path))
	return err == nil
}

// Link returns the last element of a symbolic link's target, which is how
// sysfs names drivers and devices; it is empty where there is no link.
func (h Host) Link(path string) string {
	target, err := os.Readlink(h.Path(path))
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}

// Resolve returns the path of the host that a path leads to when all symbolic
// links on it are followed, absolute ones below the host's root. There is a
// file or folder there; the error satisfies errors.Is for [fs.ErrNotExist]
// where there is none.
func (h Host) Resolve(path string) (string, error) {
	at, rest := "/", path
	for links := 0; rest != ""; {
		var name string
		name, rest, _ = strings.Cut(strings.TrimLeft(rest, "/"), "/")
		next := filepath.Join(at, name)
		target, err := os.Readlink(h.Path(next))
		switch {
		case errors.Is(err, unix.EINVAL): // no link
			at = next
			continue
		case err != nil:
			return "", err
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "readlink", Path: path, Err: unix.ELOOP}
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = target + "/" + rest
	}
	return at, nil
}

// Changed returns when a file or folder was last changed, of a symbolic link
// when the link itself was made.
func (h Host) Changed(path string) (time.Time, error) {
	info, err := os.Lstat(h.Path(path))
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// List returns the names in a folder, sorted; none where there is no folder.
func (h Host) List(path string) []string {
	entries, err := os.ReadDir(h.Path(path))
	if err != nil {
		return nil
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names
}

// Filesystem returns the size of the filesystem mounted at path. It can block
// for as long as a network filesystem's server does not answer.
func (h Host) Filesystem(path string) (Filesystem, error) {
	if h.Statfs != nil {
		return h.Statfs(path)
	}
	var s unix.Statfs_t
	if err := unix.Statfs(h.Path(path), &s); err != nil {
		return Filesystem{}, err
	}
	size := uint64(s.Bsize)
	if s.Frsize > 0 {
		size = uint64(s.Frsize)
	}
	return Filesystem{
		BlockSize: size,
		Blocks:    s.Blocks,
		Free:      s.Bfree,
		Available: s.Bavail,
		Files:     s.Files,
		FilesFree: s.Ffree,
	}, nil
}

// Self returns the process id whose files show the host as this program sees
// it: the program's own, or that of the first process of a recorded machine.
func (h Host) Self() int {
	if h.Live() {
		return os.Getpid()
	}
	return 1
}
