package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"golang.org/x/sys/unix"
)

const (
	// maxFile bounds what is read of one file, in bytes. /proc/stat of a
	// machine with thousands of interrupts is the longest that is of use, at
	// some hundred KiB; the routing table of a router is longer and is not.
	maxFile = 4 << 20
	// smallFile is the room for a file that holds a word or a few lines; most
	// of sysfs does.
	smallFile = 512
	// pageFile is the room for any other file to begin with.
	pageFile = 4096
)

// ErrTooLong is returned for a file that goes on past the bound.
var ErrTooLong = errors.New("file is too long for a kernel file")

// Read returns the whole of a file. The error satisfies errors.Is for
// [fs.ErrNotExist], and for the error number of the kernel.
func (h Host) Read(path string) ([]byte, error) {
	return h.ReadInto(nil, path)
}

// ReadInto is [Host.Read] into the room of buf, whose content it replaces; it
// returns a larger slice where that is too small. A caller that reads a file
// again and again hands in what it got before.
//
// It opens, reads and closes, and asks nothing else: the files have no size
// to ask for, and an [os.File] costs two more system calls and a finalizer.
// Each read may see another state, so that buf better takes the file at once.
// A FIFO or device that stands in a file's place is not waited for.
func (h Host) ReadInto(buf []byte, path string) ([]byte, error) {
	if cap(buf) == 0 {
		buf = make([]byte, 0, pageFile)
	}
	buf, err := h.readAtMost(buf, path, maxFile+1)
	if err == nil && len(buf) > maxFile {
		err = &fs.PathError{Op: "read", Path: path, Err: ErrTooLong}
	}
	if err != nil {
		return nil, err
	}
	return buf, nil
}

// Head returns a file's first bytes, limit of them where it is longer.
func (h Host) Head(path string, limit int) ([]byte, error) {
	return h.readAtMost(make([]byte, 0, min(limit, pageFile)), path, limit)
}

// readAtMost reads a file, or its first limit bytes, into the room of buf or
// that of a larger slice.
func (h Host) readAtMost(buf []byte, path string, limit int) ([]byte, error) {
	fd, err := open(h.Path(path))
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	for buf = buf[:0]; len(buf) < limit; {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := read(fd, buf[len(buf):min(cap(buf), limit)])
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		if n == 0 {
			break
		}
		buf = buf[:len(buf)+n]
	}
	return buf, nil
}

// Text returns a file's content without the white space around it, nor the
// NUL that ends a string of the device tree.
func (h Host) Text(path string) (string, error) {
	var room [smallFile]byte
	data, err := h.ReadInto(room[:0], path)
	return string(trim(data)), err
}

// Int returns the number that a file holds.
func (h Host) Int(path string) (int64, error) {
	var room [smallFile]byte
	data, err := h.ReadInto(room[:0], path)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(trim(data)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return n, nil
}

// trim cuts white space off both ends, and NULs off the end.
func trim(data []byte) []byte {
	return bytes.TrimSpace(bytes.TrimRight(data, "\x00"))
}

// open opens a file to be read, without waiting for a FIFO's other end.
func open(path string) (fd int, err error) {
	for {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// read fills a part of p. A signal, such as those with which the runtime
// stops goroutines, does not end it.
func read(fd int, p []byte) (n int, err error) {
	for {
		n, err = unix.Read(fd, p)
		if err != unix.EINTR {
			return n, err
		}
	}
}
