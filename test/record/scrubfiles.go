package main

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// serialLine is the line of /proc/cpuinfo in which Arm kernels tell the
// board's serial number.
var serialLine = regexp.MustCompile(`(?m)^(Serial\s*:\s*)\S+`)

// passwd keeps the user ids, and the names of services.
func (s *scrubber) passwd(data []byte) []byte {
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) < 4 {
			continue
		}
		if isPerson(f[2]) {
			f[0] = s.replace("names of people and of the host", strings.ToLower(f[0]), "name%d")
		}
		fmt.Fprintf(&b, "%s:x:%s:%s:::\n", f[0], f[2], f[3])
	}
	return []byte(b.String())
}

// session keeps what tells the kind of a login session or seat.
func (s *scrubber) session(data []byte) []byte {
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		switch key, _, _ := strings.Cut(line, "="); key {
		case "CLASS", "STATE", "TYPE", "REMOTE", "UID", "ACTIVE", "IS_SEAT0", "CAN_MULTI_SESSION":
			b.WriteString(line)
		}
	}
	return []byte(b.String())
}

// mountinfo keeps the shape of the tree of mounts.
func (s *scrubber) mountinfo(data []byte) []byte {
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		m, ok := parseMount(line)
		if !ok {
			continue
		}
		m.root, m.point = s.folder(m.root), s.folder(m.point)
		m.source, m.super = s.source(m.kind, m.source), s.options(m.kind, m.super, m.remote())
		b.WriteString(m.String() + "\n")
	}
	return []byte(b.String())
}

// mounts is mountinfo for the older file, /proc/<pid>/mounts.
func (s *scrubber) mounts(data []byte) []byte {
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) < 6 {
			continue
		}
		m := mount{kind: f[2]}
		f[0], f[1], f[3] = s.source(f[2], f[0]), s.folder(f[1]), s.options(f[2], f[3], m.remote())
		b.WriteString(strings.Join(f, " ") + "\n")
	}
	return []byte(b.String())
}

// source returns the device of a mount; of another machine's it keeps that it
// is one.
func (s *scrubber) source(kind, source string) string {
	switch {
	case (mount{kind: kind}).remote():
		return s.replace("sources of remote mounts", source, "server%d:/export")
	case kind == "zfs" || strings.HasPrefix(source, "/dev/"):
		return s.text(source)
	default:
		return kind // where no device stands behind it, the source is any text
	}
}

// options returns the options of a mount. Those of overlays name folders, and
// those of remote ones servers and users; the first option, rw or ro, stays.
func (s *scrubber) options(kind, options string, remote bool) string {
	if remote || kind == "overlay" {
		first, _, _ := strings.Cut(options, ",")
		return first
	}
	return s.text(options)
}

// folder returns a mount point. Below the folders where people choose the
// names, every name is replaced.
func (s *scrubber) folder(point string) string {
	for _, above := range []string{"/home/", "/media/", "/mnt/", "/run/media/", "/net/", "/srv/", "/Volumes/"} {
		rest, ok := strings.CutPrefix(point, above)
		if !ok {
			continue
		}
		parts := strings.Split(rest, "/")
		for i, part := range parts {
			parts[i] = s.replace("names of folders", part, "folder%d")
		}
		return path.Join(above, path.Join(parts...))
	}
	return s.text(point)
}

// routes keeps which routes there are, by prefix length or mask, and over
// which interface; every address of digits hexadecimal digits that isn't zero
// becomes one and the same. Masks of IPv4 stay.
func (s *scrubber) routes(data []byte, digits int) []byte {
	stand := "010200C0"
	if digits == 32 {
		stand = "20010db8000000000000000000000001"
	}
	var b strings.Builder
	for n, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
		if n == 0 && digits == 8 { // the heading
			b.WriteString(line + "\n")
			continue
		}
		f := strings.Fields(line)
		for i := range f {
			mask := digits == 8 && i == 7
			if len(f[i]) == digits && !mask && strings.Trim(f[i], "0") != "" && (digits == 32 || i == 1 || i == 2) {
				s.replace("IP addresses", "route "+f[i], "%d")
				f[i] = stand
			}
		}
		b.WriteString(s.text(strings.Join(f, "\t")) + "\n")
	}
	return []byte(b.String())
}

// process replaces the name of a program, except that of a kernel thread.
// What it may write into its name the kernel knows not to be harmless.
func (s *scrubber) process(name string, data []byte) []byte {
	text := string(data)
	if s.keepNames {
		return []byte(s.text(text))
	}
	switch path.Base(name) {
	case "comm":
		return []byte(s.program(strings.TrimSuffix(text, "\n")) + "\n")
	case "status":
		_, rest, _ := strings.Cut(text, "\n")
		// The kernel escapes the name here, so that it differs from comm.
		return []byte("Name:\tprogram\n" + rest)
	}
	from, to := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if from < 0 || to < from {
		return nil
	}
	return []byte(text[:from+1] + s.program(text[from+1:to]) + text[to:])
}

// program returns the name that stands for a program's.
func (s *scrubber) program(name string) string {
	for _, thread := range []string{"kthreadd", "ksoftirqd/", "kworker/", "rcu_", "migration/", "kswapd", "jbd2/", "irq/", "watchdog"} {
		if strings.HasPrefix(name, thread) {
			return s.text(name)
		}
	}
	return s.replace("names of programs", name, "program%d")
}
