package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bounded begins a script whose processes start others without end: each takes
// the number of those before it, and ends at a count, so that a failed test
// ends as well.
const bounded = `[ "${N:=0}" -lt 4000 ] || exit; export N=$((N+1)); `

// TestHostile checks that nothing is left of programs that would like to stay,
// and that they hold up no answer, whether they end or not.
func TestHostile(t *testing.T) {
	folder := t.TempDir()
	script := func(name, text string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	leaver := script("leaver", bounded+`"$0" & exit 0`)
	leaverApart := script("leaver-apart", bounded+`setsid "$0" & exit 0`)
	bomb := script("bomb", `trap '' TERM; [ "${D:=0}" -lt 8 ] || exec sleep 10; export D=$((D+1)); "$0" & "$0" & exec sleep 10`)
	for name, text := range map[string]string{
		"holds the output":   "sleep 10 & echo begun",
		"ignores":            roleVariable + `=stay "$0" & echo begun; sleep 0.2`,
		"daemon":             roleVariable + `=daemon "$0"; echo begun; sleep 0.2`,
		"stopped":            "(kill -STOP $(sh -c 'echo $PPID')) & echo begun; sleep 0.1",
		"closes the output":  "exec 3>&1; echo begun; exec >/dev/null 2>&1 3>&-; setsid sleep 10 &",
		"leaver":             leaver + "; echo begun; sleep 0.3",
		"leaver apart":       leaverApart + "; echo begun; sleep 0.3",
		"bomb":               bomb + " & echo begun; sleep 0.3",
		"flood from behind":  "(trap '' TERM; cat /dev/zero) & echo begun",
		"flood":              "echo begun; cat /dev/urandom & setsid cat /dev/zero & sleep 0.2",
		"group of the dying": "(sleep 0.05; setsid sleep 10 & setsid sleep 10) & echo begun; sleep 0.05",
	} {
		t.Run(name, func(t *testing.T) {
			inEachMode(t, func(t *testing.T, tr *trial) {
				if tr.orphans != nil && name != "daemon" && name != "leaver" {
					return // it would show no more than without orphans
				}
				c := tr.shell(text)
				began := time.Now()
				got := tr.Run(t.Context(), c)
				if took := time.Since(began); got.TimedOut || took > promptly || !strings.Contains(got.Output.Text, "begun\n") {
					t.Errorf("an end by itself: got %+v after %v, want the end at once", got, took)
				}
				settle := func() {
					t.Helper()
					if name == "bomb" && !tr.Contained() {
						tr.late.Wait() // the host may be too busy for all of them to be gone in time
					}
					tr.checkNothingLeft(t)
				}
				settle()
				c.Args[2] += "\nsleep 10"
				c.Timeout = 300 * time.Millisecond
				began = time.Now()
				got = tr.Run(t.Context(), c)
				checkInTime(t, began, c, got)
				settle()
			})
		})
	}
}

// TestNestedGroups checks that a program does not get away into a cgroup of
// its own.
func TestNestedGroups(t *testing.T) {
	for _, oneByOne := range []bool{false, true} {
		tr := openTrial(t, true, 0)
		c := tr.self("nest")
		c.Timeout = time.Second
		began := time.Now()
		j, err := tr.begin(c)
		if err != nil {
			t.Fatal(err)
		}
		j.group.oneByOne = oneByOne
		var got Result
		end := j.watch(t.Context(), &got)
		close(j.over)
		if !kill(j.enclosure, end) {
			t.Error("kill: got false, want true")
		}
		j.finish(&got, end)
		if err := j.clear(time.Now().Add(killWithin)); err != nil {
			t.Errorf("clear: got error %v, want none", err)
		}
		checkInTime(t, began, c, got)
		if os.Getuid() == 0 && got.Output.Text != "nested <nil>\n" {
			t.Errorf("got %+v, want a nested process", got)
		}
		tr.checkNothingLeft(t)
	}
}

// TestKillOneByOne checks that a fork bomb is ended where the kernel has no
// cgroup.kill.
func TestKillOneByOne(t *testing.T) {
	tr := openTrial(t, true, 0)
	path := filepath.Join(t.TempDir(), "leaver")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+bounded+`setsid "$0" & exit 0`), 0o755); err != nil {
		t.Fatal(err)
	}
	c := tr.shell(path + "; sleep 10")
	c.Timeout = 300 * time.Millisecond
	j, err := tr.begin(c)
	if err != nil {
		t.Fatal(err)
	}
	j.group.oneByOne = true
	var got Result
	end := j.watch(t.Context(), &got)
	close(j.over)
	if !kill(j.enclosure, end) {
		t.Error("kill: got false, want true")
	}
	j.finish(&got, end)
	if err := j.clear(time.Now().Add(time.Second)); err != nil {
		t.Errorf("clear: got error %v, want none", err)
	}
	tr.checkNothingLeft(t)
}

