package process

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// tree is what has come out of a command where there is no cgroup to hold it:
// every descendant of the agent but those that were there before. The agent
// adopts a process whose parent has ended (PR_SET_CHILD_SUBREAPER), so that
// none gets out of its tree.
type tree struct {
	self    int
	foreign map[int]uint64 // children that are not the command's: their start, by pid
	leaders *leaders
}

// leaders are the processes that some keeper reaps, and nobody else may.
type leaders struct {
	starting sync.RWMutex // held for reading from a start until it is noted
	mu       sync.Mutex   // guards pids
	pids     map[int]bool
}

// note notes or forgets a leader.
func (l *leaders) note(pid int, leads bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if leads {
		l.pids[pid] = true
	} else {
		delete(l.pids, pid)
	}
}

// has tells whether a process is a leader.
func (l *leaders) has(pid int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pids[pid]
}

// newTree returns the tree of a command that is yet to start.
func newTree(l *leaders) (*tree, error) {
	t := &tree{self: os.Getpid(), foreign: make(map[int]uint64), leaders: l}
	err := processes(func(p process) {
		if p.parent == t.self {
			t.foreign[p.pid] = p.start
		}
	})
	return t, err
}

// ours tells whether a child of the agent belongs to the command.
func (t *tree) ours(p process) bool {
	start, known := t.foreign[p.pid]
	return !known || start != p.start
}

// descendants returns the processes of the command, without a leader that has
// ended and that its keeper will reap. A process that ends meanwhile stays to
// be seen, as a zombie below the agent; so none is left once there is nothing
// to be seen. Each child of the agent is handed to found at once.
func (t *tree) descendants(found func(process)) ([]process, error) {
	children := make(map[int][]process)
	err := processes(func(p process) {
		if p.parent != t.self {
			children[p.parent] = append(children[p.parent], p)
		} else if t.ours(p) && (!p.zombie || !t.leaders.has(p.pid)) {
			found(p)
			children[p.parent] = append(children[p.parent], p)
		}
	})
	all := children[t.self]
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i].pid]...)
	}
	return all, err
}

// terminate tells every process of the command to end.
func (t *tree) terminate() {
	all, _ := t.descendants(func(process) {})
	for _, p := range all {
		if !p.zombie {
			terminate(p.pid)
		}
	}
}

// kill kills every process of the command, and reaps the dead; it tells whether
// there was none of either. Children of the agent are killed as they are found:
// one that forks and ends, again and again, is met in no other moment. What is
// killed starts no more than what is stopped, and its children come to the
// agent, so that nobody needs to be stopped first.
func (t *tree) kill() bool {
	// A process group is killed once, with the first that is found of it. No
	// fork slips through, as the kernel starts no child for a process that has
	// a signal to take. A zombie's group has no other meaning yet.
	groups := map[int]bool{0: true, 1: true, unix.Getpgrp(): true}
	send := func(p process) {
		if !groups[p.group] {
			groups[p.group] = true
			_ = syscall.Kill(-p.group, syscall.SIGKILL)
		}
		if !p.zombie {
			_ = syscall.Kill(p.pid, syscall.SIGKILL) // it may have ended, but not be another yet
		}
	}
	all, err := t.descendants(send)
	for _, p := range all {
		if p.parent != t.self {
			send(p)
		}
	}
	t.reap(all)
	return err == nil && len(all) == 0
}

// empty tells whether nothing is left of the command, and reaps the dead.
func (t *tree) empty() bool {
	all, err := t.descendants(func(process) {})
	t.reap(all)
	return err == nil && len(all) == 0
}

// bury reaps what the agent has adopted and what is dead by now.
func (t *tree) bury() {
	all, _ := t.descendants(func(process) {})
	t.reap(all)
}

// reap takes the status of the dead among some processes, each by its number:
// to wait for any would take what others wait for. While something is being
// started nobody knows yet who the leaders are; the dead wait then.
func (t *tree) reap(all []process) {
	if !t.leaders.starting.TryLock() {
		return
	}
	defer t.leaders.starting.Unlock()
	for _, p := range all {
		if p.zombie && p.parent == t.self && !t.leaders.has(p.pid) {
			_, _ = unix.Wait4(p.pid, nil, unix.WNOHANG, nil)
		}
	}
}

// adopt makes the agent the parent of every descendant whose own parent ends
// (prctl(2)).
func adopt() error {
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}
