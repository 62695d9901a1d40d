package rewind

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// The store's measures.
const (
	// writeEvery is the time between writes of what has been gathered.
	writeEvery = time.Minute
	// forgetEvery is the time between looks for what is too old, or too much.
	forgetEvery = 10 * time.Minute
	// maxGathered is the bytes that are gathered before they are written: beyond
	// that, what a thousand hosts send in four minutes, frames are closed early.
	// Where they can't be written, as much again is gathered before they go.
	maxGathered = 32 << 20
)

// The errors of readers.
var (
	// ErrClosed is returned while the file is not open.
	ErrClosed = errors.New("what hosts were is not open yet")
	// ErrNothing is returned where there is no sample of the host at the moment
	// or before.
	ErrNothing = errors.New("nothing is kept of that moment")
)

// Options says where and how long to keep samples.
type Options struct {
	// Path is the file.
	Path string
	// Retention is how long samples are kept, and MaxBytes how large the file
	// may become, about; 0 is without bound.
	Retention time.Duration
	MaxBytes  int64
	// Recall, if not nil, is called with the newest sample of each host once the
	// file is open.
	Recall func(host string, payload json.RawMessage)
	Log    *slog.Logger
	// OnChange, if not nil, is called after [Store.Error] has changed.
	OnChange func()
}

// Store keeps samples. It is safe for concurrent use. See [New].
type Store struct {
	options Options
	merger  merger // of Run alone

	// mu guards all below.
	mu       sync.Mutex
	file     *file // nil while it is not open
	hosts    map[string]*gathered
	closed   map[*frame]string // full frames that are not written
	gone     []string          // hosts of which it is not written
	bytes    int               // gathered, and closed
	lost     uint64
	err      error
	overfull bool
	wake     chan struct{}
}

// gathered is the open frames of a host: of samples as they come, and of late
// ones that fill a gap.
type gathered struct{ live, late *frame }

// New returns a store for [Store.Run] to open.
func New(o Options) *Store {
	return &Store{options: o, hosts: map[string]*gathered{}, closed: map[*frame]string{}, wake: make(chan struct{}, 1), err: ErrClosed}
}

// Add hands over a host's sample, taken at a moment. The payload belongs to the
// store from then on, and is not changed.
func (s *Store) Add(host string, at time.Time, payload json.RawMessage) {
	m := moment{at.UnixMilli(), payload}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[host]
	if h == nil {
		h = &gathered{}
		s.hosts[host] = h
	}
	open := &h.live
	if h.live != nil && m.at <= h.live.last() {
		if i := h.live.at(m.at); i >= 0 && h.live.moments[i].at == m.at {
			return // it is here already
		}
		open = &h.late
	}
	if *open != nil && !(*open).fits(m) {
		s.shut(host, *open)
		*open = nil
	}
	if *open == nil {
		*open = &frame{}
	}
	(*open).add(m)
	if s.bytes += len(payload); s.bytes > maxGathered && (!s.overfull || s.bytes > 2*maxGathered) {
		s.relieve()
	}
}

// shut closes a frame for writing. The mutex is held.
func (s *Store) shut(host string, f *frame) {
	if !f.dirty() {
		s.bytes -= f.size
		return
	}
	s.closed[f] = host
}

// relieve closes all frames and has them written, or drops what could not be
// written before. The mutex is held.
func (s *Store) relieve() {
	if s.overfull { // nothing was written for as long as that took
		for f := range s.closed {
			s.lost += uint64(len(f.moments))
			s.bytes -= f.size
		}
		clear(s.closed)
	}
	for name, h := range s.hosts {
		for _, f := range h.open() {
			s.shut(name, f)
		}
		delete(s.hosts, name)
	}
	s.overfull = true
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run writes what is handed over until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	writing, forgetting, merging := time.NewTicker(writeEvery), time.NewTicker(forgetEvery), time.NewTicker(mergeEvery)
	defer writing.Stop()
	defer forgetting.Stop()
	defer merging.Stop()
	// What was handed over meanwhile is to be written even if ctx ends now.
	s.note(s.open(context.WithoutCancel(ctx)))
	for {
		var err error
		select {
		case <-ctx.Done():
			return s.stop(context.WithoutCancel(ctx))
		case <-s.wake:
			err = s.write(ctx)
		case <-writing.C:
			err = s.write(ctx)
		case now := <-forgetting.C:
			err = s.forget(ctx, now)
		case now := <-merging.C:
			if err = s.merge(ctx, now); err == nil {
				continue // it tells nothing about writes
			}
		}
		if ctx.Err() == nil { // what was broken off is written at the end
			s.note(err)
		}
	}
}

