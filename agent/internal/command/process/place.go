package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// place is the cgroup below which the agent makes those of its commands.
type place struct {
	dir       string
	delegated bool // systemd has said that it is the agent's to arrange
	occupied  bool // the agent is in it, and it is not the root
}

// errNoCgroup is returned on a host that shows the agent no cgroup of version 2.
var errNoCgroup = errors.New("no cgroup v2 to be seen")

// findPlace looks for the agent's own cgroup. Where the one above it is marked
// as delegated, as systemd does with DelegateSubgroup=, that is the place.
func findPlace() (place, error) {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return place{}, fmt.Errorf("finding the agent's cgroup: %w", err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return place{}, fmt.Errorf("finding where cgroups are: %w", err)
	}
	dir, ok := cgroupDir(parseMounts(mounts), parseOwn(own))
	if !ok {
		return place{}, errNoCgroup
	}
	if up := filepath.Dir(dir); delegated(up) {
		return place{dir: up, delegated: true}, nil
	}
	_, err = os.Stat(filepath.Join(dir, "cgroup.type")) // which the root lacks
	return place{dir: dir, delegated: delegated(dir), occupied: err == nil}, nil
}

// delegated tells whether systemd has marked a cgroup as one whose inside it
// leaves alone (systemd's CGROUP_DELEGATION). Only root sees the trusted mark.
func delegated(dir string) bool {
	for _, name := range []string{"user.delegate", "trusted.delegate"} {
		var value [8]byte
		if n, err := unix.Getxattr(dir, name, value[:]); err == nil && string(value[:n]) == "1" {
			return true
		}
	}
	return false
}

// mount is where a part of the cgroup filesystem is to be seen.
type mount struct {
	root  string // the cgroup that the mount shows
	point string
}

// parseOwn returns a process's cgroup from /proc/PID/cgroup (cgroups(7)); it
// is empty where only version 1 is there. The path is as the process's cgroup
// namespace has it.
func parseOwn(data []byte) string {
	for line := range bytes.Lines(data) {
		if path, ok := bytes.CutPrefix(line, []byte("0::")); ok {
			return string(bytes.TrimSuffix(path, []byte("\n")))
		}
	}
	return ""
}

// parseMounts returns the mounts of cgroup2 in /proc/PID/mountinfo, in its
// order (Documentation/filesystems/proc.rst, 3.5). Lines that can't be read
// are left out.
func parseMounts(data []byte) []mount {
	var mounts []mount
	for line := range bytes.Lines(data) {
		head, tail, _ := strings.Cut(string(line), " - ")
		fields := strings.Fields(head)
		if kind, _, _ := strings.Cut(tail, " "); kind != "cgroup2" || len(fields) < 6 {
			continue
		}
		mounts = append(mounts, mount{root: unescape(fields[3]), point: unescape(fields[4])})
	}
	return mounts
}

// unescape undoes the kernel's mangling of white space and backslashes, which
// it writes as a backslash and three octal digits.
func unescape(text string) string {
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

// cgroupDir returns the folder of a cgroup, in the first mount that shows it.
func cgroupDir(mounts []mount, own string) (string, bool) {
	if !strings.HasPrefix(own, "/") || strings.Contains(own+"/", "/../") {
		return "", false // outside of what the namespace shows
	}
	for _, m := range mounts {
		root := strings.TrimSuffix(m.root, "/")
		if below, ok := strings.CutPrefix(own, root); ok && (below == "" || below[0] == '/') && strings.HasPrefix(m.point, "/") {
			return filepath.Join(m.point, below), true
		}
	}
	return "", false
}

// enable has the kernel offer the limits on processes and memory to the
// cgroups below the place, and returns those that it does. Controllers are
// handed down only by a cgroup without processes of its own, so that the agent
// moves out of the way first, where it may (Documentation/admin-guide/
// cgroup-v2.rst, "No Internal Process Constraint"). It must not try otherwise:
// the kernel would not refuse pids, but make a threaded domain of the place, in
// which no command can have a cgroup ("Threads").
func (p place) enable() []string {
	if !p.occupied || p.delegated && p.moveAside() == nil {
		for _, name := range []string{"pids", "memory"} {
			_ = p.write("cgroup.subtree_control", "+"+name) // seen below
		}
	}
	var enabled []string
	data, _ := os.ReadFile(filepath.Join(p.dir, "cgroup.subtree_control")) // none where it can't be read
	for name := range strings.FieldsSeq(string(data)) {
		if name == "pids" || name == "memory" {
			enabled = append(enabled, name)
		}
	}
	return enabled
}

// moveAside moves the agent into a cgroup of its own below the place.
func (p place) moveAside() error {
	aside := place{dir: filepath.Join(p.dir, "agent")}
	if err := os.Mkdir(aside.dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return aside.write("cgroup.procs", strconv.Itoa(os.Getpid()))
}

// write writes a control file of the place.
func (p place) write(file, value string) error {
	return writeControl(filepath.Join(p.dir, file), value)
}

// writeControl writes to a file that is there, in one write, as the kernel
// wants it.
func writeControl(path, value string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(value)
	return err
}