// TestHeldOutput checks that output which somebody else holds, out of reach,
// is not waited for.
func TestHeldOutput(t *testing.T) {
	inEachMode(t, func(t *testing.T, tr *trial) {
		fifo, back := filepath.Join(t.TempDir(), "fifo"), filepath.Join(t.TempDir(), "back")
		for _, path := range []string{fifo, back} {
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Skipf("making a FIFO: %v", err)
			}
		}
		// The holder opens the output of the program through /proc, as its
		// debugger could.
		holder := exec.Command("/bin/sh", "-c", "read -r pid <"+fifo+"; exec 9>/proc/$pid/fd/2; echo held >&9; echo >"+back+"; exec sleep 10")
		if err := holder.Start(); err != nil {
			t.Fatal(err)
		}
		tr.fork(t) // the holder is not the command's
		defer func() {
			_ = holder.Process.Kill()
			_ = holder.Wait()
		}()
		began := time.Now()
		got := tr.Run(t.Context(), tr.shell("echo $$ >"+fifo+"; read -r _ <"+back))
		if took := time.Since(began); got.Exit != 0 || got.Output.Text != "held\n" || took > promptly {
			t.Errorf("got %+v after %v, want output held at once", got, took)
		}
	})
}

// fork has the first process of a container know the children of the test.
func (tr *trial) fork(t *testing.T) {
	t.Helper()
	if tr.orphans == nil {
		return
	}
	var err error
	if tr.orphans, err = newTree(tr.leaders); err != nil {
		t.Fatal(err)
	}
}

// TestOthersChildren checks that children of the agent which are no command's
// live on, and that their ends can be waited for.
func TestOthersChildren(t *testing.T) {
	inEachMode(t, func(t *testing.T, tr *trial) {
		lives, ends := exec.Command("sleep", "10"), exec.Command("sh", "-c", "exit 7")
		for _, c := range []*exec.Cmd{lives, ends} {
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
		}
		tr.fork(t)
		tr.Run(t.Context(), tr.shell("sleep 10 & sleep 0.2"))
		if err := ends.Wait(); err == nil || err.Error() != "exit status 7" {
			t.Errorf("Wait for a child of another: got %v, want exit status 7", err)
		}
		if err := lives.Process.Kill(); err != nil {
			t.Errorf("a child of another: got error %v, want it alive", err)
		}
		if err := lives.Wait(); err == nil || err.Error() != "signal: killed" {
			t.Errorf("Wait for a child of another: got %v, want our own kill", err)
		}
	})
}

// TestKilledAgent checks that the kill of an agent kills its command, and that
// the next agent kills the rest; while an agent lives, nobody does.
func TestKilledAgent(t *testing.T) {
	tr := openTrial(t, true, 0)
	agent := exec.Command(os.Args[0])
	agent.Env = append(os.Environ(), roleVariable+"=agent", markVariable+"="+tr.mark)
	out, err := agent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	await := func(what string, done func(left string) bool) {
		t.Helper()
		for end := time.Now().Add(promptly); ; time.Sleep(longPause) {
			var lines []string
			for pid, line := range withMark(tr.mark) {
				if pid != agent.Process.Pid {
					lines = append(lines, line)
				}
			}
			left := strings.Join(lines, "\n")
			if done(left) {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%s: got processes %q", what, left)
			}
		}
	}
	var first [16]byte
	if _, err := out.Read(first[:]); err != nil { // progress has come: the daemon is there
		t.Fatal(err)
	}
	removeStale(tr.place.dir, tr.log)
	await("a command under way", func(left string) bool {
		return strings.Contains(left, "sleep 10") && strings.Contains(left, filepath.Base(os.Args[0]))
	})
	if err := agent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = agent.Wait()
	await("after the agent's kill", func(left string) bool { return !strings.Contains(left, "sleep 10") })
	if len(withMark(tr.mark)) == 0 {
		t.Error("after the agent's kill: got no process that is left, want the one that hid")
	}
	removeStale(tr.place.dir, tr.log)
	tr.checkNothingLeft(t)
	left, err := filepath.Glob(filepath.Join(tr.place.dir, namePrefix+strconv.Itoa(agent.Process.Pid)+"-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("cgroups of the killed agent: got %v and error %v, want none", left, err)
	}
}

// TestThreadLives checks that a program outlives the goroutine that asked for
// it on a thread of its own: threads come and go, and the kernel kills a
// program with the thread that started it (golang/go#27505).
func TestThreadLives(t *testing.T) {
	inEachMode(t, func(t *testing.T, tr *trial) {
		done := make(chan Result)
		go func() {
			runtime.LockOSThread() // the thread ends with the goroutine
			c := tr.shell("sleep 0.5; echo end")
			j, err := tr.begin(c)
			if err != nil {
				t.Error(err)
				close(done)
				return
			}
			go func() {
				var got Result
				end := j.watch(t.Context(), &got)
				close(j.over)
				kill(j.enclosure, end)
				j.finish(&got, end)
				_ = j.clear(time.Now().Add(killWithin))
				done <- got
			}()
		}()
		if got := <-done; got.Exit != 0 || got.Output.Text != "end\n" {
			t.Errorf("got %+v, want output end", got)
		}
	})
}
