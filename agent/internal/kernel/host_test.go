package kernel

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// hostWith returns a host that has some files, by their absolute path.
func hostWith(t *testing.T, files map[string]string) Host {
	t.Helper()
	h := Host{Root: t.TempDir()}
	for path, content := range files {
		if err := os.MkdirAll(filepath.Dir(h.Path(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(h.Path(path), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func TestPath(t *testing.T) {
	check := func(root, want string) {
		t.Helper()
		if got := (Host{Root: root}).Path("/proc/stat"); got != want {
			t.Errorf("Path below %q: got %q, want %q", root, got, want)
		}
	}
	check("", "/proc/stat")
	check("/", "/proc/stat")
	check("/machine/", "/machine/proc/stat")
}

func TestRead(t *testing.T) {
	long := strings.Repeat("0123456789abcde\n", 5000)
	h := hostWith(t, map[string]string{"/proc/empty": "", "/proc/short": "a\n", "/proc/long": long, "/proc/endless": strings.Repeat("x", maxFile*2)})
	check := func(path, want string) {
		t.Helper()
		if got, err := h.Read(path); err != nil || string(got) != want {
			t.Errorf("Read %s: got %d bytes and error %v, want %d bytes", path, len(got), err, len(want))
		}
	}
	check("/proc/empty", "")
	check("/proc/short", "a\n")
	check("/proc/long", long)

	if _, err := h.Read("/proc/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read of no file: got error %v, want one that is fs.ErrNotExist", err)
	}
	if _, err := h.Read("/proc"); !errors.Is(err, unix.EISDIR) {
		t.Errorf("Read of a folder: got error %v, want EISDIR", err)
	}
	if _, err := h.Read("/proc/endless"); !errors.Is(err, ErrTooLong) {
		t.Errorf("Read of an endless file: got error %v, want ErrTooLong", err)
	}
}

// TestReadInto checks that the room that is handed in is used again.
func TestReadInto(t *testing.T) {
	h := hostWith(t, map[string]string{"/a": "first and longer\n", "/b": "second\n"})
	buf, err := h.ReadInto(nil, "/a")
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.ReadInto(buf, "/b")
	if err != nil || string(again) != "second\n" {
		t.Fatalf("ReadInto: got %q and error %v, want the second file alone", again, err)
	}
	if &buf[0] != &again[0] {
		t.Error("ReadInto: got other room, want that of the first read")
	}
}

func TestHead(t *testing.T) {
	long := strings.Repeat("0123456789abcde\n", 5000)
	h := hostWith(t, map[string]string{"/long": long, "/short": "a\n"})
	check := func(path string, limit int, want string) {
		t.Helper()
		if got, err := h.Head(path, limit); err != nil || string(got) != want {
			t.Errorf("Head of %s: got %d bytes and error %v, want %d bytes", path, len(got), err, len(want))
		}
	}
	check("/long", 5, long[:5])
	check("/long", 70_000, long[:70_000])
	check("/short", 5, "a\n")
	if _, err := h.Head("/none", 5); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Head of no file: got error %v, want one that is fs.ErrNotExist", err)
	}
}

// TestReadFIFO checks that a FIFO holds nobody up, whether or not somebody
// has its other end. systemd-logind keeps some between its session files.
func TestReadFIFO(t *testing.T) {
	h := hostWith(t, nil)
	if err := unix.Mkfifo(h.Path("/fifo"), 0o600); err != nil {
		t.Skipf("making a FIFO: %v", err)
	}
	if got, err := h.Read("/fifo"); len(got) > 0 {
		t.Errorf("Read of a FIFO that nobody writes to: got %q and error %v, want nothing", got, err)
	}
	other, err := os.OpenFile(h.Path("/fifo"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if got, err := h.Read("/fifo"); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("Read of a FIFO that somebody has open: got %q and error %v, want EAGAIN", got, err)
	}
}

func TestText(t *testing.T) {
	h := hostWith(t, map[string]string{"/model": "Raspberry Pi 4 Model B\x00", "/name": " coretemp \n", "/empty": "\n"})
	check := func(path, want string) {
		t.Helper()
		if got, err := h.Text(path); err != nil || got != want {
			t.Errorf("Text of %s: got %q and error %v, want %q", path, got, err, want)
		}
	}
	check("/model", "Raspberry Pi 4 Model B")
	check("/name", "coretemp")
	check("/empty", "")
}

func TestInt(t *testing.T) {
	h := hostWith(t, map[string]string{
		"/one": "45000\n", "/negative": "-12\n", "/max": "9223372036854775807",
		"/big": "18446744073709551615\n", "/word": "N/A\n", "/empty": "",
	})
	check := func(path string, want int64, good bool) {
		t.Helper()
		if got, err := h.Int(path); got != want || (err == nil) != good {
			t.Errorf("Int of %s: got %d and error %v, want %d and success %v", path, got, err, want, good)
		}
	}
	check("/one", 45000, true)
	check("/negative", -12, true)
	check("/max", math.MaxInt64, true)
	check("/big", 0, false)
	check("/word", 0, false)
	check("/empty", 0, false)
	check("/none", 0, false)
}

func TestFolders(t *testing.T) {
	h := hostWith(t, map[string]string{"/sys/b/x": "", "/sys/a/x": ""})
	if err := os.Symlink("../../bus/pci/drivers/nvme", h.Path("/sys/driver")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "driver"}, h.List("/sys")); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	if got := h.List("/none"); len(got) > 0 {
		t.Errorf("List of no folder: got %v, want nothing", got)
	}
	if got, want := h.Link("/sys/driver"), "nvme"; got != want {
		t.Errorf("Link: got %q, want %q", got, want)
	}
	if got := h.Link("/sys/a"); got != "" {
		t.Errorf("Link of a folder: got %q, want nothing", got)
	}
	for path, want := range map[string]bool{"/sys/a": true, "/sys/driver": true, "/sys/c": false} {
		if got := h.Exists(path); got != want {
			t.Errorf("Exists of %s: got %v, want %v", path, got, want)
		}
	}
}

func TestResolve(t *testing.T) {
	h := hostWith(t, map[string]string{"/nix/store/a-system/kernel": "", "/run/x": "", "/nix/var/y": ""})
	for link, target := range map[string]string{
		"/run/current-system": "/nix/store/a-system", "/nix/var/system": "system-1-link", "/nix/var/system-1-link": "/nix/store/a-system",
		"/run/up": "../nix/store", "/run/out": "../../../../../nix/store/a-system", "/run/loop": "loop", "/run/gone": "/nix/store/b",
	} {
		if err := os.Symlink(target, h.Path(link)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(path, want string, fault error) {
		t.Helper()
		if got, err := h.Resolve(path); got != want || !errors.Is(err, fault) {
			t.Errorf("Resolve of %s: got %q and error %v, want %q and %v", path, got, err, want, fault)
		}
	}
	check("/run/current-system", "/nix/store/a-system", nil)
	check("/run/current-system/kernel", "/nix/store/a-system/kernel", nil)
	check("/nix/var/system", "/nix/store/a-system", nil)
	check("/run/up/a-system/../a-system", "/nix/store/a-system", nil)
	check("/run/out", "/nix/store/a-system", nil)
	check("/run//x/", "/run/x", nil)
	check("/", "/", nil)
	check("/run/loop", "", unix.ELOOP)
	check("/run/gone", "", fs.ErrNotExist)
	check("/run/x/y", "", unix.ENOTDIR)
}

func TestChanged(t *testing.T) {
	h := hostWith(t, map[string]string{"/file": ""})
	if err := os.Symlink("/none", h.Path("/link")); err != nil {
		t.Fatal(err)
	}
	want := time.Unix(1_700_000_000, 0)
	if err := unix.Lutimes(h.Path("/link"), []unix.Timeval{{Sec: want.Unix()}, {Sec: want.Unix()}}); err != nil {
		t.Fatal(err)
	}
	if got, err := h.Changed("/link"); err != nil || !got.Equal(want) {
		t.Errorf("Changed of a link: got %v and error %v, want %v", got, err, want)
	}
	if _, err := h.Changed("/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Changed of nothing: got error %v, want one that is fs.ErrNotExist", err)
	}
}

// TestLive reads the machine that the test runs on.
func TestLive(t *testing.T) {
	var h Host
	data, err := h.Read("/proc/self/stat")
	if err != nil || !bytes.Contains(data, []byte("(kernel.test)")) {
		t.Errorf("Read of the own stat: got %q and error %v, want a line with the test's name", data, err)
	}
	size, err := h.Filesystem("/")
	if err != nil || size.BlockSize == 0 || size.Free > size.Blocks {
		t.Errorf("Filesystem of /: got %+v and error %v, want sizes", size, err)
	}
	if _, err := h.Filesystem("/there is no such mount"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Filesystem of nothing: got error %v, want one that is fs.ErrNotExist", err)
	}
	if got, want := h.Self(), os.Getpid(); got != want {
		t.Errorf("Self: got %d, want %d", got, want)
	}
}

func BenchmarkRead(b *testing.B) {
	b.Run("ReadInto", func(b *testing.B) {
		var buf []byte
		b.ReportAllocs()
		for b.Loop() {
			var err error
			if buf, err = (Host{}).ReadInto(buf, "/proc/uptime"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Text", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := (Host{}).Text("/proc/sys/kernel/osrelease"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("os.ReadFile", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := os.ReadFile("/proc/uptime"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
