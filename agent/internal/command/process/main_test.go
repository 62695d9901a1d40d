package process

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The environment variables by which a test tells the processes that it starts
// what to be, and later knows them by.
const (
	roleVariable = "SYSTANT_TEST_ROLE"
	markVariable = "SYSTANT_TEST_MARK"
)

// helperLife is how long a process lives that a test starts and fails to kill.
const helperLife = 10 * time.Second

// promptly is what is waited for no longer than it takes to tell it from waiting
// for such a process: the machine may be busy.
const promptly = helperLife / 2

// TestMain runs the tests, or plays a part in one.
func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	time.AfterFunc(helperLife, func() { os.Exit(9) })
	switch role {
	case "stay": // ends for nobody who asks
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		fmt.Println("stays")
	case "daemon": // leaves one behind that holds its output, twice removed
		detach("daemon again")
		return
	case "daemon again":
		detach("stay")
		return
	case "hog": // eats memory
		hog()
	case "place": // looks around
		tellPlace()
		return
	case "nest": // hides in a cgroup of its own
		nest()
	case "agent": // has a command under way when it is killed
		go playAgent()
	}
	select {}
}

// detach starts the test binary in another role and another session.
func detach(role string) {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), roleVariable+"="+role)
	c.Stdout = os.Stdout
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := c.Start(); err != nil {
		fmt.Println(err)
	}
}

// nest moves the process into a cgroup below its own.
func nest() {
	own, err := findPlace()
	if err != nil {
		fmt.Println(err)
		return
	}
	below := place{dir: filepath.Join(own.dir, "below", "again")}
	err = os.MkdirAll(below.dir, 0o755)
	if err == nil {
		err = below.write("cgroup.procs", strconv.Itoa(os.Getpid()))
	}
	fmt.Println("nested", err)
}

// playAgent runs a command that leaves something behind, and tells when.
func playAgent() {
	r := Open(slog.New(slog.DiscardHandler))
	script := roleVariable + `=daemon "$0"; exec sleep 10`
	r.Run(context.Background(), Command{
		Path: "/bin/sh", Args: []string{"sh", "-c", script, os.Args[0]},
		Env:     []string{markVariable + "=" + os.Getenv(markVariable), "PATH=" + os.Getenv("PATH")},
		Timeout: helperLife, OutputLimit: 1000, Progress: func(o Output) { fmt.Print(o.Text) },
	})
}

// trial is a runner under test, and a mark by which its processes are known.
type trial struct {
	*Runner
	mark string
}

// inEachMode runs a test with each way to contain commands: in cgroups, in
// cgroups by the first process of a container, to which orphans come, and
// without cgroups.
func inEachMode(t *testing.T, test func(*testing.T, *trial)) {
	t.Run("cgroup", func(t *testing.T) { test(t, openTrial(t, true, 0)) })
	t.Run("first", func(t *testing.T) { test(t, openTrial(t, true, 1)) })
	t.Run("tree", func(t *testing.T) { test(t, openTrial(t, false, 1)) })
}

// openTrial opens a runner in a mode; orphans is 1 where the test is to adopt
// them.
func openTrial(t testing.TB, contained bool, orphans uintptr) *trial {
	t.Helper()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, orphans, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	r := newRunner(slog.New(slog.DiscardHandler))
	if !contained {
		r.fallBack()
	} else if err := r.contain(); err != nil {
		t.Skipf("making cgroups: %v", err)
	}
	if contained && orphans == 1 {
		var err error
		if r.orphans, err = newTree(r.leaders); err != nil {
			t.Fatal(err)
		}
	}
	if r.Contained() != contained {
		t.Fatalf("Contained: got %v, want %v", r.Contained(), contained)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("Close: got error %v, want none", err)
		}
	})
	return &trial{r, fmt.Sprintf("%016x", rand.Uint64())}
}

// shell returns a command that is a shell script, which finds the test binary
// in $0.
func (tr *trial) shell(script string) Command {
	return Command{
		Path: "/bin/sh", Args: []string{"/bin/sh", "-c", script, os.Args[0]},
		Env:     []string{"PATH=" + os.Getenv("PATH"), markVariable + "=" + tr.mark},
		Timeout: 10 * time.Second, OutputLimit: 10_000,
	}
}

// self returns a command that is the test binary in a role.
func (tr *trial) self(role string) Command {
	c := tr.shell("")
	c.Path, c.Args = os.Args[0], []string{os.Args[0]}
	c.Env = append(c.Env, roleVariable+"="+role)
	return c
}

// checkNothingLeft checks that nothing remains of the trial's commands: no
// process, no zombie, no cgroup.
func (tr *trial) checkNothingLeft(t *testing.T) {
	t.Helper()
	left := withMark(tr.mark)
	for pid, line := range left {
		t.Errorf("processes left: got %d, the first %d %s, want none", len(left), pid, line)
		break
	}
	for pid := range left {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	zombies := 0
	err := processes(func(p process) {
		if p.parent == os.Getpid() && p.zombie {
			zombies++
		}
	})
	if err != nil || zombies > 0 {
		t.Errorf("zombies left: got %d and error %v, want none", zombies, err)
	}
	if tr.Contained() {
		if left := tr.groups(t); len(left) > 0 {
			t.Errorf("cgroups left: got %v, want none", left)
		}
	}
}

// groups returns the cgroups of this process's commands.
func (tr *trial) groups(t *testing.T) []string {
	t.Helper()
	name, err := ownName()
	if err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(tr.place.dir, name+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// withMark returns the processes that have a mark in their environment, with
// their command lines.
func withMark(mark string) map[int]string {
	found := make(map[int]string)
	_ = processes(func(p process) {
		folder := "/proc/" + strconv.Itoa(p.pid)
		environment, err := os.ReadFile(folder + "/environ")
		if err == nil && bytes.Contains(environment, []byte(markVariable+"="+mark)) {
			line, _ := os.ReadFile(folder + "/cmdline")
			found[p.pid] = strings.ReplaceAll(string(line), "\x00", " ")
		}
	})
	return found
}
