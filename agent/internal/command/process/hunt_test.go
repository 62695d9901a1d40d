package process

import (
	"log/slog"
	"math"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// stubborn is an enclosure whose processes live for some rounds of killing.
type stubborn struct {
	rounds atomic.Int32
}

// terminate does nothing.
func (s *stubborn) terminate() {}

// kill does nothing but count.
func (s *stubborn) kill() bool { return s.rounds.Add(-1) < 0 }

// empty tells whether the rounds are over.
func (s *stubborn) empty() bool { return s.rounds.Load() < 0 }

// TestHunt checks that what outlives its kill is hunted until it is gone.
func TestHunt(t *testing.T) {
	tr := openTrial(t, true, 0)
	j, err := tr.begin(tr.shell("true"))
	if err != nil {
		t.Fatal(err)
	}
	s := &stubborn{}
	s.rounds.Store(30) // more than fit into one try
	j.enclosure = s
	j.hunt()
	<-j.keeper.gone
	if !s.empty() {
		t.Errorf("hunt: got %d rounds left, want none", s.rounds.Load())
	}
	tr.checkNothingLeft(t)
}

// TestCloseEndsHunt checks that Close does not wait for what never ends, and
// tells what stays.
func TestCloseEndsHunt(t *testing.T) {
	tr := openTrial(t, true, 0)
	r := newRunner(slog.New(slog.DiscardHandler))
	r.place = tr.place
	j, err := r.begin(tr.shell("exec sleep 10"))
	if err != nil {
		t.Fatal(err)
	}
	s := &stubborn{}
	s.rounds.Store(math.MaxInt32)
	j.enclosure = s
	r.late.Go(j.hunt)
	began := time.Now()
	if err := r.Close(); err == nil {
		t.Error("Close: got no error, want one for the cgroup that stays")
	}
	if took := time.Since(began); took > promptly {
		t.Errorf("Close: got it after %v, want it at once", took)
	}
	if _, err := os.Stat(j.group.dir); err != nil {
		t.Errorf("the cgroup of a process that lives: got error %v, want it there", err)
	}
	if !kill(j.group, time.Now().Add(time.Second)) || j.group.removeBy(time.Now().Add(time.Second)) != nil {
		t.Error("kill: got a process left, want none")
	}
	<-j.keeper.gone
	tr.checkNothingLeft(t)
}

// TestLateStart checks that a program which starts when nobody waits for it any
// more is killed at once.
func TestLateStart(t *testing.T) {
	tr := openTrial(t, true, 0)
	c := tr.shell("sleep 10")
	k := &keeper{leaders: tr.leaders, exited: make(chan struct{}), release: make(chan struct{}), gone: make(chan struct{})}
	close(k.release)
	began := time.Now()
	go k.keep(c.Path, c.Args, attributes(c, nil, nil, nil), nil)
	<-k.gone
	if took := time.Since(began); took > promptly || k.state == nil || k.state.ExitCode() != -1 {
		t.Errorf("late start: got %v after %v, want it killed at once", k.state, took)
	}
	tr.checkNothingLeft(t)
}
