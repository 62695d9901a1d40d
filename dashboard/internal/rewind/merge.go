package rewind

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The measures of merging. Frames of a large fleet are closed long before they
// are full, and a sample alone takes five times as much room as one among
// others.
const (
	// mergeEvery is the time between steps, and mergeAtOnce the number of hosts
	// in each: 64 of them take tens of milliseconds.
	mergeEvery  = time.Second
	mergeAtOnce = 64
	// mergeAfter is how old frames are that are merged, in milliseconds: none of
	// them grows any more.
	mergeAfter = 2 * maxFrameTime
	// mergeBack is how far back it begins after a start, in milliseconds.
	mergeBack = 6 * maxFrameTime
)

// merger merges the frames of one time after the other.
type merger struct {
	start int64    // of the time, in milliseconds since 1970; 0 before the first
	hosts []string // whose frames of that time are to be merged
}

// merge takes a step.
func (s *Store) merge(ctx context.Context, now time.Time) error {
	if s.file == nil {
		return nil // it is opened with the next write
	}
	m := &s.merger
	if len(m.hosts) == 0 {
		latest := now.UnixMilli() - mergeAfter
		latest -= latest % maxFrameTime
		next := max(m.start+maxFrameTime, latest-mergeBack)
		if next > latest {
			return nil
		}
		hosts, err := s.file.scattered(ctx, next, next+maxFrameTime)
		if err != nil {
			return fmt.Errorf("reading %s: %w", s.options.Path, s.dropDamaged(err))
		}
		m.start, m.hosts = next, hosts
	}
	for range min(mergeAtOnce, len(m.hosts)) {
		host := m.hosts[0]
		m.hosts = m.hosts[1:]
		if err := s.file.merge(ctx, host, m.start, m.start+maxFrameTime); err != nil {
			return fmt.Errorf("merging in %s: %w", s.options.Path, s.dropDamaged(err))
		}
	}
	return nil
}

// scattered returns the hosts with several frames that end in a time.
func (f *file) scattered(ctx context.Context, start, end int64) (hosts []string, err error) {
	rows, err := f.db.QueryContext(ctx, "SELECT host FROM frames WHERE last >= ? AND last < ? GROUP BY host HAVING count(*) > 1", start, end)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var host string
		if err := rows.Scan(&host); err != nil {
			return nil, err
		}
		hosts = append(hosts, host)
	}
	return hosts, rows.Err()
}

// merge joins the frames of a host that end in a time, as far as they fit. They
// stay as they are where one is damaged, or another begins with the same sample
// as what they would become.
func (f *file) merge(ctx context.Context, host string, start, end int64) error {
	frames, err := f.query(ctx, "SELECT body FROM frames WHERE host = ? AND first > ? AND last >= ? AND last < ? ORDER BY first", host, start-maxFrameTime, start, end)
	if errors.Is(err, errFrame) {
		return nil
	}
	if err != nil {
		return err
	}
	joined := join(frames)
	if len(joined) >= len(frames) {
		return nil
	}
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it fails after Commit, as it should
	for _, one := range frames {
		if _, err := tx.ExecContext(ctx, "DELETE FROM frames WHERE host = ? AND first = ?", host, one.first()); err != nil {
			return err
		}
	}
	for _, one := range joined {
		if _, err := tx.ExecContext(ctx, "INSERT INTO frames (host, first, last, body) VALUES (?, ?, ?, ?)", host, one.first(), one.last(), f.codec.pack(one)); err != nil {
			if code, ok := errors.AsType[*sqlite.Error](err); ok && code.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE {
				return nil
			}
			return err
		}
	}
	return tx.Commit()
}

// join returns the samples of frames in as few frames as they fit in.
func join(frames []*frame) []*frame {
	var all []moment
	for _, one := range frames {
		all = append(all, one.moments...)
	}
	slices.SortStableFunc(all, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	all = slices.CompactFunc(all, func(a, b moment) bool { return a.at == b.at })
	var joined []*frame
	for _, m := range all {
		if len(joined) == 0 || !joined[len(joined)-1].fits(m) {
			joined = append(joined, &frame{})
		}
		joined[len(joined)-1].add(m)
	}
	return joined
}
