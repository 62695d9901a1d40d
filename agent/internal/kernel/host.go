// Package kernel reads the small files through which the kernel tells about
// itself, below a root that is "/" on a live host and a folder for a recorded
// one. It knows nothing of what the files mean.
package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// maxFile bounds what is read of one file, in bytes. /proc/stat of a machine
// with thousands of interrupts is the longest known, at some hundred KiB.
const maxFile = 4 << 20

// ErrTooLong is returned for a file that goes on past the bound.
var ErrTooLong = errors.New("file is too long for a kernel file")

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
	return filepath.Join("/", h.Root, path)
}

// Read returns the whole of a file. Kernel files are read in one go, because
// their size is unknown before and two reads may see two states.
func (h Host) Read(path string) ([]byte, error) {
	file, err := os.Open(h.Path(path))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: %w", path, ErrTooLong)
	}
	return data, nil
}

// Text returns a file's content without the white space around it.
func (h Host) Text(path string) (string, error) {
	data, err := h.Read(path)
	return string(bytes.TrimSpace(bytes.TrimRight(data, "\x00"))), err
}

// Int returns the number that a file holds.
func (h Host) Int(path string) (int64, error) {
	text, err := h.Text(path)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return n, nil
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
