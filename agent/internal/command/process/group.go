package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// group is the cgroup of one command. A process that it starts is in there as
// well, or in a cgroup below, and can't leave without rights that only root has.
type group struct {
	dir      string
	oneByOne bool // do without cgroup.kill, as kernels before 5.14 must
}

// newGroup makes a cgroup with the bounds of a command.
func newGroup(dir string, c Command) (*group, error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making a cgroup: %w", err)
	}
	g := &group{dir: dir}
	if err := g.bound(c); err != nil {
		return nil, errors.Join(err, g.remove())
	}
	return g, nil
}

// bound sets the limits of a command, as far as the host offers them. Memory
// that may be swapped out would be no limit, and a program that has lost a
// process for want of memory is of no use: all of it goes.
func (g *group) bound(c Command) error {
	set := func(file string, value int64) error {
		err := writeControl(filepath.Join(g.dir, file), strconv.FormatInt(value, 10))
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("setting %s: %w", file, err)
	}
	var err error
	if c.MaxProcesses > 0 {
		err = set("pids.max", int64(c.MaxProcesses))
	}
	if c.MaxMemoryBytes > 0 {
		err = errors.Join(err, set("memory.max", c.MaxMemoryBytes), set("memory.swap.max", 0), set("memory.oom.group", 1))
	}
	return err
}

// open returns a descriptor with which a process can be started in the group.
func (g *group) open() (*os.File, error) {
	fd, err := unix.Open(g.dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("opening a cgroup: %w", err)
	}
	return os.NewFile(uintptr(fd), g.dir), nil
}

// terminate tells every process of the group to end.
func (g *group) terminate() {
	for _, pid := range g.members() {
		terminate(pid)
	}
}

// terminate tells a process to end. One that is stopped has to go on to hear it.
func terminate(pid int) {
	_ = syscall.Kill(pid, syscall.SIGTERM) // it may have ended, but not be another yet
	_ = syscall.Kill(pid, syscall.SIGCONT)
}

// kill kills every process of the group, and tells whether there was none.
// Where the kernel can't kill them at once, they are frozen first, so that
// none starts another.
func (g *group) kill() bool {
	if g.empty() {
		return true
	}
	if g.oneByOne || writeControl(filepath.Join(g.dir, "cgroup.kill"), "1") != nil {
		_ = writeControl(filepath.Join(g.dir, "cgroup.freeze"), "1") // only helps
		for _, pid := range g.members() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	return false
}

// members returns the processes of the group and of those below it.
func (g *group) members() []int {
	var members []int
	_ = filepath.WalkDir(g.dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Name() == "cgroup.procs" {
			data, _ := os.ReadFile(path) // none where the group is gone
			members = append(members, parseMembers(data)...)
		}
		return nil
	})
	return members
}

// parseMembers reads cgroup.procs: a process id a line. A process of another
// pid namespace is a 0, which would mean the agent's own group to kill(2), and
// is left out.
func parseMembers(data []byte) []int {
	var members []int
	for line := range bytes.Lines(data) {
		if pid, err := strconv.Atoi(string(bytes.TrimSpace(line))); err == nil && pid > 0 {
			members = append(members, pid)
		}
	}
	return members
}

// empty tells whether no process is left in the group or below.
func (g *group) empty() bool {
	data, err := os.ReadFile(filepath.Join(g.dir, "cgroup.events"))
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	populated, ok := parseField(data, "populated")
	return ok && populated == 0
}

// outOfMemory tells whether the kernel has killed a process of the group for
// want of memory.
func (g *group) outOfMemory() bool {
	data, _ := os.ReadFile(filepath.Join(g.dir, "memory.events")) // not there without the controller
	killed, _ := parseField(data, "oom_kill")
	return killed > 0
}

// parseField returns the number of a key in a flat keyed file, such as
// cgroup.events: "populated 1".
func parseField(data []byte, key string) (uint64, bool) {
	for line := range bytes.Lines(data) {
		name, value, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		if name == key {
			n, err := strconv.ParseUint(value, 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}

// remove removes the group, and those that a command has made below it. It
// fails while a process is left, even one that is about to be gone.
func (g *group) remove() error {
	var dirs []string
	err := filepath.WalkDir(g.dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			dirs = append(dirs, path)
		}
		return nil
	})
	for _, dir := range slices.Backward(dirs) {
		if e := unix.Rmdir(dir); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("removing cgroup %s: %w", dir, e))
		}
	}
	return err
}

// removeBy removes the group, and tries again while the last of its processes
// are about to be gone.
func (g *group) removeBy(end time.Time) error {
	var err error
	pauseUntil(end, shortPause, func() bool {
		err = g.remove()
		return err == nil
	})
	return err
}
