package history

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/tsdb"
)

// damagedSuffix is what the name of a block gets that can't be read. The database
// takes it for nothing of its own.
const damagedSuffix = ".damaged"

// openDatabase opens a database. Blocks that can't be read are set aside, so that all
// others can, and the present is remembered.
func openDatabase(path string, log *slog.Logger, o *tsdb.Options) (*tsdb.DB, error) {
	open := func() (*tsdb.DB, error) {
		return tsdb.Open(path, slog.New(quiet{log.Handler()}), nil, o, nil)
	}
	db, err := open()
	if err == nil || scarce(err) {
		return db, err
	}
	n, aside := setAside(path, log)
	if n == 0 || aside != nil {
		return nil, errors.Join(err, aside)
	}
	return open()
}

// scarce tells whether an error is of a machine that lacks something, and not of a
// block.
func scarce(err error) bool {
	for _, number := range []error{syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE, syscall.EACCES, syscall.EPERM, syscall.ENOSPC, syscall.EROFS} {
		if errors.Is(err, number) {
			return true
		}
	}
	return false
}

// setAside renames the blocks in a folder that can't be opened, and returns how many
// they are.
func setAside(path string, log *slog.Logger) (n int, err error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		if _, err := ulid.ParseStrict(entry.Name()); err != nil || !entry.IsDir() {
			continue
		}
		folder := filepath.Join(path, entry.Name())
		block, err := tsdb.OpenBlock(slog.New(slog.DiscardHandler), folder, nil, nil)
		if err == nil {
			err = block.Close()
		}
		if err == nil || scarce(err) {
			continue
		}
		log.Error("a block of the history can't be read, and is set aside", "block", folder, "now", folder+damagedSuffix, "err", err)
		if err := os.Rename(folder, folder+damagedSuffix); err != nil {
			return n, fmt.Errorf("setting a damaged block aside: %w", err)
		}
		n++
	}
	return n, nil
}