// open opens the file.
func (s *Store) open(ctx context.Context) error {
	f, aside, err := openFile(ctx, s.options.Path)
	if aside != "" {
		s.asideSaid(aside)
	}
	if err != nil {
		return fmt.Errorf("opening %s: %w", s.options.Path, err)
	}
	s.mu.Lock()
	s.file = f
	s.mu.Unlock()
	return errors.Join(s.recall(ctx), s.forget(ctx, time.Now()))
}

// stop writes what there is, and closes the file.
func (s *Store) stop(ctx context.Context) error {
	if s.file == nil {
		return nil
	}
	err := s.write(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil { // it may have turned out to be damaged
		err = errors.Join(err, s.file.close())
	}
	s.file = nil
	if err != nil {
		s.options.Log.Error("what hosts were was not written at the end", "err", err)
	}
	return nil
}

// write writes all frames that have something new.
func (s *Store) write(ctx context.Context) error {
	if s.file == nil {
		return s.open(ctx)
	}
	batch := map[*frame]string{} // of frames as they are now
	whole := map[*frame]*frame{} // what they are of
	s.mu.Lock()
	for f, host := range s.frames() {
		if f.dirty() {
			now := &frame{moments: slices.Clip(f.moments), size: f.size}
			batch[now], whole[now] = host, f
		}
	}
	s.mu.Unlock()
	if err := errors.Join(s.file.write(ctx, batch), s.writeGone(ctx)); err != nil {
		return fmt.Errorf("writing %s: %w", s.options.Path, s.dropDamaged(err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for now, f := range whole {
		f.written = len(now.moments)
		if _, ok := s.closed[f]; ok && !f.dirty() {
			s.bytes -= f.size
			delete(s.closed, f)
		}
	}
	s.overfull = false
	return nil
}

// frames returns the frames in memory, and their hosts. The mutex is held.
func (s *Store) frames() iter.Seq2[*frame, string] {
	return func(yield func(*frame, string) bool) {
		for f, host := range s.closed {
			if !yield(f, host) {
				return
			}
		}
		for name, h := range s.hosts {
			for _, f := range h.open() {
				if !yield(f, name) {
					return
				}
			}
		}
	}
}

// open returns the frames that a host has.
func (h *gathered) open() []*frame {
	return slices.DeleteFunc([]*frame{h.live, h.late}, func(f *frame) bool { return f == nil })
}

// forget removes what is too old, or too much, from the file.
func (s *Store) forget(ctx context.Context, now time.Time) error {
	if s.file == nil {
		return s.open(ctx)
	}
	s.mu.Lock()
	for name, h := range s.hosts { // a host that went away leaves nothing behind
		if h.live != nil && !h.live.dirty() && now.UnixMilli()-h.live.last() > maxFrameTime {
			for _, f := range h.open() {
				s.shut(name, f)
			}
			delete(s.hosts, name)
		}
	}
	s.mu.Unlock()
	if err := s.file.forget(ctx, now.Add(-s.options.Retention).UnixMilli(), s.options.MaxBytes); err != nil {
		return fmt.Errorf("tidying %s: %w", s.options.Path, s.dropDamaged(err))
	}
	return nil
}

// note keeps an error, or that there is none, and says so once.
func (s *Store) note(err error) {
	s.mu.Lock()
	before := s.err
	s.err = err
	s.mu.Unlock()
	if (before == nil) == (err == nil) && (err == nil || before.Error() == err.Error()) {
		return
	}
	if err != nil {
		s.options.Log.Error("what hosts were is not written; everything else goes on", "err", err)
	} else {
		s.options.Log.Info("what hosts were is written", "path", s.options.Path)
	}
	if s.options.OnChange != nil {
		s.options.OnChange()
	}
}

// Error returns why samples are not written, or nil while they are.
func (s *Store) Error() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Lost returns how many samples were not kept.
func (s *Store) Lost() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}
