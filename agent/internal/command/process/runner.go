package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// huntWithin is how long what outlives its kill is hunted.
	huntWithin = 10 * time.Second
	// removeWithin is how long a cgroup may then take to be removed.
	removeWithin = time.Second
)

// Runner runs commands. Its methods are safe for concurrent use.
type Runner struct {
	log     *slog.Logger
	place   place         // of the commands' cgroups
	turn    chan struct{} // holds one token while no command runs; nil where each has a cgroup
	orphans *tree         // finds what comes to the agent as the first process of a container; else nil
	leaders *leaders
	closing chan struct{}
	once    sync.Once
	late    sync.WaitGroup // hunts

	mu   sync.Mutex // guards left
	left []error    // cgroups that could not be removed
}

// Open finds out how this host lets commands be contained, and removes what an
// agent that was killed has left. [Runner.Close] must be called.
func Open(log *slog.Logger) *Runner {
	r := newRunner(log)
	if err := closeOnExec(); err != nil {
		log.Warn("commands may inherit open files", "err", err)
	}
	err := r.contain()
	if err == nil {
		return r
	}
	log.Warn("commands have no cgroup: one runs at a time, and what it starts may outlive an agent that is killed", "err", err)
	r.fallBack()
	return r
}

// newRunner returns a runner that has yet to be told how to contain commands.
func newRunner(log *slog.Logger) *Runner {
	return &Runner{log: log, leaders: &leaders{pids: make(map[int]bool)}, closing: make(chan struct{})}
}

// fallBack has the agent adopt what a command leaves, and one run at a time.
func (r *Runner) fallBack() {
	if err := adopt(); err != nil {
		r.log.Error("commands can leave processes behind", "err", err)
	}
	r.turn = make(chan struct{}, 1)
	r.turn <- struct{}{}
}

// contain makes sure that commands can have cgroups.
func (r *Runner) contain() error {
	found, err := findPlace()
	if err != nil {
		return err
	}
	r.place = found
	limits := found.enable()
	if err := r.probe(); err != nil {
		return err
	}
	removeStale(found.dir, r.log)
	if os.Getpid() == 1 {
		if r.orphans, err = newTree(r.leaders); err != nil {
			return fmt.Errorf("reading the process table: %w", err)
		}
	}
	r.log.Info("each command has a cgroup", "cgroup", found.dir, "limits", strings.Join(limits, " "))
	return nil
}

// probe tries to start in a cgroup what is not there: the kernel refuses the
// cgroup before it misses the program.
func (r *Runner) probe() error {
	g, err := r.newGroup(Command{})
	if err != nil {
		return err
	}
	fd, err := g.open()
	if err != nil {
		return errors.Join(err, g.remove())
	}
	defer fd.Close()
	none := filepath.Join(g.dir, "none")
	_, err = os.StartProcess(none, []string{none}, attributes(Command{}, nil, nil, fd))
	if errors.Is(err, syscall.ENOENT) {
		err = nil
	}
	return errors.Join(err, g.removeBy(time.Now().Add(removeWithin)))
}

// newGroup makes a cgroup whose name is of no other command of any agent.
func (r *Runner) newGroup(c Command) (*group, error) {
	owner, err := ownName()
	if err != nil {
		return nil, err
	}
	return newGroup(filepath.Join(r.place.dir, fmt.Sprintf("%s%016x", owner, rand.Uint64())), c)
}

// Contained tells whether each command has a cgroup, so that many can run at
// once. Where they have none, Run waits for its turn.
func (r *Runner) Contained() bool {
	return r.turn == nil
}

// Close ends the hunt for what outlived its kill, and returns which cgroups
// stay for its sake. It must be called after the last Run has returned.
func (r *Runner) Close() error {
	r.once.Do(func() { close(r.closing) })
	r.late.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.left...)
}

// take waits for the command's turn, and returns what hands it on; nil where
// the context ended before.
func (r *Runner) take(ctx context.Context) (hand func()) {
	if ctx.Err() != nil {
		return nil
	}
	if r.turn == nil {
		return func() {}
	}
	select {
	case <-r.turn:
		return func() { r.turn <- struct{}{} }
	case <-ctx.Done():
		return nil
	}
}
