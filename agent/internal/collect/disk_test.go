package collect

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// writeHost makes a folder with the given files below it, and returns a host
// whose root it is. Names end in "/" for folders, and "a -> b" is a link.
func writeHost(t testing.TB, files map[string]string) kernel.Host {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		name, target, isLink := strings.Cut(name, " -> ")
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		switch {
		case isLink:
			err = os.Symlink(target, path)
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(path, 0o700)
		default:
			err = os.WriteFile(path, []byte(content), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return kernel.Host{Root: root}
}

// someSize is what a healthy filesystem may say of itself.
var someSize = kernel.Filesystem{BlockSize: 4096, Blocks: 1000, Free: 500, Available: 400, Files: 100, FilesFree: 75}

// collectDisks returns what the collector reads of a host with these mounts.
func collectDisks(t *testing.T, mountinfo string, options DiskOptions) map[string]schema.Disk {
	t.Helper()
	host := writeHost(t, map[string]string{"proc/self/mountinfo": mountinfo})
	host.Statfs = func(string) (kernel.Filesystem, error) { return someSize, nil }
	c, err := newDisk(Config{Host: host, Disk: options})
	if err != nil {
		t.Fatal(err)
	}
	var s schema.Stats
	if err := c.Collect(t.Context(), &s, time.Now()); err != nil && !errors.Is(err, ErrAbsent) {
		t.Fatal(err)
	}
	return s.Disk
}

// TestDiskOfAHardenedService holds what a service sees whose mounts systemd has
// made read-only, against what the first process sees.
func TestDiskOfAHardenedService(t *testing.T) {
	own := `50 49 8:1 / / ro - ext4 /dev/sda1 rw
51 50 8:2 / /srv ro - ext4 /dev/sdb1 rw
52 50 8:3 / /usr ro - ext4 /dev/sdc1 rw
53 50 8:4 / /failed ro - ext4 /dev/sdd1 ro
54 50 8:5 / /mine ro - ext4 /dev/sde1 rw
`
	first := `20 1 8:9 / / ro - ext4 /dev/ram rw
28 20 8:1 / / rw - ext4 /dev/sda1 rw
29 28 8:2 / /srv rw - ext4 /dev/sdb1 rw
30 28 8:3 / /usr ro - ext4 /dev/sdc1 rw
31 28 8:4 / /failed rw - ext4 /dev/sdd1 ro
`
	files := map[string]string{"proc/self/mountinfo": own, "proc/1/mountinfo": first}
	for _, seen := range []bool{true, false} {
		if !seen {
			delete(files, "proc/1/mountinfo")
		}
		host := writeHost(t, files)
		host.Statfs = func(string) (kernel.Filesystem, error) { return someSize, nil }
		c, err := newDisk(Config{Host: host})
		if err != nil {
			t.Fatal(err)
		}
		var s schema.Stats
		if err := c.Collect(t.Context(), &s, time.Now()); err != nil {
			t.Fatal(err)
		}
		got := make(map[string]bool)
		for point, d := range s.Disk {
			got[point] = d.ReadOnly
		}
		want := map[string]bool{"/": !seen, "/srv": !seen, "/usr": true, "/failed": true, "/mine": true}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("first process seen: %v: read-only (-want +got):\n%s", seen, diff)
		}
	}
}

func TestDiskChoosesMounts(t *testing.T) {
	tests := []struct {
		name, mountinfo string
		options         DiskOptions
		want            []string
	}{
		{"bind mounts repeat nothing", `28 1 254:0 / / rw - ext4 /dev/sda1 rw
29 28 254:0 /nix/store /nix/store ro - ext4 /dev/sda1 rw
30 28 254:16 / /data rw - ext4 /dev/sdb1 rw
`, DiskOptions{}, []string{"/", "/data"}},
		{"store on a disk of its own", `28 1 254:0 / / rw - ext4 /dev/sda1 rw
29 28 254:16 / /nix/store ro - ext4 /dev/sdb1 rw
`, DiskOptions{}, []string{"/", "/nix/store"}},
		{"subvolumes of btrfs", `65 1 0:33 /root / rw - btrfs /dev/a rw,subvol=/root
70 65 0:33 /home /home rw - btrfs /dev/a rw,subvol=/home
`, DiskOptions{}, []string{"/"}},
		{"subvolumes that are asked for", `65 1 0:33 /root / rw - btrfs /dev/a rw,subvol=/root
70 65 0:33 /home /home rw - btrfs /dev/a rw,subvol=/home
71 65 0:33 /srv /srv rw - btrfs /dev/a rw,subvol=/srv
`, DiskOptions{Mounts: filter(t, []string{"/", "/home"}, nil)}, []string{"/", "/home"}},
		{"first one excluded", `65 1 0:33 /root / rw - btrfs /dev/a rw
70 65 0:33 /home /home rw - btrfs /dev/a rw
`, DiskOptions{Mounts: filter(t, nil, []string{"/"})}, []string{"/home"}},
		{"datasets of ZFS", `44 29 0:50 / /tank rw - zfs tank rw
45 44 0:51 / /tank/home rw - zfs tank/home rw
`, DiskOptions{}, []string{"/tank", "/tank/home"}},
		{"last mount covers", `40 1 8:1 / /mnt rw - ext4 /dev/sda1 rw
41 40 0:40 / /mnt rw - tmpfs tmpfs rw
`, DiskOptions{}, nil},
		{"types", `28 1 8:1 / / rw - ext4 /dev/sda1 rw
29 28 0:40 / /tmp rw - tmpfs tmpfs rw
30 28 0:41 / /run rw - tmpfs tmpfs rw
`, DiskOptions{}, []string{"/"}},
		{"root of any type", `28 1 0:40 / / rw - tmpfs none rw
29 28 8:1 / /nix rw - ext4 /dev/sda1 rw
`, DiskOptions{}, []string{"/", "/nix"}},
		{"root of a type that is excluded", `28 1 0:40 / / rw - tmpfs none rw
29 28 8:1 / /nix rw - ext4 /dev/sda1 rw
`, DiskOptions{Filesystems: filter(t, nil, []string{"tmpfs"})}, []string{"/nix"}},
		{"types that are asked for", `28 1 8:2 / / rw - xfs /dev/sda2 rw
29 28 8:1 / /nix rw - ext4 /dev/sda1 rw
30 28 0:41 / /tmp rw - tmpfs tmpfs rw
`, DiskOptions{Filesystems: filter(t, []string{"ext*", "tmpfs"}, nil)}, []string{"/nix", "/tmp"}},
		{"asked for despite its type", `28 1 0:40 / /tmp rw - tmpfs none rw
29 28 0:41 / /run rw - tmpfs none rw
`, DiskOptions{Mounts: filter(t, []string{"/tmp"}, nil)}, []string{"/tmp"}},
		{"autofs never", `28 1 0:40 / /net rw - autofs systemd-1 rw
`, DiskOptions{Mounts: filter(t, []string{"/net"}, nil)}, nil},
		{"names that are no text", `28 1 8:1 / /a` + "\\012\xff" + ` rw - ext4 /dev/sda1 rw
`, DiskOptions{}, []string{"/a��"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := slices.Sorted(maps.Keys(collectDisks(t, test.mountinfo, test.options)))
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Errorf("got -, want +\n%s", diff)
			}
		})
	}
}

