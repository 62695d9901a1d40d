package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"
)

// header is the archive's comment.
type header struct {
	kind    string
	kernel  string
	now     time.Time
	elapsed time.Duration
}

// String returns the comment in the form that the agent's tests parse.
func (h header) String() string {
	return fmt.Sprintf("%s\nsource: recorded\nkernel: %s\nnow: %s\nelapsed: %s\n",
		h.kind, strings.TrimSpace(h.kernel), h.now.UTC().Format(time.RFC3339), h.elapsed)
}

// writeArchive writes the first moment, and below "later" what was another at
// the second one. It returns the files that the format can't hold.
func writeArchive(out io.Writer, h header, first, later machine) (skipped []string, err error) {
	archive := &txtar.Archive{Comment: []byte(h.String())}
	add := func(name string, data []byte) {
		if !fits(name, data) {
			skipped = append(skipped, name)
			return
		}
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: data})
	}
	add("statfs", []byte(first.statfs))
	for _, name := range slices.Sorted(maps.Keys(first.files)) {
		add(name, first.files[name])
	}
	for _, name := range slices.Sorted(maps.Keys(first.links)) {
		add(name+" -> "+first.links[name], nil)
	}
	for _, name := range slices.Sorted(maps.Keys(later.files)) {
		if before, ok := first.files[name]; !ok || !bytes.Equal(before, later.files[name]) {
			add("later/"+name, later.files[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(later.links)) {
		if _, ok := first.links[name]; !ok {
			add("later/"+name+" -> "+later.links[name], nil)
		}
	}
	_, err = out.Write(txtar.Format(archive))
	return skipped, err
}

// fits tells whether a file comes out of an archive as it went in. Some names
// can't, and neither can lines that look like the start of a file; a line
// feed missing at the end is no loss.
func fits(name string, data []byte) bool {
	if strings.ContainsAny(name, "\n") || strings.TrimSpace(name) != name || bytes.IndexByte(data, 0) >= 0 {
		return false
	}
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, "\r\n")
		if bytes.HasPrefix(line, []byte("-- ")) && bytes.HasSuffix(line, []byte(" --")) {
			return false
		}
	}
	return true
}
