package process

import (
	"context"
	"time"
)

// The times after a timeout, from which all of what follows is counted.
const (
	// grace is how long a program may take to end by itself when it is told to.
	grace = 500 * time.Millisecond
	// killWithin is how long the answer then waits for what is killed to be
	// gone, and patience how long after a program that ended in time.
	killWithin = 250 * time.Millisecond
	patience   = 2 * time.Second
	// drainWithin is how long it then waits for the end of the output, which
	// somebody may have been handed who is not of the command; drainAtLeast is
	// left where the host is too busy to keep to these times.
	drainWithin  = 100 * time.Millisecond
	drainAtLeast = 20 * time.Millisecond
)

// shortPause and longPause are between two looks at what is left.
const (
	shortPause = 200 * time.Microsecond
	longPause  = 20 * time.Millisecond
)

// enclosure holds a command's processes, and finds all of them. It can be asked
// for anything again, and after they have gone.
type enclosure interface {
	terminate()
	kill() (none bool) // none was there to be killed
	empty() bool
}

// Run runs a command, and returns when nothing of it is left, or when nothing
// more can be done about it: at most a second after its timeout or the
// context's end. What still lives then is hunted in the background, and keeps
// the next command from its turn where there are turns.
func (r *Runner) Run(ctx context.Context, c Command) Result {
	result := Result{Started: time.Now(), Exit: -1}
	hand := r.take(ctx)
	if hand == nil {
		result.Canceled = true
		return result
	}
	result.Started = time.Now()
	j, err := r.begin(c)
	if err != nil {
		hand()
		result.Err = err
		return result
	}
	end := j.watch(ctx, &result)
	close(j.over)
	gone := kill(j.enclosure, end) && waitUntil(j.keeper.exited, end)
	j.finish(&result, end.Add(drainWithin))
	if gone && j.clear(end) == nil {
		hand()
		return result
	}
	r.late.Go(func() {
		defer hand()
		j.hunt()
	})
	return result
}

// watch waits for a program's end, and returns until when what is left of it
// may be killed. One whose time is over, or whose context ends, is told to end,
// all of it, and has a moment to do so.
func (j *job) watch(ctx context.Context, result *Result) time.Time {
	over := time.Now().Add(j.command.Timeout)
	timer := time.NewTimer(j.command.Timeout)
	defer timer.Stop()
	select {
	case <-j.keeper.exited:
		return earlier(over.Add(grace+killWithin), time.Now().Add(patience))
	case <-timer.C:
		result.TimedOut = true
	case <-ctx.Done():
		result.Canceled = true
	}
	end := time.Now().Add(grace)
	j.enclosure.terminate()
	if waitUntil(j.keeper.exited, end) {
		pauseUntil(end, longPause, j.enclosure.empty)
	}
	return end.Add(killWithin)
}

// earlier returns the earlier of two moments.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// kill kills all that an enclosure holds, again and again, until that is
// nothing or the time is over.
func kill(e enclosure, end time.Time) bool {
	return pauseUntil(end, shortPause, e.kill)
}

// pauseUntil asks done until it says yes or the time is over, with pauses that
// grow, so that most of the time is left to the processes that it waits for.
// It asks once at least.
func pauseUntil(end time.Time, pause time.Duration, done func() bool) bool {
	for {
		began := time.Now()
		if done() {
			return true
		}
		pause = max(pause, time.Since(began))
		if time.Now().Add(pause).After(end) {
			return false
		}
		time.Sleep(pause)
		pause = min(2*pause, longPause)
	}
}

// waitUntil waits for a channel to be closed, and tells whether it is.
func waitUntil(c <-chan struct{}, end time.Time) bool {
	timer := time.NewTimer(time.Until(end))
	defer timer.Stop()
	select {
	case <-c:
		return true
	case <-timer.C:
	}
	select { // both may be ready
	case <-c:
		return true
	default:
		return false
	}
}
