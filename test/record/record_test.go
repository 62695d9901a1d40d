package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// secrets are planted in every file of a machine that could hold them. None
// may survive.
var secrets = []string{
	"alicesecret", "Alice Example", "hushhost", "hushhost.example.org", "52:54:00:ab:cd:ef",
	"203.0.113.77", "10.9.8.7", "fd12:3456::1", "fd1234560000000000000000000000ab",
	"4D00CB0A", "9b2f5c1e-1111-4222-8333-444455556666", "S3R14LNUMBER", "100000003d1d1c36",
	"b4c1d2e3f4051627", "--password=hunter2", "hunter2", "payroll-2026", "clientproject", "quietvolume",
	"storage.corp.example", "smbuser", "Secret Wifi", "acme-tool", "9fd8a7b6c5d4e3f29fd8a7b6c5d4e3f2",
}

// planted is a machine that is full of them.
const planted = `
-- proc/sys/kernel/hostname --
hushhost.example.org
-- proc/sys/kernel/osrelease --
6.12.0
-- proc/sys/kernel/random/boot_id --
9b2f5c1e-1111-4222-8333-444455556666
-- proc/stat --
cpu  1 2 3 4 5 6 7 8 9 10
cpu0 1 2 3 4 5 6 7 8 9 10
btime 1700000000
-- proc/cmdline --
root=UUID=9b2f5c1e-1111-4222-8333-444455556666 --password=hunter2
-- proc/cpuinfo --
processor	: 0
Serial		: 100000003d1d1c36
-- proc/net/dev --
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
wg-hushhost: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0
-- proc/net/route --
Iface	Destination	Gateway	Flags	RefCnt	Use	Metric	Mask	MTU	Window	IRTT
eth0	00000000	4D00CB0A	0003	0	0	100	00000000	0	0	0
eth0	4D00CB0A	00000000	0001	0	0	100	FFFFFFFF	0	0	0
-- proc/net/ipv6_route --
fd1234560000000000000000000000ab 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001 eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd1234560000000000000000000000ab 00000400 00000001 00000000 00000003 eth0
-- proc/1/mountinfo --
20 1 8:1 / / rw,relatime - ext4 /dev/mapper/hushhost-root rw
21 20 8:2 /@home/alicesecret /home/alicesecret rw - btrfs /dev/mapper/luks-9b2f5c1e-1111-4222-8333-444455556666 rw,subvol=/@home/alicesecret
22 20 0:50 / /mnt/clientproject/payroll-2026 rw - cifs //storage.corp.example/payroll-2026 rw,username=smbuser,addr=203.0.113.77
23 20 0:51 / /backup rw - nfs4 [fd12:3456::1]:/payroll-2026 rw,clientaddr=10.9.8.7,addr=fd12:3456::1
24 20 8:3 / /run/media/alicesecret/quietvolume rw - vfat /dev/sdb1 rw
25 20 0:52 / /var/lib/docker/overlay2/9fd8a7b6c5d4e3f29fd8a7b6c5d4e3f2/merged rw - overlay overlay rw,lowerdir=/srv/clientproject
26 20 0:53 / /scratch rw - tmpfs payroll-2026 rw
-- proc/1/mounts --
/dev/mapper/hushhost-root / ext4 rw,relatime 0 0
//storage.corp.example/payroll-2026 /mnt/clientproject/payroll-2026 cifs rw,username=smbuser,addr=203.0.113.77 0 0
-- proc/77/stat --
77 (acme-tool) S 1 77 77 0 -1 4194560 0 0 0 0 1 2 0 0 20 0 1 0 5 0 9 0
-- proc/77/status --
Name:	acme-tool
State:	S (sleeping)
Uid:	1000	1000	1000	1000
-- proc/77/comm --
acme-tool
-- proc/77/cmdline --
acme-tool --password=hunter2
-- proc/77/environ --
PASSWORD=hunter2
-- etc/passwd --
root:x:0:0:root:/root:/bin/sh
alicesecret:x:1000:1000:Alice Example,,,:/home/alicesecret:/bin/sh
-- etc/os-release --
NAME=Test
-- run/systemd/sessions/2 --
UID=1000
USER=alicesecret
REMOTE_HOST=203.0.113.77
CLASS=user
STATE=active
-- sys/class/net/eth0/address --
52:54:00:ab:cd:ef
-- sys/class/net/eth0/type --
1
-- sys/class/net/eth0/uevent --
INTERFACE=eth0
MAC=52:54:00:ab:cd:ef
-- sys/class/net/wg-hushhost/type --
65534
-- sys/class/dmi/id/product_name --
Box of hushhost
-- sys/class/dmi/id/product_serial --
S3R14LNUMBER
-- sys/class/dmi/id/product_uuid --
9b2f5c1e-1111-4222-8333-444455556666
-- sys/class/power_supply/BAT0/serial_number --
S3R14LNUMBER
-- sys/class/power_supply/BAT0/type --
Battery
-- sys/class/drm/card0/device/unique_id --
b4c1d2e3f4051627
-- sys/block/sda/device/serial --
S3R14LNUMBER
-- sys/block/dm-0/dm/name --
luks-9b2f5c1e-1111-4222-8333-444455556666
-- sys/block/dm-1/dm/name --
hushhost-root
`

