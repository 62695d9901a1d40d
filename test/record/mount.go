package main

import "strings"

// mount is a line of /proc/<pid>/mountinfo, in parts (proc(5)). The fields
// keep the kernel's octal escapes.
type mount struct {
	before string // ids, device number
	root   string // the folder of the filesystem that is mounted
	point  string
	option string // and the optional fields
	kind   string
	source string
	super  string
}

// parseMount splits a line of mountinfo.
func parseMount(line string) (mount, bool) {
	left, right, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
	l, r := strings.SplitN(left, " ", 6), strings.SplitN(right, " ", 3)
	if !ok || len(l) < 6 || len(r) < 3 {
		return mount{}, false
	}
	return mount{
		before: strings.Join(l[:3], " "), root: l[3], point: l[4], option: l[5],
		kind: r[0], source: r[1], super: r[2],
	}, true
}

// String returns the line again, without its end.
func (m mount) String() string {
	return strings.Join([]string{m.before, m.root, m.point, m.option, "-", m.kind, m.source, m.super}, " ")
}

// remote tells whether another machine, or a program, holds the filesystem.
func (m mount) remote() bool {
	switch m.kind {
	case "nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "afs", "glusterfs", "virtiofs":
		return true
	}
	return strings.HasPrefix(m.kind, "fuse")
}
