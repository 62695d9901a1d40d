package fleet

import "time"

// claimHolds is after what time an "offline" is believed, and echo how long after the
// broker is back it may tell what it said of hosts at its own end.
const (
	claimHolds = 2 * time.Second
	echo       = 15 * time.Second
)

// ear is when hosts could be heard. While nobody can be, since the broker is away or
// the dashboard does not run, silence says nothing about a host.
type ear struct {
	lost    time.Time // when the newest time began in which nobody was heard; zero for unknown
	back    time.Time // when it was over; zero while it is not
	running bool      // hosts were heard since the start
}

// Lost tells that from now on nobody can be heard, until [Fleet.Back].
func (f *Fleet) Lost(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ear.back.IsZero() {
		return
	}
	f.ear.lost, f.ear.back, f.ear.running = now, time.Time{}, true
	for _, h := range f.hosts {
		h.claimed = time.Time{} // the broker said so as it ended, and not the host
	}
}

// Back tells that hosts can be heard from now on.
func (f *Fleet) Back(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ear.back.IsZero() {
		f.ear.back = now
	}
}

// Heard tells that a host was heard at a moment before the start: until then the
// dashboard ran, and not afterwards.
func (f *Fleet) Heard(at, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at = now.Add(-max(0, now.Sub(at)))
	if !f.ear.running && at.After(f.ear.lost) {
		f.ear.lost = at
	}
}

// limit returns when a host that was heard last at a moment has been silent for a
// time in which it could have been heard.
func (e *ear) limit(heard time.Time, silent time.Duration, now time.Time) time.Time {
	limit := heard.Add(silent)
	if e.lost.IsZero() || limit.Before(e.lost) {
		return limit
	}
	from, until := e.lost, e.back
	if heard.After(from) {
		from = heard
	}
	if until.IsZero() {
		until = now.Add(1) // it has not been so yet
	}
	return limit.Add(max(0, until.Sub(from)))
}

// echoes tells whether an "offline" of a host can be what the broker said of it at its
// own end. If it is not, the host's silence will tell.
func (e *ear) echoes(h *host, now time.Time) bool {
	return e.running && h.summary.State == Online && now.Sub(e.back) < echo
}
