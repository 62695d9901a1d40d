package process

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestRun(t *testing.T) {
	inEachMode(t, func(t *testing.T, tr *trial) {
		check := func(script, text string, exit int, s syscall.Signal) {
			t.Helper()
			before := time.Now()
			got := tr.Run(t.Context(), tr.shell(script))
			if got.Output.Text != text || got.Exit != exit || got.Signal != s || got.Err != nil || got.TimedOut || got.Canceled || got.Output.Truncated {
				t.Errorf("Run of %s: got %+v, want output %q, exit %d and signal %d", script, got, text, exit, s)
			}
			if got.Started.Before(before) || got.Duration <= 0 || got.Duration > time.Since(before) {
				t.Errorf("Run of %s: got start %v and duration %v, want those of the run", script, got.Started, got.Duration)
			}
		}
		check("true", "", 0, 0)
		check("exit 3", "", 3, 0)
		check("echo one; echo two >&2; echo three; exit 1", "one\ntwo\nthree\n", 1, 0)
		check("kill -9 $$", "", -1, syscall.SIGKILL)
		check("cat; echo end", "end\n", 0, 0)
		tr.checkNothingLeft(t)
	})
}

// TestRunCleanly checks that a program gets its environment and nothing else:
// no open file, whatever the agent has, no terminal, no place in a group of
// the agent's.
func TestRunCleanly(t *testing.T) {
	const leaked = 137
	if err := unix.Dup2(1, leaked); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(leaked)
	t.Setenv("SYSTANT_TEST_SECRET", "seen")
	inEachMode(t, func(t *testing.T, tr *trial) {
		check := func(script, want string) {
			t.Helper()
			c := tr.shell(script)
			c.Env, c.Dir = []string{"ONE=1", "TWO=two words"}, "/usr"
			if got := tr.Run(t.Context(), c); got.Output.Text != want || got.Err != nil {
				t.Errorf("Run of %s: got %+v, want output %q", script, got, want)
			}
		}
		check("i=0; while [ $i -lt 300 ]; do [ -e /proc/self/fd/$i ] && echo $i; i=$((i+1)); done", "0\n1\n2\n")
		check("read -r a b c d group session tty e </proc/$$/stat; [ $group = $$ ] && [ $session = $$ ] && echo $tty", "0\n")
		check("tr '\\0' '\\n' </proc/$$/environ", "ONE=1\nTWO=two words\n")
		check("pwd; echo $0", "/usr\n"+os.Args[0]+"\n")

		c := Command{Path: "/usr/bin/env", Args: []string{"env"}, Timeout: time.Second, OutputLimit: 1000}
		if got := tr.Run(t.Context(), c); got.Output.Text != "" || got.Exit != 0 {
			t.Errorf("Run of env without environment: got %+v, want no output", got)
		}
	})
}

func TestRunAsUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root becomes another user")
	}
	inEachMode(t, func(t *testing.T, tr *trial) {
		c := tr.shell("id -u; id -g; id -G; sleep 10 & echo end")
		c.User = &User{UID: 65534, GID: 65533, Groups: []uint32{65532}}
		if got, want := tr.Run(t.Context(), c), "65534\n65533\n65533 65532\nend\n"; got.Output.Text != want {
			t.Errorf("Run as nobody: got %+v, want output %q", got, want)
		}
		tr.checkNothingLeft(t)
	})
}

func TestStartErrors(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	inEachMode(t, func(t *testing.T, tr *trial) {
		check := func(path, dir, want string, number syscall.Errno) {
			t.Helper()
			c := Command{Path: path, Args: []string{path}, Dir: dir, Timeout: time.Second, OutputLimit: 1000}
			got := tr.Run(t.Context(), c)
			if got.Err == nil || !strings.HasPrefix(got.Err.Error(), want) || !errors.Is(got.Err, number) || got.Exit != -1 {
				t.Errorf("Run of %s: got %+v, want error %q", path, got, want)
			}
		}
		check("/none", "", "there is no such program: ", syscall.ENOENT)
		check("/dev/null/none", "", "there is no such program: ", syscall.ENOTDIR)
		check("/bin/true", "/none", "its folder /none can't be entered: ", syscall.ENOENT)
		check(write("plain", "#!/bin/sh\n", 0o644), "", "it is no file that may be executed: ", syscall.EACCES)
		check(folder, "", "it is no file that may be executed: ", syscall.EACCES)
		check(write("script", "#! /none/sh -e\n", 0o755), "", "its interpreter /none/sh is not there: ", syscall.ENOENT)
		check(write("text", "echo\n", 0o755), "", "it is no program for this machine", syscall.ENOEXEC)
		tr.checkNothingLeft(t)
	})
}

// checkInTime checks that a run that took its start from began and timed out
// was answered promptly, and not early.
func checkInTime(t *testing.T, began time.Time, c Command, got Result) {
	t.Helper()
	if took := time.Since(began); !got.TimedOut || took < c.Timeout || took > c.Timeout+promptly {
		t.Errorf("got %+v after %v, want a timeout after %v to %v", got, took, c.Timeout, c.Timeout+promptly)
	}
}

