package collect

import (
	"encoding/binary"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// hostOf returns a host with the given files.
func hostOf(t *testing.T, files map[string]string) kernel.Host {
	t.Helper()
	h := kernel.Host{Root: t.TempDir()}
	put(t, h, files)
	return h
}

func TestOSRelease(t *testing.T) {
	tests := []struct{ name, file, os, version string }{
		{"quoted", "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n", "Debian GNU/Linux", "12"},
		{"bare", "ID=arch\nNAME=Arch\nBUILD_ID=rolling\n", "Arch", "rolling"},
		{"single quotes and escapes", "NAME='A \"b\"'\nVERSION_ID=\"1\\$2\"", `A "b"`, "1$2"},
		{"escapes of a bare value", "NAME=A\\ b\\\\\nVERSION_ID=1", `A b\`, "1"},
		{"a backslash before what it means nothing to", "NAME=\"a\\nb\"\nVERSION_ID='1\\$'", `a\nb`, `1\$`},
		{"quotes that are not closed, or too early", "NAME=\"a\nNAME='b'c\nPRETTY_NAME=d", "d", ""},
		{"the last one counts", "NAME=a\nNAME=b\nVERSION_ID=1\nVERSION_ID=\n", "b", ""},
		{"comments and rubbish", "# NAME=no\n=x\nNAME\n", "Linux", ""},
		{"control characters", "NAME=\"a\x00\x1b[31mb\"\n", "a\ufffd\ufffd[31mb", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			name, version := readOSRelease(hostOf(t, map[string]string{"/usr/lib/os-release": test.file}))
			if name != test.os || version != test.version {
				t.Errorf("got %q %q, want %q %q", name, version, test.os, test.version)
			}
		})
	}
}

func TestDefaultRoute(t *testing.T) {
	const head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
	tests := []struct{ name, v4, v6, want string }{
		{"none", head, "", ""},
		{"lowest metric", head + "wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\neth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n", "", "eth0"},
		{"down, refusing and narrow ones", head + "a\t00000000\t0\t0002\t0\t0\t1\t00000000\t0\t0\t0\nb\t00000000\t0\t0201\t0\t0\t1\t00000000\t0\t0\t0\nc\t00000000\t0\t0001\t0\t0\t1\t00FFFFFF\t0\t0\t0\nd\t00000000\t0\t0001\t0\t0\t9\t00000000\t0\t0\t0\n", "", "d"},
		{"IPv6 only", head, "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 eth1\n00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200 lo\n", "eth1"},
		{"cut short", "eth0\t00000000\n", "0 0", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := defaultRoute(hostOf(t, map[string]string{"/proc/net/route": test.v4, "/proc/net/ipv6_route": test.v6})); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestMachine(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"device tree", map[string]string{"/proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\x00"}, "Raspberry Pi 4 Model B Rev 1.4"},
		{"DMI", map[string]string{"/sys/class/dmi/id/sys_vendor": "LENOVO\n", "/sys/class/dmi/id/product_name": "20XW\n"}, "LENOVO 20XW"},
		{"placeholders", map[string]string{"/sys/class/dmi/id/sys_vendor": "To Be Filled By O.E.M.", "/sys/class/dmi/id/product_name": "System Product Name", "/sys/class/dmi/id/board_vendor": "ASUS", "/sys/class/dmi/id/board_name": "ASUS B550"}, "ASUS B550"},
		{"nothing", nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := machine(hostOf(t, test.files)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestCPUModel(t *testing.T) {
	check := func(text, want string) {
		t.Helper()
		if got := parseCPUModel([]byte(text)); got != want {
			t.Errorf("model in %q: got %q, want %q", text, got, want)
		}
	}
	check("", "")
	check("processor\t: 0\nmodel\t\t: 28\nmodel name\t: Intel(R) Atom(TM) CPU D525   @ 1.80GHz\n\nprocessor\t: 1\nmodel name\t: other\n", "Intel(R) Atom(TM) CPU D525 @ 1.80GHz")
	check("CPU implementer\t: 0x41\nCPU part\t: 0xd05\n\nCPU implementer\t: 0x41\nCPU part\t: 0xd0b\n\nCPU implementer\t: 0x41\nCPU part\t: 0xd0b\nHardware\t: BCM2835\n", "Cortex-A55 + Cortex-A76")
	check("CPU implementer\t: 0x61\nCPU part\t: 0x022\n", "Apple 0x022")
	check("CPU implementer\t: 0xee\nCPU part\t: 0x001\nHardware\t: Some SoC\n", "Some SoC")
	check("model name\t: ARMv7 Processor rev 4 (v7l)\nCPU implementer\t: 0x41\nCPU part\t: 0xd03\nHardware\t: BCM2835\n", "Cortex-A53")
	check("model name\t: ARMv6-compatible processor\n", "ARMv6-compatible processor")
	check("cpu\t\t: POWER9, altivec supported\n", "POWER9, altivec supported")
	check("cpu model\t\t: MIPS 1004Kc V2.15\n", "MIPS 1004Kc V2.15")
	check("hart\t\t: 0\nuarch\t\t: sifive,u74-mc\n", "sifive,u74-mc")
	check("model name\t: "+strings.Repeat("x", 999)+"\n", strings.Repeat("x", maxName))
}

func TestUsers(t *testing.T) {
	count := func(files map[string]string) any {
		if n, ok := countUsers(hostOf(t, files)); ok {
			return n
		}
		return "unknown"
	}
	// logins returns utmp with a login of process 9, one of process 8, and the
	// record of a boot.
	logins := func(size int) string {
		records := make([]byte, 3*size)
		for i, pid := range []uint32{9, 8} {
			record := records[i*size:]
			binary.NativeEndian.PutUint16(record, utmpUserProcess)
			binary.NativeEndian.PutUint32(record[utmpPID:], pid)
			copy(record[utmpUser:], "alice")
		}
		binary.NativeEndian.PutUint16(records[2*size:], 2)
		copy(records[2*size+utmpUser:], "reboot")
		return string(records)
	}
	got := []any{
		count(nil),
		count(map[string]string{"/run/utmp": logins(utmpRecord), "/proc/9/stat": "9 (bash) S"}),
		count(map[string]string{"/run/utmp": logins(utmpRecordWide), "/proc/9/stat": "9 (bash) S", "/proc/8/stat": "8 (bash) S"}),
		count(map[string]string{"/run/utmp": logins(utmpRecord)[:utmpRecord+9], "/proc/9/stat": "9 (bash) S"}),
		count(map[string]string{"/run/systemd/seats/seat0": "IS_SEAT0=1"}),
		count(map[string]string{
			"/run/systemd/sessions/1":     "# private\nUID=1000\nSTATE=active\nCLASS=user\n",
			"/run/systemd/sessions/2":     "STATE=closing\nCLASS=user\n",
			"/run/systemd/sessions/3":     "STATE=online\nCLASS=manager\n",
			"/run/systemd/sessions/c1":    "STATE=online\nCLASS=greeter\n",
			"/run/systemd/sessions/1.ref": "STATE=active\nCLASS=user\n",
		}),
	}
	if diff := cmp.Diff([]any{"unknown", 1, 2, 1, 0, 1}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBootTimeDoesNotWaver(t *testing.T) {
	h := hostOf(t, map[string]string{"/proc/uptime": "100.00 1.00\n", "/proc/stat": "cpu 1\nbtime 1000\n", "/proc/sys/kernel/random/boot_id": "x"})
	c, err := newSystem(Config{Host: h})
	if err != nil {
		t.Fatal(err)
	}
	collect := func(now int64, btime string) int64 {
		t.Helper()
		if err := os.WriteFile(h.Path("/proc/stat"), []byte("cpu 1\nbtime "+btime+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		var s schema.Stats
		if err := c.Collect(t.Context(), &s, time.Unix(now, 0)); err != nil {
			t.Fatal(err)
		}
		return s.System.BootTime
	}
	got := []int64{collect(1100, "1000"), collect(1101, "1001"), collect(5100, "5000")}
	if diff := cmp.Diff([]int64{1000, 1000, 5000}, got); diff != "" {
		t.Errorf("the same clock, a second's drift, and a clock that was set (-want +got):\n%s", diff)
	}
}

// TestSystemLive reads the machine that the test runs on.
func TestSystemLive(t *testing.T) {
	c, err := newSystem(Config{AgentVersion: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	var s schema.Stats
	if err := c.Collect(t.Context(), &s, time.Now()); err != nil {
		t.Fatal(err)
	}
	got := s.System
	booted := float64(time.Now().Unix()) - got.UptimeSeconds
	if got.Kernel == "" || got.OS == "" || got.Architecture == "" || got.AgentVersion != "1.2.3" || math.Abs(booted-float64(got.BootTime)) > 60 {
		t.Errorf("got %+v, want a machine that booted at %.0f", got, booted)
	}
}

func FuzzSystemTexts(f *testing.F) {
	f.Add("NAME=\"a\\\"b\"\nVERSION_ID='1'\n")
	f.Add("eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n")
	f.Add("CPU implementer\t: 0x41\nCPU part\t: 0xd05\nmodel name\t: x\n")
	f.Add("STATE=active\nCLASS=user\n")
	f.Fuzz(func(t *testing.T, text string) {
		parseOSRelease([]byte(text))
		lowestRoute(text, parseRoute4)
		lowestRoute(text, parseRoute6)
		isUserSession(text)
		parseCPUModel([]byte(text))
		if n := countUTMP([]byte(text), func(int32) bool { return true }); n > len(text)/utmpRecord {
			t.Errorf("got %d users in %d bytes", n, len(text))
		}
	})
}
