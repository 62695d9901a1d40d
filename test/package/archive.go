package main

import (
	"archive/tar"
	"cmp"
	"compress/gzip"
	"io"
	"os"
	"path"
	"slices"
	"time"
)

// file is one file of a package.
type file struct {
	source  string // where its content is
	deb     string // its place in a Debian package; empty where it is in none
	archive string // its place in an archive; empty where it is in none
	mode    int64  // 0o644 where it is 0
	config  bool   // belongs to the user once it is installed
}

// archive writes a compressed archive of files, below a folder, in the order of
// their names and with one time.
func archive(out, folder string, files []file, at time.Time) (err error) {
	to, err := os.Create(out)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, to.Close()) }()
	zipped, err := gzip.NewWriterLevel(to, gzip.BestCompression)
	if err != nil {
		return err
	}
	writer := tar.NewWriter(zipped)
	files = slices.SortedFunc(slices.Values(files), func(a, b file) int { return cmp.Compare(a.archive, b.archive) })
	for _, f := range files {
		if f.archive == "" {
			continue
		}
		if err := f.write(writer, folder, at); err != nil {
			return err
		}
	}
	return cmp.Or(writer.Close(), zipped.Close())
}

// write adds the file to an archive.
func (f file) write(to *tar.Writer, folder string, at time.Time) error {
	from, err := os.Open(f.source)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	head := &tar.Header{Name: path.Join(folder, f.archive), Mode: cmp.Or(f.mode, 0o644), Size: info.Size(), ModTime: at, Format: tar.FormatUSTAR}
	if err := to.WriteHeader(head); err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return err
}
