package rewind

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"
)

// Gone tells that a host is not of the fleet any more: it is not recalled after
// a restart, unless it comes again. What is kept of it stays.
func (s *Store) Gone(host string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone[host] = now.UnixMilli()
}

// writeGone writes which hosts have gone.
func (s *Store) writeGone(ctx context.Context) error {
	s.mu.Lock()
	gone := maps.Clone(s.gone)
	s.mu.Unlock()
	for host, at := range gone {
		if _, err := s.file.db.ExecContext(ctx, "INSERT OR REPLACE INTO gone (host, at) VALUES (?, ?)", host, at); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.gone, func(host string, at int64) bool { return gone[host] == at })
	return nil
}

// recall hands over the newest sample of each host that is not gone, once: a
// fleet whose broker has forgotten it is known again.
func (s *Store) recall(ctx context.Context) (err error) {
	if s.options.Recall == nil || s.recalled {
		return nil
	}
	rows, err := s.file.db.QueryContext(ctx, `SELECT f.host, f.body FROM frames AS f WHERE f.rowid IN (
		SELECT newest.id FROM (SELECT host, max(last) AS last, rowid AS id FROM frames GROUP BY host) AS newest
		LEFT JOIN gone ON gone.host = newest.host WHERE gone.at IS NULL OR gone.at < newest.last)`)
	if err != nil {
		return fmt.Errorf("reading %s: %w", s.options.Path, s.dropDamaged(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var host string
		var body []byte
		if err := rows.Scan(&host, &body); err != nil {
			return err
		}
		if f, err := s.file.codec.unpack(body); err == nil { // one that is damaged is one host less
			s.options.Recall(host, f.moments[len(f.moments)-1].payload)
		}
	}
	s.recalled = true
	return rows.Err()
}
