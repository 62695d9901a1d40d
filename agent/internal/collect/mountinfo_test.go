package collect

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestParseMounts(t *testing.T) {
	check := func(line string, want mount) {
		t.Helper()
		got, err := parseMounts([]byte(line + "\n"))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if diff := cmp.Diff(got, []mount{want}, cmp.AllowUnexported(mount{})); diff != "" {
			t.Errorf("%s: got -, want +\n%s", line, diff)
		}
	}
	check("36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw,errors=continue",
		mount{id: 36, device: "98:0", point: "/mnt", filesystem: "ext3", source: "/dev/root"})
	check("29 28 254:0 /nix/store /nix/store ro,nosuid - ext4 /dev/mapper/cryptroot rw",
		mount{id: 29, device: "254:0", point: "/nix/store", filesystem: "ext4", source: "/dev/mapper/cryptroot", readOnly: true})
	check("1 0 8:1 / / rw shared:1 master:2 propagate_from:3 unbindable - ext4 /dev/sda1 ro,errors=remount-ro",
		mount{id: 1, device: "8:1", point: "/", filesystem: "ext4", source: "/dev/sda1", readOnly: true})
	check(`31 28 259:3 / /srv/media\040files\134\011\012\043x rw - xfs /dev/a\040b rw,errors=remount-ro`,
		mount{id: 31, device: "259:3", point: "/srv/media files\\\t\n#x", filesystem: "xfs", source: "/dev/a b"})
	check("50 29 0:60 / /mnt rw - nfs4 [2001:db8::1]:/export rw,vers=4.2",
		mount{id: 50, device: "0:60", point: "/mnt", filesystem: "nfs4", source: "[2001:db8::1]:/export"})
	check("51 29 0:61 / /mnt rw - tmpfs  rw", mount{id: 51, device: "0:61", point: "/mnt", filesystem: "tmpfs"})
	check("52 29 0:62 / /mnt rw - tmpfs none", mount{id: 52, device: "0:62", point: "/mnt", filesystem: "tmpfs", source: "none"})
	check(`53 29 0:63 / /a\9\04 rw - tmpfs none rw`, mount{id: 53, device: "0:63", point: `/a\9\04`, filesystem: "tmpfs", source: "none"})
}

func TestParseMountsLeavesOutBadLines(t *testing.T) {
	const good = "36 35 98:0 / /mnt rw - ext3 /dev/root rw\n"
	for name, line := range map[string]string{
		"empty":            "\n",
		"words":            "no mounts here\n",
		"no dash":          "36 35 98:0 / /mnt rw ext3 /dev/root rw\n",
		"no type":          "36 35 98:0 / /mnt rw - \n",
		"few fields":       "36 35 98:0 / - ext3 /dev/root rw\n",
		"empty field":      "36 35 98:0  /mnt rw - ext3 /dev/root rw\n",
		"id not a number":  "x 35 98:0 / /mnt rw - ext3 /dev/root rw\n",
		"point not a path": "36 35 98:0 / mnt rw - ext3 /dev/root rw\n",
	} {
		got, err := parseMounts([]byte(good + line + good))
		if len(got) != 2 || !errors.Is(err, errMountInfo) {
			t.Errorf("%s: got %d mounts, error %v, want 2, %v", name, len(got), err, errMountInfo)
		}
	}
}

func FuzzParseMounts(f *testing.F) {
	f.Add([]byte("36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n"))
	f.Add([]byte(`31 28 259:3 / /a\040b\ rw -  -  - `))
	f.Fuzz(func(t *testing.T, data []byte) {
		mounts, _ := parseMounts(data)
		for _, m := range mounts {
			if m.point == "" || m.point[0] != '/' || m.filesystem == "" {
				t.Errorf("got %+v, want a path and a type", m)
			}
			if name := cleanText([]byte(m.point), maxPath); !utf8.ValidString(name) || len(name) > 3*maxPath {
				t.Errorf("got name %q, want short valid UTF-8", name)
			}
		}
	})
}
