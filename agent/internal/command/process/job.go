package process

import (
	"os"
	"syscall"
	"time"
)

// progressEvery is how often output is handed to Progress.
const progressEvery = 500 * time.Millisecond

// job is a command under way.
type job struct {
	runner    *Runner
	command   Command
	enclosure enclosure
	group     *group // the enclosure where it is a cgroup, else nil
	keeper    *keeper
	output    *capture
	in        *os.File      // the end of the output's pipe that is read
	drained   chan struct{} // closed when nothing more is read
	over      chan struct{} // closed when no more progress is to be told
	told      chan struct{} // closed when none is
	released  bool          // the keeper may go
}

// begin makes what a command needs, and has it started.
func (r *Runner) begin(c Command) (*job, error) {
	if err := closeOnExec(); err != nil {
		return nil, err
	}
	j := &job{
		runner: r, command: c, output: newCapture(c.OutputLimit),
		drained: make(chan struct{}), over: make(chan struct{}), told: make(chan struct{}),
	}
	cgroup, err := j.enclose()
	if err != nil {
		return nil, err
	}
	null, out, err := j.open()
	if err != nil {
		return nil, j.abandon(cgroup, err)
	}
	go j.read()
	go j.tell()
	ours := []*os.File{null, out}
	if cgroup != nil {
		ours = append(ours, cgroup)
	}
	j.keeper = newKeeper(r.leaders, c.Path, c.Args, attributes(c, null, out, cgroup), ours)
	return j, nil
}

// enclose makes the command's enclosure, and returns its cgroup's descriptor;
// nil where it has no cgroup.
func (j *job) enclose() (*os.File, error) {
	if !j.runner.Contained() {
		t, err := newTree(j.runner.leaders)
		j.enclosure = t
		return nil, err
	}
	g, err := j.runner.newGroup(j.command)
	if err != nil {
		return nil, err
	}
	j.enclosure, j.group = g, g
	cgroup, err := g.open()
	if err != nil {
		return nil, j.abandon(nil, err)
	}
	return cgroup, nil
}

// open opens the command's input and both ends of its output.
func (j *job) open() (null, out *os.File, err error) {
	null, err = os.Open(os.DevNull)
	if err != nil {
		return nil, nil, err
	}
	j.in, out, err = pipe()
	if err != nil {
		null.Close()
		return nil, nil, err
	}
	return null, out, nil
}

// abandon takes back what was made for a command that will not start.
func (j *job) abandon(cgroup *os.File, err error) error {
	if cgroup != nil {
		cgroup.Close()
	}
	if j.group != nil {
		j.runner.leave(j.group.remove())
	}
	return err
}

// read reads the output; it ends with the pipe, or with its deadline.
func (j *job) read() {
	defer close(j.drained)
	j.output.drain(j.in)
}

// tell hands the output to Progress, until the job is over.
func (j *job) tell() {
	defer close(j.told)
	if j.command.Progress == nil {
		return
	}
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	last := int64(-1)
	for {
		select {
		case <-j.over:
			return
		case <-ticker.C:
		}
		select {
		case <-j.over: // both were ready
			return
		default:
		}
		if n := j.output.written(); n != last {
			last = n
			j.command.Progress(j.output.output())
		}
	}
}

// finish takes what is left of the output, waits for a progress call that is
// under way, both until end, and fills in the result.
func (j *job) finish(result *Result, end time.Time) {
	end = earlier(end, time.Now().Add(drainWithin))
	if soon := time.Now().Add(drainAtLeast); end.Before(soon) {
		end = soon
	}
	_ = j.in.SetReadDeadline(end) // never fails: it is a pipe
	<-j.drained
	j.in.Close()
	waitUntil(j.told, end)
	result.Output = j.output.output()
	result.OutOfMemory = j.group != nil && j.group.outOfMemory()
	if !waitUntil(j.keeper.exited, end) {
		result.Duration = time.Since(result.Started)
		return
	}
	result.Duration = j.keeper.ended.Sub(result.Started)
	j.release()
	<-j.keeper.gone
	if j.keeper.err != nil {
		result.Err = explain(j.command, j.keeper.err)
	} else if j.keeper.state != nil {
		status := j.keeper.state.Sys().(syscall.WaitStatus)
		result.Exit = status.ExitStatus() // -1 after a signal
		if status.Signaled() {
			result.Signal = status.Signal()
		}
	}
}

// release lets the keeper go.
func (j *job) release() {
	if !j.released {
		j.released = true
		close(j.keeper.release)
	}
}

// clear removes what is left when no process is.
func (j *job) clear(end time.Time) error {
	if j.runner.orphans != nil {
		j.runner.orphans.bury()
	}
	if j.group != nil {
		return j.group.removeBy(end)
	}
	return nil
}

// hunt kills what outlives its kill, for as long as makes sense. What the
// kernel does not let go, such as a process that waits for a disk, is dead the
// moment it does.
func (j *job) hunt() {
	end := time.Now().Add(huntWithin)
	for !kill(j.enclosure, time.Now().Add(killWithin)) || !waitUntil(j.keeper.exited, time.Now()) {
		if time.Now().After(end) || waitUntil(j.runner.closing, time.Now().Add(longPause)) {
			j.runner.log.Warn("processes of a command can't be killed", "program", j.command.Path)
			break
		}
	}
	j.release()
	j.runner.leave(j.clear(time.Now().Add(removeWithin)))
}

// leave notes a cgroup that could not be removed.
func (r *Runner) leave(err error) {
	if err == nil {
		return
	}
	r.log.Warn("a command's cgroup stays", "err", err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = append(r.left, err)
}