// plant unpacks an archive into a new folder.
func plant(t *testing.T, archive string) string {
	t.Helper()
	root := t.TempDir()
	for _, file := range txtar.Parse([]byte(archive)).Files {
		name := filepath.Join(root, file.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, file.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// record records a planted machine.
func record(t *testing.T, root string) (archive, notes string) {
	t.Helper()
	var out, say bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		o := options{root: root, kind: "A test", elapsed: 10 * time.Second, processes: 10}
		if err := run(o, &out, &say); err != nil {
			t.Fatal(err)
		}
	})
	return out.String(), say.String()
}

// TestSecrets plants secrets and looks for them in what comes out.
func TestSecrets(t *testing.T) {
	archive, notes := record(t, plant(t, planted))
	for _, secret := range secrets {
		if strings.Contains(strings.ToLower(archive), strings.ToLower(secret)) {
			t.Errorf("the archive holds %q", secret)
		}
		if strings.Contains(strings.ToLower(notes), strings.ToLower(secret)) {
			t.Errorf("the notes hold %q", secret)
		}
	}
	if t.Failed() {
		t.Log(archive)
	}
	for _, want := range []string{"replaced: 1 UUIDs", "names of people", "never recorded: serial numbers"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q:\n%s", want, notes)
		}
	}
}

// TestWorth looks whether what the collectors need is left of the machine.
func TestWorth(t *testing.T) {
	archive, _ := record(t, plant(t, planted))
	for _, want := range []string{
		"A test\nsource: recorded\nkernel: 6.12.0\n", "elapsed: 10s\n",
		"cpu0 1 2 3 4 5 6 7 8 9 10", "ext4 /dev/mapper/name", "- cifs server", "overlay overlay rw\n", "CLASS=user",
		"77 (program", "Uid:\t1000", "eth0\t00000000\t010200C0\t0003", "/home/folder", "- tmpfs tmpfs rw",
	} {
		if !strings.Contains(archive, want) {
			t.Errorf("the archive lacks %q", want)
		}
	}
}

// TestLinks records a folder that stands behind symbolic links, at two moments.
func TestLinks(t *testing.T) {
	root := plant(t, `
-- proc/stat --
cpu  1
-- sys/devices/platform/coretemp.0/hwmon/hwmon3/name --
coretemp
-- sys/devices/platform/coretemp.0/hwmon/hwmon3/temp1_input --
41000
-- sys/class/hwmon/empty --
`)
	if err := os.Symlink("../../devices/platform/coretemp.0/hwmon/hwmon3", filepath.Join(root, "sys/class/hwmon/hwmon3")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc", filepath.Join(root, "sys/class/hwmon/hwmon9")); err != nil {
		t.Fatal(err)
	}
	o := options{root: root}
	first, err := readMachine(o)
	if err != nil {
		t.Fatal(err)
	}
	input := "sys/devices/platform/coretemp.0/hwmon/hwmon3/temp1_input"
	if err := os.WriteFile(filepath.Join(root, input), []byte("42000\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	later, err := readMachine(o)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := writeArchive(&out, header{kind: "A test"}, first, later); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range txtar.Parse(out.Bytes()).Files {
		names = append(names, file.Name)
	}
	want := []string{
		"statfs", "proc/stat",
		"sys/devices/platform/coretemp.0/hwmon/hwmon3/name", input,
		"proc/mounts -> self/mounts", "proc/self -> 1",
		"sys/class/hwmon/hwmon3 -> ../../devices/platform/coretemp.0/hwmon/hwmon3",
		"later/" + input,
	}
	if diff := cmp.Diff(names, want); diff != "" {
		t.Errorf("sections (-got +want):\n%s", diff)
	}
}

// TestFits looks at what an archive can't hold.
func TestFits(t *testing.T) {
	check := func(name, data string, want bool) {
		t.Helper()
		if got := fits(name, []byte(data)); got != want {
			t.Errorf("fits(%q, %q) = %v, want %v", name, data, got, want)
		}
	}
	check("proc/stat", "cpu 1\n", true)
	check("proc/stat", "", true)
	check("proc/1/comm", "-- a --\n", false)
	check("proc/1/comm", "x\n-- a --", false)
	check("proc/1/comm", "--a --\n", true)
	check("proc/1/cmdline", "a\x00b", false)
	check("a\nb", "", false)
}

// TestUpdates records a machine with a kernel and NixOS' links, and looks for what
// the agent reads of them.
func TestUpdates(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"proc/stat": "cpu 1\n", "proc/sys/kernel/hostname": "hushhost\n", "boot/vmlinuz-6.12.0": "an image", "lib/modules/6.12.0/modules.dep": "a: b", "run/reboot-required.pkgs": "libc6\n",
		"nix/store/v/bin/nixos-version": "#!/bin/sh\n", "nix/store/a-nixos-system-hushhost-25/nixos-version": "25.11", "nix/store/sw/bin/x": "",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const system = "nix/store/a-nixos-system-hushhost-25"
	for link, target := range map[string]string{
		"run/current-system": "/" + system, "nix/var/nix/profiles/system": "system-7-link", "nix/var/nix/profiles/system-7-link": "/" + system,
		system + "/kernel": "/nix/store/k/bzImage", system + "/sw": "/nix/store/sw", "nix/store/sw/bin/nixos-version": "/nix/store/v/bin/nixos-version",
	} {
		path := filepath.Join(root, link)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	var out, notes bytes.Buffer
	if err := run(options{root: root}, &out, &notes); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	for _, want := range []string{
		"-- boot/vmlinuz-6.12.0 --\n--", "-- lib/modules/6.12.0/modules.dep --\n--", "-- run/reboot-required.pkgs --\nlibc6",
		"-- run/current-system -> /nix/store/a-nixos-system-name1-25 --", "-- nix/store/a-nixos-system-name1-25/kernel -> /nix/store/k/bzImage --",
		"-- nix/store/k/bzImage --", "-- nix/store/v/bin/nixos-version --\n#!/bin/sh", "-- mtimes --\nnix/var/nix/profiles/system-7-link 20",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "hushhost") {
		t.Errorf("got the host's name in\n%s", got)
	}
}
