package process

import (
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestParseOwn(t *testing.T) {
	check := func(in, want string) {
		t.Helper()
		if got := parseOwn([]byte(in)); got != want {
			t.Errorf("parseOwn of %q: got %q, want %q", in, got, want)
		}
	}
	check("0::/system.slice/systant.service/agent\n", "/system.slice/systant.service/agent")
	check("9:name=systemd:/x\n1:cpu:/\n0::/a b:c\n", "/a b:c")
	check("0::/\n", "/")
	check("10::/\n", "")
	check("1:cpu:/0::/\n", "")
	check("", "")
}

func TestParseMounts(t *testing.T) {
	check := func(in string, want ...mount) {
		t.Helper()
		if d := cmp.Diff(want, parseMounts([]byte(in)), cmp.AllowUnexported(mount{})); d != "" {
			t.Errorf("parseMounts of %q (-want +got):\n%s", in, d)
		}
	}
	check("")
	check("30 23 0:27 / /sys/fs/cgroup rw,nosuid shared:9 master:1 - cgroup2 cgroup2 rw,nsdelegate\n", mount{"/", "/sys/fs/cgroup"})
	check("32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n41 31 0:38 /a\\040b /mnt/c\\134d rw - cgroup2 none rw", mount{"/a b", `/mnt/c\d`})
	check("30 23 0:27 / rw - cgroup2 cgroup2 rw\n - cgroup2\n30 - \n\n")
	check("30 23 0:27 / /x\\9 rw - cgroup2 x rw\n", mount{"/", `/x\9`})
}

func TestCgroupDir(t *testing.T) {
	mounts := []mount{{"/docker/abc", "/mnt/part"}, {"/", "/sys/fs/cgroup"}}
	check := func(mounts []mount, own, want string) {
		t.Helper()
		if got, ok := cgroupDir(mounts, own); got != want || ok != (want != "") {
			t.Errorf("cgroupDir of %q: got %q and %v, want %q", own, got, ok, want)
		}
	}
	check(mounts, "/a.slice/b", "/sys/fs/cgroup/a.slice/b")
	check(mounts, "/", "/sys/fs/cgroup")
	check(mounts, "/docker/abc/x", "/mnt/part/x")
	check(mounts, "/docker/abc", "/mnt/part")
	check(mounts, "/docker/abcd", "/sys/fs/cgroup/docker/abcd")
	check(mounts[:1], "/a", "")
	check(mounts, "/../a", "")
	check(mounts, "", "")
	check(nil, "/", "")
}

func TestParseStat(t *testing.T) {
	rest := strings.Repeat(" 0", 16) + " 4711 0 0\n"
	check := func(in string, want process, good bool) {
		t.Helper()
		if got, ok := parseStat([]byte(in)); ok != good || good && got != want {
			t.Errorf("parseStat of %q: got %+v and %v, want %+v and %v", in, got, ok, want, good)
		}
	}
	check("12 (sh) S 1 12"+rest, process{pid: 12, parent: 1, group: 12, start: 4711}, true)
	check("12 (a) Z 9 (b) \n) Z 3 4"+rest, process{pid: 12, parent: 3, group: 4, zombie: true, start: 4711}, true)
	check("12 (sh) S 1 12 0 0", process{}, false)
	check("12 sh S 1 12"+rest, process{}, false)
	check("x (sh) S 1 12"+rest, process{}, false)
	check(") (", process{}, false)
	check("", process{}, false)
}

func TestParseField(t *testing.T) {
	check := func(in, key string, want uint64, good bool) {
		t.Helper()
		if got, ok := parseField([]byte(in), key); got != want || ok != good {
			t.Errorf("parseField of %q: got %d and %v, want %d and %v", in, got, ok, want, good)
		}
	}
	check("populated 1\nfrozen 0\n", "populated", 1, true)
	check("low 0\noom 2\noom_kill 3\n", "oom_kill", 3, true)
	check("low 0\n", "oom_kill", 0, false)
	check("populated x\n", "populated", 0, false)
	check("", "populated", 0, false)
}

func TestParseMembers(t *testing.T) {
	if d := cmp.Diff([]int{12, 345}, parseMembers([]byte("12\n0\n-1\n\nx\n345\n"))); d != "" {
		t.Errorf("parseMembers (-want +got):\n%s", d)
	}
}

func TestOwner(t *testing.T) {
	check := func(name string, pid int, start uint64, good bool) {
		t.Helper()
		if p, s, ok := owner(name); ok != good || good && (p != pid || s != start) {
			t.Errorf("owner of %q: got %d, %d and %v, want %d, %d and %v", name, p, s, ok, pid, start, good)
		}
	}
	check("command-12-4711-00000000000000ff", 12, 4711, true)
	check("command-12-4711-", 0, 0, false)
	check("command-x", 0, 0, false)
	check("command-0-1-a", 0, 0, false)
	check("user.slice", 0, 0, false)
}

// fakeGroup returns a folder that has the files of a cgroup.
func fakeGroup(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range files {
		name, content, _ := strings.Cut(name, "=")
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// content returns what a file of a folder holds; "-" where there is none.
func content(dir, name string) string {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return "-"
	}
	return string(data)
}

func TestBound(t *testing.T) {
	all := []string{"pids.max", "memory.max", "memory.swap.max", "memory.oom.group"}
	check := func(files []string, c Command, want ...string) {
		t.Helper()
		g := &group{dir: fakeGroup(t, files...)}
		if err := g.bound(c); err != nil {
			t.Errorf("bound: got error %v, want none", err)
		}
		var got []string
		for _, name := range all {
			got = append(got, content(g.dir, name))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("bound (-want +got):\n%s", d)
		}
	}
	bounds := Command{MaxProcesses: 64, MaxMemoryBytes: 1 << 30}
	check(all, bounds, "64", "1073741824", "0", "1")
	check(all[:2], bounds, "64", "1073741824", "-", "-")
	check(all, Command{}, "", "", "", "")
	check(nil, bounds, "-", "-", "-", "-")

	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "pids.max"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := (&group{dir: dir}).bound(bounds); err == nil {
		t.Error("bound that can't be set: got no error, want one")
	}
}

func TestOutOfMemory(t *testing.T) {
	check := func(want bool, files ...string) {
		t.Helper()
		if got := (&group{dir: fakeGroup(t, files...)}).outOfMemory(); got != want {
			t.Errorf("outOfMemory with %v: got %v, want %v", files, got, want)
		}
	}
	check(true, "memory.events=low 0\noom 1\noom_kill 2\n")
	check(false, "memory.events=low 0\noom 1\noom_kill 0\n")
	check(false)
}

func TestEnable(t *testing.T) {
	p := place{dir: fakeGroup(t, "cgroup.subtree_control=cpu pids memory\n")}
	p2 := place{dir: fakeGroup(t), delegated: true}
	if d := cmp.Diff([]string(nil), p2.enable()); d != "" {
		t.Errorf("enable without controllers (-want +got):\n%s", d)
	}
	p.enable()
	if got := content(p.dir, "cgroup.subtree_control"); !strings.HasPrefix(got, "+memory") {
		t.Errorf("enable: got %q written, want +memory last", got)
	}
}

// TestMoveAside checks how the agent makes room in a cgroup that is its own.
func TestMoveAside(t *testing.T) {
	p := place{dir: t.TempDir()}
	dir := filepath.Join(p.dir, "agent")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := p.moveAside(); err != nil {
		t.Fatal(err)
	}
	if got, want := content(dir, "cgroup.procs"), strconv.Itoa(os.Getpid()); got != want {
		t.Errorf("moveAside: got %q, want %q", got, want)
	}
}

func TestDelegated(t *testing.T) {
	check := func(value string, want bool) {
		t.Helper()
		dir := t.TempDir()
		if value != "" {
			if err := unix.Setxattr(dir, "user.delegate", []byte(value), 0); err != nil {
				t.Skipf("setting an attribute: %v", err)
			}
		}
		if got := delegated(dir); got != want {
			t.Errorf("delegated with %q: got %v, want %v", value, got, want)
		}
	}
	check("", false)
	check("0", false)
	check("1", true)
}

// TestStale checks whose cgroups are removed: those of no agent that lives.
func TestStale(t *testing.T) {
	tr := openTrial(t, true, 0)
	mine, err := tr.newGroup(Command{})
	if err != nil {
		t.Fatal(err)
	}
	self, _ := readStat(os.Getpid())
	dead := &group{dir: filepath.Join(tr.place.dir, namePrefix+strconv.Itoa(self.pid)+"-"+strconv.FormatUint(self.start+1, 10)+"-ff")}
	other := &group{dir: filepath.Join(tr.place.dir, "systant-test-command-1-1-1")}
	for _, g := range []*group{dead, other} {
		if err := os.Mkdir(g.dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	removeStale(tr.place.dir, slog.New(slog.DiscardHandler))
	check := func(g *group, want bool) {
		t.Helper()
		if _, err := os.Stat(g.dir); (err == nil) != want {
			t.Errorf("%s: got error %v, want it there: %v", g.dir, err, want)
		}
		if err := g.remove(); want && err != nil {
			t.Error(err)
		}
	}
	check(mine, true)
	check(dead, false)
	check(other, true)
}

// TestOpen checks that each host can run commands, in one way or the other.
func TestOpen(t *testing.T) {
	r := Open(slog.New(slog.DiscardHandler))
	if got := r.Run(t.Context(), (&trial{}).shell("echo end")); got.Output.Text != "end\n" {
		t.Errorf("Run: got %+v, want output end", got)
	}
	if err := r.Close(); err != nil {
		t.Errorf("Close: got error %v, want none", err)
	}
}

// TestCloseEachOnExec checks the way of older kernels.
func TestCloseEachOnExec(t *testing.T) {
	fd, err := unix.Dup(1)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := closeEachOnExec(); err != nil {
		t.Fatal(err)
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags: got %d and error %v, want FD_CLOEXEC", flags, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("0::/a\n"))
	f.Add([]byte("30 23 0:27 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n"))
	f.Add([]byte("12 (sh) S 1 12 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 4711"))
	f.Add([]byte("populated 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if dir, ok := cgroupDir(parseMounts(data), parseOwn(data)); ok && (!filepath.IsAbs(dir) || filepath.Clean(dir) != dir) {
			t.Errorf("cgroupDir: got %q, want a clean path", dir)
		}
		if p, ok := parseStat(data); ok && p.pid <= 0 {
			t.Errorf("parseStat: got %+v, want a pid", p)
		}
		for _, pid := range parseMembers(data) {
			if pid <= 0 {
				t.Errorf("parseMembers: got %d, want a pid", pid)
			}
		}
		if pid, _, ok := owner(string(data)); ok && pid <= 0 {
			t.Errorf("owner: got %d, want a pid", pid)
		}
		parseField(data, "populated")
	})
}
