package collect

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPendingReboot(t *testing.T) {
	const osrelease = "/proc/sys/kernel/osrelease"
	tests := []struct {
		name  string
		files map[string]string
		known bool
		want  []string
	}{
		{"nothing tells", map[string]string{osrelease: "6.1.0-37-amd64"}, false, nil},
		{"no kernel name", map[string]string{"/boot/vmlinuz-6.1.0-38-amd64": ""}, false, nil},
		{"the newest runs", map[string]string{osrelease: "6.1.0-37-amd64\n", "/boot/vmlinuz-6.1.0-37-amd64": "", "/boot/vmlinuz-6.1.0-35-amd64": ""}, true, nil},
		{"a newer image", map[string]string{osrelease: "6.1.0-9-amd64\n", "/boot/vmlinuz-6.1.0-9-amd64": "", "/boot/vmlinuz-6.1.0-37-amd64": "", "/boot/vmlinuz-6.1.0-10-amd64": ""}, true, []string{"kernel 6.1.0-9-amd64 → 6.1.0-37-amd64"}},
		{"an image among its modules", map[string]string{osrelease: "6.14.11-300.fc42.x86_64", "/lib/modules/6.14.11-300.fc42.x86_64/vmlinuz": "", "/lib/modules/6.15.1-300.fc42.x86_64/vmlinuz": ""}, true, []string{"kernel 6.14.11-300.fc42.x86_64 → 6.15.1-300.fc42.x86_64"}},
		{"another flavour", map[string]string{osrelease: "6.1.0-37-amd64", "/boot/vmlinuz-6.12.1-1-cloud-amd64": ""}, false, nil},
		{"what a removed kernel left", map[string]string{osrelease: "6.1.0-37-amd64", "/boot/vmlinuz-6.1.0-37-amd64": "", "/lib/modules/6.1.0-37-amd64/modules.dep": "", "/lib/modules/6.1.0-38-amd64/modules.dep": ""}, true, nil},
		{"its modules were replaced", map[string]string{osrelease: "6.1.21-v8+", "/lib/modules/6.1.58-v8+/modules.dep": "", "/lib/modules/6.1.58-v7+/modules.dep": ""}, true, []string{"kernel 6.1.21-v8+ → 6.1.58-v8+"}},
		{"its modules are gone, older ones are left", map[string]string{osrelease: "6.18.44", "/lib/modules/6.1.1/modules.dep": ""}, true, nil},
		{"a container", map[string]string{osrelease: "6.1.0-9-amd64", "/boot/vmlinuz-6.1.0-37-amd64": "", "/run/systemd/container": "lxc"}, false, nil},
		{"a pinned kernel", map[string]string{osrelease: "6.8.12-9-pve", "/boot/vmlinuz-6.8.12-9-pve": "", "/boot/vmlinuz-6.8.12-13-pve": "", "/lib/modules/6.8.12-9-pve/modules.dep": "", "/etc/kernel/proxmox-boot-pin": "6.8.12-9-pve\n"}, true, nil},
		{"asked for without a reason", map[string]string{"/run/reboot-required": ""}, true, []string{"asked for by the system"}},
		{"asked for, as openSUSE does", map[string]string{"/run/reboot-needed": "reboot"}, true, []string{"asked for by the system"}},
		{"packages", map[string]string{"/var/run/reboot-required": "", "/var/run/reboot-required.pkgs": "linux-image-6.1.0-38-amd64\nlibc6\n\nlibc6\nlinux-base\n"}, true, []string{"linux-image-6.1.0-38-amd64", "libc6", "linux-base"}},
		{"packages without the mark", map[string]string{"/run/reboot-required.pkgs": "libc6\n"}, false, nil},
		{"a kernel and its package", map[string]string{osrelease: "6.1.0-37-amd64", "/boot/vmlinuz-6.1.0-38-amd64": "", "/run/reboot-required": "", "/run/reboot-required.pkgs": "linux-image-6.1.0-38-amd64\ndbus\nlinux-base\n"}, true, []string{"kernel 6.1.0-37-amd64 → 6.1.0-38-amd64", "dbus"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, known := pendingReboot(hostOf(t, test.files))
			if diff := cmp.Diff(got, test.want); diff != "" || known != test.known {
				t.Errorf("known %v, want %v; got -, want +\n%s", known, test.known, diff)
			}
		})
	}
}

func TestParsePackagesBounds(t *testing.T) {
	if got := parsePackages([]byte(strings.Repeat("a\x00\x1b\n", 3)+strings.Repeat("b", 500)+"\n"), false); len(got) != 2 || got[0] != "a\ufffd\ufffd" || len(got[1]) != maxName {
		t.Errorf("got %q, want the name once, and the long one cut", got)
	}
	var many strings.Builder
	for c := range 100 {
		many.WriteString(strings.Repeat("p", c+1) + "\n")
	}
	if got := parsePackages([]byte(many.String()), false); len(got) != maxReasons {
		t.Errorf("got %d names, want %d", len(got), maxReasons)
	}
}
