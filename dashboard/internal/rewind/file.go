package rewind

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver
)

// The file's own marks (https://www.sqlite.org/pragma.html#pragma_application_id).
const (
	applicationID = 0x53797374 // "Syst"
	layoutVersion = 1
)

// layout is the table of frames, and that of hosts which are not recalled.
const layout = `
CREATE TABLE IF NOT EXISTS frames (
	host  TEXT    NOT NULL,
	first INTEGER NOT NULL, -- of its samples, in milliseconds since 1970
	last  INTEGER NOT NULL,
	body  BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS frames_of_host ON frames (host, first);
CREATE INDEX IF NOT EXISTS frames_by_age ON frames (last);
CREATE TABLE IF NOT EXISTS gone (
	host TEXT    PRIMARY KEY,
	at   INTEGER NOT NULL -- of its newest sample
) STRICT, WITHOUT ROWID;
PRAGMA application_id = %d;
PRAGMA user_version = %d;`

// file is the frames that are written.
type file struct {
	db    *sql.DB
	codec *codec
}

// errForeign is returned for a file of another program, or a later version.
var errForeign = errors.New("not a file of this version of the dashboard")

// openFile opens a file, which may be missing. One that is damaged is put
// aside, with the name's ending ".damaged", and named in the second result.
func openFile(ctx context.Context, path string) (*file, string, error) {
	f, err := tryFile(ctx, path)
	if damaged(err) {
		aside, err := putAside(path)
		if err != nil {
			return nil, "", err
		}
		f, err = tryFile(ctx, path)
		return f, aside, err
	}
	return f, "", err
}

// tryFile opens a file, or makes it.
func tryFile(ctx context.Context, path string) (f *file, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	address := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: url.Values{
		"_pragma": {"busy_timeout(5000)", "auto_vacuum(incremental)", "journal_mode(wal)", "synchronous(normal)", "cache_size(-4096)", "journal_size_limit(8388608)"},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	db.SetMaxOpenConns(4)
	var application, version int
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&application); err != nil {
		return nil, err
	}
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return nil, err
	}
	if application != 0 && (application != applicationID || version > layoutVersion) {
		return nil, errForeign
	}
	if _, err := db.ExecContext(ctx, fmt.Sprintf(layout, applicationID, layoutVersion)); err != nil {
		return nil, err
	}
	codec, err := newCodec()
	if err != nil {
		return nil, err
	}
	return &file{db, codec}, nil
}

// write writes frames of hosts, all or none. One that was written before and
// has grown since is replaced; one that says less than what is there is not
// written.
func (f *file) write(ctx context.Context, frames map[*frame]string) error {
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it fails after Commit, as it should
	for one, host := range frames {
		if _, err := tx.ExecContext(ctx, "DELETE FROM frames WHERE host = ? AND first = ? AND last <= ?", host, one.first(), one.last()); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO frames (host, first, last, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
			host, one.first(), one.last(), f.codec.pack(one)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// maxLooked is the number of frames that are looked at for one moment: of a
// host whose samples come in any order, there are many of one time.
const maxLooked = 8

// read returns the frames that can hold the last sample of a host which is no
// later than a moment: those that begin within the time of one frame before
// the last one that does, since none is longer.
func (f *file) read(ctx context.Context, host string, at int64) ([]*frame, error) {
	return f.query(ctx, `SELECT body FROM frames WHERE rowid IN (SELECT rowid FROM frames
		WHERE host = ?1 AND first <= ?2 AND first > (SELECT max(first) FROM frames WHERE host = ?1 AND first <= ?2) - ?3
		ORDER BY min(last, ?2) DESC, first DESC LIMIT ?4)`, host, at, maxFrameTime, maxLooked)
}

// next returns the first frame of a host that begins after a moment, or none.
func (f *file) next(ctx context.Context, host string, after int64) ([]*frame, error) {
	return f.query(ctx, "SELECT body FROM frames WHERE host = ? AND first > ? ORDER BY first LIMIT 1", host, after)
}

// query returns the frames that a query finds.
func (f *file) query(ctx context.Context, query string, args ...any) (frames []*frame, err error) {
	rows, err := f.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		one, err := f.codec.unpack(body)
		if err != nil {
			return nil, err
		}
		frames = append(frames, one)
	}
	return frames, rows.Err()
}

// forget removes frames that end before a moment, and the oldest ones beyond a
// size in bytes, where that is not 0.
func (f *file) forget(ctx context.Context, before, maxBytes int64) error {
	for _, table := range []string{"frames WHERE last", "gone WHERE at"} {
		if _, err := f.db.ExecContext(ctx, "DELETE FROM "+table+" < ?", before); err != nil {
			return err
		}
	}
	for maxBytes > 0 {
		used, err := f.size(ctx)
		if err != nil {
			return err
		}
		if used <= maxBytes {
			break
		}
		const atOnce = 256
		done, err := f.db.ExecContext(ctx, "DELETE FROM frames WHERE rowid IN (SELECT rowid FROM frames ORDER BY last LIMIT ?)", atOnce)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
	}
	// It gives a page back with each row that is read.
	pages, err := f.db.QueryContext(ctx, "PRAGMA incremental_vacuum")
	if err != nil {
		return err
	}
	for pages.Next() {
	}
	if err := errors.Join(pages.Err(), pages.Close()); err != nil {
		return err
	}
	_, err = f.db.ExecContext(ctx, "PRAGMA wal_checkpoint(truncate)")
	return err
}

// size returns the bytes that are in use.
func (f *file) size(ctx context.Context) (bytes int64, err error) {
	err = f.db.QueryRowContext(ctx, `SELECT (c.page_count - l.freelist_count) * s.page_size
		FROM pragma_page_count AS c, pragma_freelist_count AS l, pragma_page_size AS s`).Scan(&bytes)
	return bytes, err
}

// close closes the file.
func (f *file) close() error { return f.db.Close() }
