package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"systant/pkg/schema"
)

// markName is the environment variable by which a test knows what its commands
// have started. A command that loses its environment has the mark among its
// arguments.
const markName = "HOSTILE_MARK"

// newMark returns a mark of no other test.
func newMark() string {
	return fmt.Sprintf("hostile-%016x", rand.Uint64())
}

// hostileScripts copies testdata/hostile to where only the tester may write, as
// the agent wants it, and returns the folder.
func hostileScripts(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	paths, err := filepath.Glob("testdata/hostile/*.sh")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, filepath.Base(path)), text, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// eachProcess hands the folder in /proc of each process to visit.
func eachProcess(visit func(pid int, folder string)) {
	folders, _ := filepath.Glob("/proc/[0-9]*") // the pattern is good
	for _, folder := range folders {
		if pid, err := strconv.Atoi(filepath.Base(folder)); err == nil {
			visit(pid, folder)
		}
	}
}

// leftovers returns the processes that carry a mark, or are in a cgroup of some
// agent's commands, each with its arguments. What is dead and waits for the
// host's first process to reap it is not counted.
func leftovers(mark string, agent int) map[int]string {
	found := make(map[int]string)
	group := fmt.Appendf(nil, "/command-%d-", agent)
	eachProcess(func(pid int, folder string) {
		arguments, _ := os.ReadFile(folder + "/cmdline") // nothing of one that has ended
		environment, _ := os.ReadFile(folder + "/environ")
		groups, _ := os.ReadFile(folder + "/cgroup")
		if f := statFields(pid); len(f) == 0 || f[0] == "Z" || f[0] == "X" {
			return
		}
		if pid != agent && pid != os.Getpid() && (bytes.Contains(arguments, []byte(mark)) ||
			bytes.Contains(environment, []byte(markName+"="+mark)) || bytes.Contains(groups, group)) {
			found[pid] = string(bytes.ReplaceAll(arguments, []byte{0}, []byte{' '}))
		}
	})
	return found
}

// sweep kills what carries a mark when the test ends, lest a failure stays.
func sweep(t *testing.T, mark string) {
	t.Helper()
	t.Cleanup(func() {
		for pid := range leftovers(mark, 0) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
	})
}

// statFields returns the fields of /proc/PID/stat (proc_pid_stat(5)) from the
// third on, the state; nil for one that has ended.
func statFields(pid int) []string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
}

// children returns the children of a process, with their states: Z is a zombie.
func children(parent int) map[int]string {
	found := make(map[int]string)
	eachProcess(func(pid int, _ string) {
		if f := statFields(pid); len(f) > 1 && f[1] == strconv.Itoa(parent) {
			found[pid] = f[0]
		}
	})
	return found
}

// cpuTime returns how long a process has run on a processor, in user and kernel
// mode. The kernel counts hundredths of seconds for programs, on any machine.
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	f := statFields(pid)
	if len(f) < 13 {
		t.Fatalf("process %d has ended", pid)
	}
	user, err := strconv.Atoi(f[11])
	if err != nil {
		t.Fatal(err)
	}
	kernel, err := strconv.Atoi(f[12])
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(user+kernel) * 10 * time.Millisecond
}

// descriptors returns how many files a process has open.
func descriptors(t *testing.T, pid int) int {
	t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}

// commandGroups returns the cgroups of an agent's commands.
func commandGroups(agent int) []string {
	var found []string
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(e.Name(), fmt.Sprintf("command-%d-", agent)) {
			found = append(found, path)
		}
		return nil // others come and go meanwhile
	})
	return found
}

// contained tells whether the agent runs each command in a cgroup.
func (v *victim) contained() bool {
	return strings.Contains(v.agent.said(), "each command has a cgroup")
}

// heard returns the answer to a request, if there is one yet.
func (v *victim) heard(id string) (schema.Response, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r, ok := v.got[id]
	return r, ok
}

// reconfigure replaces texts in the agent's configuration, each of which must
// be there, and starts the agent again.
func (v *victim) reconfigure(t *testing.T, replace ...string) {
	t.Helper()
	text, err := os.ReadFile(v.config)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replace); i += 2 {
		if !bytes.Contains(text, []byte(replace[i])) {
			t.Fatalf("the configuration lacks %q", replace[i])
		}
		text = bytes.Replace(text, []byte(replace[i]), []byte(replace[i+1]), 1)
	}
	if err := os.WriteFile(v.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	v.restart(t, syscall.SIGTERM)
	v.await(t)
}

// auditLine is what the tests read of an audit record.
type auditLine struct {
	Event     string        `json:"event"`
	RequestID string        `json:"request_id"`
	Status    schema.Status `json:"status"`
	Count     int           `json:"count"`
}

// records returns the records of an audit log, and how many lines are none.
func records(log string) (all []auditLine, torn int) {
	for line := range strings.Lines(log) {
		var r auditLine
		if json.Unmarshal([]byte(line), &r) != nil {
			torn++
			continue
		}
		all = append(all, r)
	}
	return all, torn
}

// accounted returns how many requests an audit log tells of: those that were
// started, those that were answered otherwise, and those that were counted only.
func accounted(all []auditLine) (started, answered, suppressed int) {
	for _, r := range all {
		switch r.Event {
		case "start":
			started++
		case "answered":
			answered++
		case "suppressed":
			suppressed += r.Count
		}
	}
	return started, answered, suppressed
}