func TestDiskNumbers(t *testing.T) {
	m := mount{point: "/", filesystem: "ext4", source: "/dev/sda1"}
	check := func(f kernel.Filesystem, usage, inodes float64, used, available uint64) {
		t.Helper()
		got := m.disk(f)
		want := schema.Disk{
			Device: "/dev/sda1", Filesystem: "ext4", TotalBytes: f.Blocks * f.BlockSize,
			UsedBytes: used, AvailableBytes: available, UsagePercent: usage,
		}
		if inodes >= 0 {
			want.InodesUsagePercent = &inodes
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%+v: got -, want +\n%s", f, diff)
		}
	}
	check(someSize, 55.56, 25, 500*4096, 400*4096)
	check(kernel.Filesystem{BlockSize: 512, Blocks: 100, Free: 100, Available: 100}, 0, -1, 0, 51200)
	check(kernel.Filesystem{BlockSize: 512, Blocks: 100, Free: 5}, 100, -1, 95*512, 0)
	check(kernel.Filesystem{BlockSize: 512, Blocks: 100, Free: 200, Available: 1 << 60, Files: 1, FilesFree: 9}, 0, -1, 0, 51200)
	if got := m.disk(kernel.Filesystem{BlockSize: 1 << 20, Blocks: 1 << 50}).TotalBytes; got != 1<<64-1 {
		t.Errorf("got %d bytes of too large a filesystem, want the greatest number", got)
	}
}

