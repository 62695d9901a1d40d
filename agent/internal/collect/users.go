package collect

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// maxPasswd bounds the part of /etc/passwd that is read, in bytes.
const maxPasswd = 1 << 20

// userNames turns user ids into login names by /etc/passwd, which is read
// again when it changed. Users of other sources (LDAP, systemd-homed) are
// unknown to it: asking those needs the C library, and may block on a network.
type userNames struct {
	path    string
	changed time.Time
	size    int64
	names   map[uint32]string
}

// newUserNames returns the users in a file such as /etc/passwd.
func newUserNames(path string) *userNames {
	return &userNames{path: path}
}

// refresh reads the file again if it is another one than the last time. A
// file that can't be read leaves the names as they are.
func (u *userNames) refresh() {
	info, err := os.Stat(u.path)
	if err != nil || info.ModTime().Equal(u.changed) && info.Size() == u.size || info.Size() > maxPasswd {
		return
	}
	data, err := os.ReadFile(u.path)
	if err != nil {
		return
	}
	u.changed, u.size, u.names = info.ModTime(), info.Size(), parsePasswd(data)
}

// name returns the login name of a user, or the number as text.
func (u *userNames) name(uid uint32) string {
	if name, ok := u.names[uid]; ok {
		return name
	}
	return strconv.FormatUint(uint64(uid), 10)
}

// parsePasswd returns the login names by user id (passwd(5)). As in the C
// library the first of several names counts; lines that don't parse are left
// out, and so are NIS entries.
func parsePasswd(data []byte) map[uint32]string {
	names := make(map[uint32]string)
	for line := range bytes.SplitSeq(data, []byte{'\n'}) {
		name, rest, ok := bytes.Cut(line, []byte{':'})
		if !ok || len(name) == 0 || name[0] == '#' || name[0] == '+' || name[0] == '-' {
			continue
		}
		_, rest, _ = bytes.Cut(rest, []byte{':'}) // the password
		number, _, ok := bytes.Cut(rest, []byte{':'})
		uid, err := strconv.ParseUint(string(number), 10, 32)
		if !ok || err != nil {
			continue
		}
		if _, taken := names[uint32(uid)]; !taken {
			names[uint32(uid)] = cleanText(name, 64)
		}
	}
	return names
}

// parseUID returns the effective user id in /proc/<pid>/status: the second
// number of the line "Uid:" (Documentation/filesystems/proc.rst, table 1-2).
// The name above it can't hold a line feed: the kernel escapes it there.
func parseUID(status []byte) (uint32, bool) {
	_, rest, ok := bytes.Cut(status, []byte("\nUid:\t"))
	if !ok {
		return 0, false
	}
	_, rest, ok = bytes.Cut(rest, []byte{'\t'})
	if !ok {
		return 0, false
	}
	number, _, ok := bytes.Cut(rest, []byte{'\t'})
	uid, err := strconv.ParseUint(string(number), 10, 32)
	if !ok || err != nil {
		return 0, false
	}
	return uint32(uid), true
}
