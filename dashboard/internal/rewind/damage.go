package rewind

import (
	"errors"
	"os"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// damaged tells whether an error says that a file is no database, or not a
// whole one.
func damaged(err error) bool {
	failed, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	const primary = 0xff // the rest of a code is details
	code := failed.Code() & primary
	return code == sqlite3.SQLITE_NOTADB || code == sqlite3.SQLITE_CORRUPT
}

// putAside gives a file a name that ends with ".damaged", and returns that.
func putAside(path string) (string, error) {
	aside := path + ".damaged"
	if err := os.Rename(path, aside); err != nil {
		return "", err
	}
	for _, ending := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + ending); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return aside, nil
}

// dropDamaged puts the file aside where an error says that it is damaged, so
// that another is begun with the next write. It returns the error, with what
// went wrong besides.
func (s *Store) dropDamaged(err error) error {
	if !damaged(err) {
		return err
	}
	s.mu.Lock()
	file := s.file
	s.file = nil
	for f := range s.frames() {
		f.written = 0 // what is in memory is written to the next one
	}
	s.mu.Unlock()
	err = errors.Join(err, file.close())
	aside, failed := putAside(s.options.Path)
	if failed == nil {
		s.asideSaid(aside)
	}
	return errors.Join(err, failed)
}

// asideSaid logs that a file was put aside.
func (s *Store) asideSaid(path string) {
	s.options.Log.Error("the file of what hosts were is damaged; it was put aside, and a new one begun", "path", path)
}
