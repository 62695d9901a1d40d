package rewind

import (
	"context"
	"errors"
	"fmt"
)

// Gone tells that a host is not of the fleet any more: it is not recalled after
// a restart, unless it comes again. What is kept of it stays.
func (s *Store) Gone(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = append(s.gone, host)
}

// writeGone writes which hosts have gone, after their samples: by the newest of
// these, so that it does not matter whose clock is wrong.
func (s *Store) writeGone(ctx context.Context) error {
	s.mu.Lock()
	gone := s.gone
	s.gone = nil
	s.mu.Unlock()
	for i, host := range gone {
		if _, err := s.file.db.ExecContext(ctx, "INSERT OR REPLACE INTO gone SELECT host, max(last) FROM frames WHERE host = ? GROUP BY host", host); err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.gone = append(gone[i:], s.gone...)
			return err
		}
	}
	return nil
}

// recall hands over the newest sample of each host that is not gone, the newest first:
// a fleet whose broker has forgotten it is known again.
func (s *Store) recall(ctx context.Context) (err error) {
	if s.options.Recall == nil {
		return nil
	}
	rows, err := s.file.db.QueryContext(ctx, `SELECT f.host, f.body FROM frames AS f WHERE f.rowid IN (
		SELECT newest.id FROM (SELECT host, max(last) AS last, rowid AS id FROM frames GROUP BY host) AS newest
		LEFT JOIN gone ON gone.host = newest.host WHERE gone.at IS NULL OR gone.at < newest.last)
		ORDER BY f.last DESC`)
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
	return rows.Err()
}
