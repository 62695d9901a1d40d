package collect

import (
	"context"
	"errors"
	"time"

	"systant/agent/internal/kernel"
)

const (
	// statPatience is how long a sample waits for all filesystems whose answer
	// depends on a server or on another program, together.
	statPatience = 500 * time.Millisecond
	// maxStalled bounds the calls that may hang at a time, each of which holds
	// a thread.
	maxStalled = 32
)

// errStalled is returned for a filesystem that did not answer in time.
var errStalled = errors.New("not answering")

// size is what a filesystem said of itself.
type size struct {
	kernel.Filesystem
	err error
}

// sizer asks filesystems for their size. Those that may hang are asked in a
// goroutine that lives as long as the call: a hung NFS mount holds it until
// the server is back, and nothing can end it sooner. There is never more than
// one such call for a mount, and never more than maxStalled of them, so that
// a dead server costs a thread and no more. It is for one goroutine.
type sizer struct {
	statfs  func(path string) (kernel.Filesystem, error)
	waiting map[int]chan size // by the mount's id, each with room for the answer
}

// newSizer returns a sizer that asks by statfs.
func newSizer(statfs func(path string) (kernel.Filesystem, error)) *sizer {
	return &sizer{statfs: statfs, waiting: make(map[int]chan size)}
}

// sizes returns the sizes of the mounts, in their order. It takes a little
// longer than statPatience at most, and only where a mount has just begun to
// hang: one that was left hanging is not waited for again.
func (s *sizer) sizes(ctx context.Context, mounts []mount) []size {
	s.reap()
	sizes := make([]size, len(mounts))
	asked := make([]chan size, len(mounts))
	remote := false
	for i, m := range mounts {
		if m.mayHang() {
			asked[i] = s.ask(m)
			remote = true
		}
	}
	for i, m := range mounts {
		if !m.mayHang() {
			sizes[i].Filesystem, sizes[i].err = s.statfs(m.point)
		}
	}
	if !remote {
		return sizes
	}
	ctx, cancel := context.WithTimeout(ctx, statPatience)
	defer cancel()
	for i, m := range mounts {
		if m.mayHang() {
			sizes[i] = s.await(ctx, m, asked[i])
		}
	}
	return sizes
}

// reap forgets the calls that have returned since they were given up. Their
// answers are old.
func (s *sizer) reap() {
	for id, answer := range s.waiting {
		select {
		case <-answer:
			delete(s.waiting, id)
		default:
		}
	}
}

// ask begins a call, and returns nil where one hangs already.
func (s *sizer) ask(m mount) chan size {
	if _, hangs := s.waiting[m.id]; hangs || len(s.waiting) >= maxStalled {
		return nil
	}
	answer := make(chan size, 1)
	s.waiting[m.id] = answer
	go func() {
		var a size
		a.Filesystem, a.err = s.statfs(m.point)
		answer <- a
	}()
	return answer
}

// await returns a call's answer, or [errStalled] when ctx ends first.
func (s *sizer) await(ctx context.Context, m mount, answer chan size) size {
	if answer == nil {
		return size{err: errStalled}
	}
	select {
	case a := <-answer:
		delete(s.waiting, m.id)
		return a
	case <-ctx.Done():
	}
	// Another mount may have used up the time while this one had long answered.
	select {
	case a := <-answer:
		delete(s.waiting, m.id)
		return a
	default:
		return size{err: errStalled}
	}
}
