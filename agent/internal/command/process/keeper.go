package process

import (
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// keeper starts a program and waits for it, in a goroutine and on a thread of
// its own. The kernel kills the program when that thread ends
// (PR_SET_PDEATHSIG, golang/go#27505), and so when the agent does. A start or
// an end that the kernel holds up, as it does for a network filesystem whose
// server is gone, holds up the keeper alone.
//
// The dead stays a zombie until release is closed, so that its number and
// those of its groups mean nothing else meanwhile.
type keeper struct {
	leaders *leaders
	exited  chan struct{}    // closed when the program has ended, or did not start
	release chan struct{}    // closed when the status may be taken
	ended   time.Time        // when the program did; may be read once exited is closed
	err     error            // why it did not start; likewise
	gone    chan struct{}    // closed when the status is taken
	state   *os.ProcessState // may be read then; nil where there is none
}

// newKeeper starts a program, and closes the files when it runs.
func newKeeper(l *leaders, path string, args []string, attr *os.ProcAttr, files []*os.File) *keeper {
	k := &keeper{leaders: l, exited: make(chan struct{}), release: make(chan struct{}), gone: make(chan struct{})}
	go k.keep(path, args, attr, files)
	return k
}

// keep is the keeper's goroutine.
func (k *keeper) keep(path string, args []string, attr *os.ProcAttr, files []*os.File) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(k.gone)

	p, err := k.start(path, args, attr)
	for _, f := range files {
		f.Close()
	}
	if err != nil {
		k.ended, k.err = time.Now(), err
		close(k.exited)
		<-k.release
		return
	}
	select {
	case <-k.release: // nobody waits for it any more
		_ = syscall.Kill(-p.Pid, syscall.SIGKILL) // it leads its group
	default:
	}
	awaitExit(p.Pid)
	k.ended = time.Now()
	close(k.exited)
	<-k.release
	k.state, _ = p.Wait() // nil where something else has taken the status
	k.leaders.note(p.Pid, false)
}

// start starts the program and notes that it is a leader.
func (k *keeper) start(path string, args []string, attr *os.ProcAttr) (*os.Process, error) {
	k.leaders.starting.RLock()
	defer k.leaders.starting.RUnlock()
	p, err := os.StartProcess(path, args, attr)
	if err == nil {
		k.leaders.note(p.Pid, true)
	}
	return p, err
}

// awaitExit waits until a child has ended, and leaves its status to be taken.
func awaitExit(pid int) {
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
		continue
	}
}

// attributes returns how to start a command: in a session of its own and so
// without a terminal, with nothing open but its input and its output.
func attributes(c Command, input, output, cgroup *os.File) *os.ProcAttr {
	sys := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL, Credential: credential(c.User)}
	if cgroup != nil {
		sys.UseCgroupFD, sys.CgroupFD = true, int(cgroup.Fd())
	}
	env := append([]string{}, c.Env...) // nil would be the agent's own
	return &os.ProcAttr{Dir: c.Dir, Env: env, Files: []*os.File{input, output, output}, Sys: sys}
}

// credential returns what makes a process another user's. Without rights the
// agent can't even become who it is, and needs not.
func credential(u *User) *syscall.Credential {
	if u == nil || os.Geteuid() != 0 && int(u.UID) == os.Geteuid() && int(u.GID) == os.Getegid() {
		return nil
	}
	return &syscall.Credential{Uid: u.UID, Gid: u.GID, Groups: u.Groups}
}

// pipe returns both ends of a pipe. Reading can be given a deadline; the end
// to write to blocks, as programs expect.
func pipe() (in, out *os.File, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		return nil, nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fds[0]), "output"), os.NewFile(uintptr(fds[1]), "output"), nil
}
