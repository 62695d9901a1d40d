package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// hash returns the SHA-256 of a path's archive in the form of Nix, as a string
// of the form of Subresource Integrity: what a derivation with outputHashMode
// "recursive" is held against.
func hash(path string) (string, error) {
	sum := sha256.New()
	a := archive{sum}
	a.text("nix-archive-1")
	if err := a.node(path); err != nil {
		return "", err
	}
	return "sha256-" + base64.StdEncoding.EncodeToString(sum.Sum(nil)), nil
}

// archive writes the archive form of Nix (NAR): texts with their lengths, padded
// to eight bytes. What is written is hashed, so that no write fails.
type archive struct {
	io.Writer
}

// text writes one text.
func (a archive) text(s string) {
	a.length(int64(len(s)))
	_, _ = io.WriteString(a, s)
	a.pad(int64(len(s)))
}

// length writes the length of what follows.
func (a archive) length(n int64) { _ = binary.Write(a, binary.LittleEndian, n) }

// pad fills what has n bytes up to eight.
func (a archive) pad(n int64) { _, _ = a.Write(make([]byte, (8-n%8)%8)) }

// texts writes some texts.
func (a archive) texts(all ...string) {
	for _, s := range all {
		a.text(s)
	}
}

// node writes a file, a folder with all that is in it, or a symbolic link. Of a
// file's mode it keeps whether the owner may execute it.
func (a archive) node(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	a.texts("(", "type")
	switch mode := info.Mode(); {
	case mode.IsDir():
		a.text("directory")
		err = a.entries(path)
	case mode.IsRegular():
		a.text("regular")
		if mode&0o100 != 0 {
			a.texts("executable", "")
		}
		err = a.contents(path, info.Size())
	case mode&os.ModeSymlink != 0:
		var target string
		target, err = os.Readlink(path)
		a.texts("symlink", "target", target)
	default:
		err = fmt.Errorf("%s is neither a file nor a folder nor a link", path)
	}
	a.text(")")
	return err
}

// entries writes what is in a folder, in the order of its names' bytes.
func (a archive) entries(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		a.texts("entry", "(", "name", e.Name(), "node")
		if err := a.node(filepath.Join(path, e.Name())); err != nil {
			return err
		}
		a.text(")")
	}
	return nil
}

// contents writes a file's bytes.
func (a archive) contents(path string, size int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	a.text("contents")
	a.length(size)
	if n, err := io.Copy(a, f); err != nil || n != size {
		return fmt.Errorf("reading %s: %d bytes of %d: %w", path, n, size, err)
	}
	a.pad(size)
	return nil
}