func TestDiskFaults(t *testing.T) {
	host := writeHost(t, map[string]string{"proc/self/mountinfo": `28 1 8:1 / / rw - ext4 /dev/sda1 rw
29 28 8:2 / /bad rw - ext4 /dev/sdb1 rw
30 28 0:50 / /home/ann/remote rw - fuse.sshfs ann@nas: rw
31 28 0:51 / /empty rw - fuse.x x rw
`})
	host.Statfs = func(path string) (kernel.Filesystem, error) {
		switch path {
		case "/bad":
			return kernel.Filesystem{}, unix.EIO
		case "/home/ann/remote":
			return kernel.Filesystem{}, unix.EACCES
		case "/empty":
			return kernel.Filesystem{}, nil
		}
		return someSize, nil
	}
	c, _ := newDisk(Config{Host: host})
	var s schema.Stats
	err := c.Collect(t.Context(), &s, time.Now())
	if want := "reading size of /bad: input/output error"; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	if got := slices.Collect(maps.Keys(s.Disk)); !slices.Equal(got, []string{"/"}) {
		t.Errorf("got %v, want only /", got)
	}
}

// TestDiskHungMount hangs a mount and lets it go again.
func TestDiskHungMount(t *testing.T) {
	host := writeHost(t, map[string]string{"proc/self/mountinfo": `28 1 8:1 / / rw - ext4 /dev/sda1 rw
50 28 0:60 / /mnt/a rw - nfs4 nas:/a rw
51 28 0:61 / /mnt/b rw - nfs4 nas:/b rw
52 28 0:62 / /mnt/c rw - cifs //nas/c rw
`})
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var calls atomic.Int32
		host.Statfs = func(path string) (kernel.Filesystem, error) {
			if path == "/mnt/a" || path == "/mnt/b" {
				calls.Add(1)
				<-release
			}
			return someSize, nil
		}
		c, _ := newDisk(Config{Host: host})
		sample := func(want ...string) (took time.Duration, err error) {
			t.Helper()
			var s schema.Stats
			started := time.Now()
			err = c.Collect(context.Background(), &s, started)
			if got := slices.Sorted(maps.Keys(s.Disk)); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			return time.Since(started), err
		}
		for round := range 5 {
			took, err := sample("/", "/mnt/c")
			if !errors.Is(err, errStalled) || strings.Count(err.Error(), "\n") != 1 {
				t.Errorf("round %d: got error %v, want one for each hung mount", round, err)
			}
			if round == 0 && took != statPatience || round > 0 && took != 0 {
				t.Errorf("round %d: took %v, want %v at first and then nothing", round, took, statPatience)
			}
			if got := calls.Load(); got != 2 {
				t.Errorf("round %d: got %d calls, want one for each hung mount", round, got)
			}
		}
		close(release)
		synctest.Wait()
		if took, err := sample("/", "/mnt/a", "/mnt/b", "/mnt/c"); err != nil || took != 0 {
			t.Errorf("got error %v after %v, want none at once", err, took)
		}
	})
}

func TestMayHang(t *testing.T) {
	check := func(device, filesystem string, want bool) {
		t.Helper()
		if got := (mount{device: device, filesystem: filesystem}).mayHang(); got != want {
			t.Errorf("%s on %s: got %t, want %t", filesystem, device, got, want)
		}
	}
	check("8:1", "ext4", false)
	check("0:33", "btrfs", false)
	check("0:50", "zfs", false)
	check("0:60", "nfs4", true)
	check("0:61", "cifs", true)
	check("0:62", "9p", true)
	check("0:63", "fuse.sshfs", true)
	check("8:2", "fuseblk", true)
}

// TestDiskLive compares with statfs(2) on the machine that the test runs on.
func TestDiskLive(t *testing.T) {
	c, _ := newDisk(Config{})
	var s schema.Stats
	if err := c.Collect(t.Context(), &s, time.Now()); err != nil {
		t.Fatal(err)
	}
	root, ok := s.Disk["/"]
	if !ok || root.TotalBytes == 0 || root.UsedBytes > root.TotalBytes || root.UsagePercent > 100 {
		t.Errorf("got / %+v, want sensible numbers", root)
	}
}

func BenchmarkDisk(b *testing.B) {
	c, _ := newDisk(Config{})
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Collect(b.Context(), &schema.Stats{}, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
