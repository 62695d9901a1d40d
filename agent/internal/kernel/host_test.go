package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// newHost returns a host with some files.
func newHost(t *testing.T) Host {
	t.Helper()
	h := Host{Root: t.TempDir()}
	for path, content := range map[string]string{"/sys/a/number": "-42\n", "/sys/a/text": " some text \x00", "/sys/a/long": string(make([]byte, 3*maxFile))} {
		if err := os.MkdirAll(filepath.Dir(h.Path(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(h.Path(path), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../a", h.Path("/sys/link")); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestReads(t *testing.T) {
	h := newHost(t)
	number, err := h.Int("/sys/a/number")
	if err != nil || number != -42 {
		t.Errorf("number: got %d, %v", number, err)
	}
	if text, err := h.Text("/sys/a/text"); err != nil || text != "some text" {
		t.Errorf("text: got %q, %v", text, err)
	}
	if _, err := h.Int("/sys/a/text"); err == nil {
		t.Error("text was read as a number")
	}
	if _, err := h.Read("/sys/a/none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: got %v, want os.ErrNotExist", err)
	}
	if _, err := h.Read("/sys/a/long"); !errors.Is(err, ErrTooLong) {
		t.Errorf("long file: got %v, want ErrTooLong", err)
	}
	if diff := cmp.Diff([]string{"long", "number", "text"}, h.List("/sys/a")); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	if got := h.Link("/sys/link") + h.Link("/sys/a"); got != "a" {
		t.Errorf("links: got %q, want a", got)
	}
}

func TestFilesystemOfTheLiveHost(t *testing.T) {
	f, err := Host{}.Filesystem("/")
	if err != nil || f.Blocks == 0 || f.BlockSize == 0 || f.Free < f.Available {
		t.Errorf("got %+v, %v", f, err)
	}
	if _, err := (Host{}).Filesystem("/no-such-folder"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing folder: got %v, want os.ErrNotExist", err)
	}
}