func TestTimeout(t *testing.T) {
	inEachMode(t, func(t *testing.T, tr *trial) {
		check := func(script, text string, exit int, s syscall.Signal) {
			t.Helper()
			c := tr.shell(script)
			c.Timeout = 100 * time.Millisecond
			began := time.Now()
			got := tr.Run(t.Context(), c)
			checkInTime(t, began, c, got)
			if got.Output.Text != text || got.Exit != exit || got.Signal != s {
				t.Errorf("Run of %s: got %+v, want output %q, exit %d and signal %d", script, got, text, exit, s)
			}
		}
		check("echo begun; exec sleep 10", "begun\n", -1, syscall.SIGTERM)
		check("trap 'echo bye; exit 4' TERM; echo begun; while :; do sleep 0.01; done 2>/dev/null", "begun\nbye\n", 4, 0)
		check("trap '' TERM; echo begun; sleep 10; sleep 10", "begun\n", -1, syscall.SIGKILL)
		check("echo begun; exec >/dev/null 2>&1; exec sleep 10", "begun\n", -1, syscall.SIGTERM)
		check("echo begun; kill -STOP $$", "begun\n", -1, syscall.SIGTERM)
		check("(trap 'echo late; exit' TERM; while :; do sleep 0.01; done) 2>/dev/null & exec sleep 10", "late\n", -1, syscall.SIGTERM)
		tr.checkNothingLeft(t)
	})
}

func TestCancel(t *testing.T) {
	inEachMode(t, func(t *testing.T, tr *trial) {
		ctx, cancel := context.WithCancel(t.Context())
		c := tr.self("stay")
		c.Progress = func(Output) { cancel() }
		began := time.Now()
		got := tr.Run(ctx, c)
		if took := time.Since(began); !got.Canceled || got.TimedOut || got.Output.Text != "stays\n" || took > promptly {
			t.Errorf("Run that is canceled: got %+v after %v, want Canceled at once", got, took)
		}
		if got := tr.Run(ctx, tr.shell("echo")); !got.Canceled || got.Output.Text != "" || got.Err != nil {
			t.Errorf("Run after the end: got %+v, want Canceled", got)
		}
		tr.checkNothingLeft(t)
	})
}

// TestProgress checks that output is told when there is more of it, and not
// otherwise. The command goes on when it is told to, so that none of this
// depends on how fast the machine is.
func TestProgress(t *testing.T) {
	inEachMode(t, func(t *testing.T, tr *trial) {
		path := filepath.Join(t.TempDir(), "fifo")
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Skipf("making a FIFO: %v", err)
		}
		fifo, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer fifo.Close()
		goOn := func() {
			if _, err := fifo.WriteString("\n"); err != nil {
				t.Error(err)
			}
		}
		var texts []string
		var last atomic.Int64
		began := time.Now()
		c := tr.shell("{ read -r _; echo one; read -r _; echo two; } <" + path)
		c.Progress = func(o Output) {
			texts = append(texts, o.Text)
			last.Store(time.Now().UnixNano())
			switch len(texts) {
			case 1:
				if at := time.Since(began); at < progressEvery {
					t.Errorf("first progress: got it after %v, want %v", at, progressEvery)
				}
				goOn()
			case 2:
				time.AfterFunc(2*progressEvery+progressEvery/2, goOn) // two looks find nothing new
			}
		}
		got := tr.Run(t.Context(), c)
		end := time.Now().UnixNano()
		if len(texts) == 3 && texts[2] == "one\ntwo\n" { // it was looked at between its last line and its end
			texts = texts[:2]
		}
		if got, want := strings.Join(texts, "|"), "|one\n"; got != want {
			t.Errorf("progress: got %q, want %q", got, want)
		}
		if want := "one\ntwo\n"; got.Output.Text != want {
			t.Errorf("got %+v, want output %q", got, want)
		}
		if last.Load() > end {
			t.Error("progress: got a call after Run, want none")
		}
	})
}

// TestProgressThatHangs checks that nobody is held up by Progress.
func TestProgressThatHangs(t *testing.T) {
	inEachMode(t, func(t *testing.T, tr *trial) {
		hang := make(chan struct{})
		defer close(hang)
		c := tr.self("stay")
		c.Timeout = time.Second
		var calls atomic.Int32
		c.Progress = func(Output) {
			calls.Add(1)
			<-hang
		}
		began := time.Now()
		got := tr.Run(t.Context(), c)
		checkInTime(t, began, c, got)
		if calls.Load() != 1 {
			t.Errorf("progress: got %d calls, want 1", calls.Load())
		}
		tr.checkNothingLeft(t)
	})
}

// TestTurns checks how many commands run at once: with cgroups all of them,
// which then meet each other, and else one.
func TestTurns(t *testing.T) {
	inEachMode(t, func(t *testing.T, tr *trial) {
		const runs = 3
		c := tr.shell("echo x >>all; i=0; while [ $(wc -l <all) -lt 3 ] && [ $i -lt 500 ]; do sleep 0.01; i=$((i+1)); done; wc -l <all")
		want := "3\n"
		if !tr.Contained() {
			c = tr.shell("echo x >>all; sleep 0.2; wc -l <all; rm all")
			want = "1\n"
		}
		c.Dir = t.TempDir()
		results := make(chan Result)
		for range runs {
			go func() { results <- tr.Run(t.Context(), c) }()
		}
		for range runs {
			if got := <-results; got.Output.Text != want {
				t.Errorf("runs at once: got %+v, want output %q", got, want)
			}
		}
		tr.checkNothingLeft(t)
	})
}

// TestTurnThatDoesNotCome checks that who waits for a turn can be called off.
func TestTurnThatDoesNotCome(t *testing.T) {
	tr := openTrial(t, false, 1)
	hand := tr.take(t.Context())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got := tr.Run(ctx, tr.shell("true")); !got.Canceled {
		t.Errorf("Run without a turn: got %+v, want Canceled", got)
	}
	hand()
	if got := tr.Run(t.Context(), tr.shell("true")); got.Exit != 0 {
		t.Errorf("Run with a turn: got %+v, want exit 0", got)
	}
}
