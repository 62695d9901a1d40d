package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// reader stands for a browser that shows the fleet: it reads the dashboard's
// events, and how old the samples in them are.
type reader struct {
	mu   sync.Mutex // guards all below
	ages []time.Duration
	read int
}

// run reads events until ctx ends, and begins again where the stream does.
func (r *reader) run(ctx context.Context, s *stage) {
	for ctx.Err() == nil {
		if err := r.stream(ctx, s); err != nil && ctx.Err() == nil {
			_ = pause(ctx, time.Second) // it is over, or it goes on
		}
	}
}

// stream reads one stream of events.
func (r *reader) stream(ctx context.Context, s *stage) error {
	answer, err := s.get(ctx, "/events")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	const longest = 256 << 20 // a snapshot is one line
	lines.Buffer(nil, longest)
	kind := ""
	for lines.Scan() {
		now := time.Now()
		if name, ok := bytes.CutPrefix(lines.Bytes(), []byte("event:")); ok {
			kind = string(bytes.TrimSpace(name))
		} else if data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:")); ok {
			r.note(kind, data, now)
		}
	}
	return lines.Err()
}

// stamped is what stands before the time at which a sample was taken.
var stamped = []byte(`"timestamp":"`)

// note takes the times of the samples out of an event that arrived. It does not
// decode the event, so that fifty readers fit beside what is measured.
func (r *reader) note(kind string, data []byte, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read += len(data)
	if kind != "hosts" {
		return
	}
	for _, part := range bytes.Split(data, stamped)[1:] {
		text, _, _ := bytes.Cut(part, []byte{'"'})
		if taken, err := time.Parse(time.RFC3339Nano, string(text)); err == nil {
			r.ages = append(r.ages, now.Sub(taken))
		}
	}
}

// take returns the ages of the samples that were read since the call before.
func (r *reader) take() []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	ages := r.ages
	r.ages = nil
	return ages
}

// stall stands for a browser that has frozen: it asks for events and reads
// none. It asks again every few seconds, as one that wakes up does.
func stall(ctx context.Context, address string) {
	const again = 20 * time.Second
	for ctx.Err() == nil {
		c, err := dial(ctx, address)
		if err != nil {
			return
		}
		fmt.Fprintf(c, "GET /events HTTP/1.1\r\nHost: %s\r\n\r\n", address)
		_ = pause(ctx, again) // it is over, or it goes on
		c.Close()
	}
}

// quantile returns the value below which a share q of times lie, in
// milliseconds, or 0 for none.
func quantile(times []time.Duration, q float64) float64 {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)].Seconds() * 1e3
}
