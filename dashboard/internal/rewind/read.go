package rewind

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Moment is a host's sample of the past.
type Moment struct {
	// At is when it was taken.
	At time.Time
	// Before and After are when the samples around it were; zero for none.
	Before, After time.Time
	// Payload is the sample as it came.
	Payload json.RawMessage
}

// At returns the last sample of a host that is no later than a moment. Its
// errors are [ErrNothing], [ErrClosed], and those of the file.
func (s *Store) At(ctx context.Context, host string, at time.Time) (Moment, error) {
	found, err := s.last(ctx, host, at.UnixMilli())
	if err != nil {
		return Moment{}, err
	}
	if found == nil {
		return Moment{}, ErrNothing
	}
	m := Moment{At: time.UnixMilli(found.at).UTC(), Payload: found.payload}
	before, err := s.last(ctx, host, found.at-1)
	if err != nil {
		return Moment{}, err
	}
	if before != nil {
		m.Before = time.UnixMilli(before.at).UTC()
	}
	after, err := s.first(ctx, host, found.at)
	if err == nil && after != nil {
		m.After = time.UnixMilli(after.at).UTC()
	}
	return m, err
}

// Since returns the time of the oldest sample of a host, or the zero time.
func (s *Store) Since(ctx context.Context, host string) (time.Time, error) {
	first, err := s.first(ctx, host, math.MinInt64)
	if err != nil || first == nil {
		return time.Time{}, err
	}
	return time.UnixMilli(first.at).UTC(), nil
}

// last returns the last sample of a host that is no later than a moment, or nil.
func (s *Store) last(ctx context.Context, host string, at int64) (*moment, error) {
	return s.best(host, func(file *file) ([]*frame, error) { return file.read(ctx, host, at) }, func(f *frame) int { return f.at(at) }, func(a, b int64) bool { return a > b })
}

// first returns the first sample of a host that is later than a moment, or nil.
func (s *Store) first(ctx context.Context, host string, after int64) (*moment, error) {
	return s.best(host, func(file *file) ([]*frame, error) {
		here, err := file.read(ctx, host, after)
		if err != nil {
			return nil, err
		}
		next, err := file.next(ctx, host, after)
		return append(here, next...), err
	}, func(f *frame) int { return f.after(after) }, func(a, b int64) bool { return a < b })
}

// best returns the best of the samples that pick finds in a host's frames, in
// memory and those that read finds in the file, or nil.
func (s *Store) best(host string, read func(*file) ([]*frame, error), pick func(*frame) int, better func(a, b int64) bool) (*moment, error) {
	var best *moment
	look := func(f *frame) {
		if i := pick(f); i >= 0 && i < len(f.moments) && (best == nil || better(f.moments[i].at, best.at)) {
			best = new(f.moments[i])
		}
	}
	s.mu.Lock()
	for f, name := range s.frames() {
		if name == host {
			look(f)
		}
	}
	file := s.file
	s.mu.Unlock()
	if file == nil {
		return nil, ErrClosed
	}
	frames, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", s.options.Path, err)
	}
	for _, f := range frames {
		look(f)
	}
	return best, nil
}
