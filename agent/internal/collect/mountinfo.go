package collect

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// errMountInfo is returned for a line that isn't one of mountinfo.
var errMountInfo = errors.New("not a line of mountinfo")

// mount is one line of /proc/self/mountinfo.
type mount struct {
	id         int    // unique among the mounts of now
	device     string // "major:minor" of the filesystem; major 0 where it has no block device
	point      string
	filesystem string // its type, such as "ext4" or "fuse.sshfs"
	source     string // what was mounted, such as "/dev/sda1" or "nas:/export"
	readOnly   bool
}

// parseMounts reads mountinfo (Documentation/filesystems/proc.rst, 3.5), in
// the kernel's order. Lines that can't be read are left out, and the error
// is [errMountInfo] then.
func parseMounts(data []byte) (mounts []mount, err error) {
	for line := range bytes.Lines(data) {
		if m, ok := parseMount(string(bytes.TrimSuffix(line, []byte("\n")))); ok {
			mounts = append(mounts, m)
		} else {
			err = errMountInfo
		}
	}
	return mounts, err
}

// parseMount reads one line:
//
//	36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw,errors=continue
//
// Those are id, parent's id, device, root of the mount within the filesystem,
// mount point, options of the mount, any number of optional fields, a dash,
// and the filesystem's type, source and options. A mount is read-only when
// either set of options says so. A source may be empty.
func parseMount(line string) (mount, bool) {
	head, tail, ok := strings.Cut(line, " - ")
	if !ok {
		return mount{}, false
	}
	var fields [6]string
	for i := range fields {
		if fields[i], head, _ = strings.Cut(head, " "); fields[i] == "" {
			return mount{}, false
		}
	}
	filesystem, rest, _ := strings.Cut(tail, " ")
	source, options, _ := strings.Cut(rest, " ")
	id, err := strconv.Atoi(fields[0])
	point := unescapeOctal(fields[4])
	if err != nil || filesystem == "" || point[0] != '/' {
		return mount{}, false
	}
	return mount{
		id:         id,
		device:     fields[2],
		point:      point,
		filesystem: unescapeOctal(filesystem),
		source:     unescapeOctal(source),
		readOnly:   hasOption(fields[5], "ro") || hasOption(options, "ro"),
	}, true
}

// hasOption tells whether a comma-separated list of options holds a word.
func hasOption(options, word string) bool {
	for option := range strings.SplitSeq(options, ",") {
		if option == word {
			return true
		}
	}
	return false
}

// unescapeOctal undoes the kernel's mangling of space, tab, line feed,
// backslash and '#', which it writes as a backslash and three octal digits.
func unescapeOctal(text string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if code, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(code))
				i += 3
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
