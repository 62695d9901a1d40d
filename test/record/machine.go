package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// maxFile bounds what is recorded of one file, in bytes. The first moment of
// a kernel file is never longer; a folder's worth of them is what costs.
const maxFile = 1 << 20

// plain are the files that are read where they are, without regard to links.
var plain = []string{
	"proc/cpuinfo", "proc/device-tree/model", "proc/diskstats", "proc/loadavg", "proc/mdstat",
	"proc/meminfo", "proc/net/dev", "proc/net/ipv6_route", "proc/net/route", "proc/pressure/*",
	"proc/stat", "proc/sys/kernel/arch", "proc/sys/kernel/osrelease", "proc/sys/kernel/random/boot_id",
	"proc/uptime", "proc/vmstat", "proc/1/mountinfo", "proc/1/mounts",
	"etc/os-release", "etc/passwd", "usr/lib/os-release",
	"run/systemd/seats/seat0", "run/systemd/sessions/*", "run/systemd/container", ".dockerenv", "run/.containerenv",
	"run/reboot-required", "run/reboot-required.pkgs", "run/reboot-needed", "etc/kernel/proxmox-boot-pin",
}

// linked are the files of sysfs, most of which stand behind symbolic links.
// Serial numbers are not among them.
var linked = []string{
	"sys/block/*/size", "sys/block/*/ro", "sys/block/*/removable", "sys/block/*/dev", "sys/block/*/hidden",
	"sys/block/*/queue/rotational", "sys/block/*/queue/logical_block_size",
	"sys/block/*/device/model", "sys/block/*/device/vendor", "sys/block/*/device/name", "sys/block/*/device/type",
	"sys/block/*/dm/name", "sys/block/*/md/array_state", "sys/block/*/slaves/*/ro", "sys/block/*/*/partition",
	"sys/bus/pci/drivers/nvidia/*/power/runtime_status", "sys/bus/pci/devices/*/power/control",
	"sys/class/block/*/partition",
	"sys/class/dmi/id/sys_vendor", "sys/class/dmi/id/product_name", "sys/class/dmi/id/board_vendor",
	"sys/class/dmi/id/board_name", "sys/class/dmi/id/chassis_type",
	"sys/class/drm/card*/device/uevent", "sys/class/drm/card*/device/power/runtime_status",
	"sys/class/drm/card*/device/gpu_busy_percent", "sys/class/drm/card*/device/mem_info_vram_*",
	"sys/class/drm/card*/device/product_name", "sys/class/drm/card*/device/unique_id",
	"sys/class/drm/card*/device/hwmon/hwmon*/*", "sys/class/drm/card*/gt_act_freq_mhz",
	"sys/class/drm/card*/gt/gt0/rps_act_freq_mhz", "sys/class/drm/card*/device/tile0/gt0/freq0/act_freq",
	"sys/class/hwmon/hwmon*/*", "sys/class/hwmon/hwmon*/device/uevent",
	"sys/class/hwmon/hwmon*/device/power/runtime_status", "sys/class/hwmon/hwmon*/device/name", "sys/class/hwmon/hwmon*/device/temp*",
	"sys/class/hwmon/hwmon*/device/fan*",
	"sys/class/net/*/carrier", "sys/class/net/*/duplex", "sys/class/net/*/flags", "sys/class/net/*/ifindex",
	"sys/class/net/*/mtu", "sys/class/net/*/operstate", "sys/class/net/*/speed", "sys/class/net/*/type",
	"sys/class/net/*/uevent", "sys/class/net/*/device/uevent", "sys/class/net/*/phy80211/index",
	"sys/class/net/*/bridge/stp_state", "sys/class/net/*/bonding/slaves",
	"sys/class/power_supply/*/capacity*", "sys/class/power_supply/*/charge_*", "sys/class/power_supply/*/current_now",
	"sys/class/power_supply/*/cycle_count", "sys/class/power_supply/*/energy_*", "sys/class/power_supply/*/online",
	"sys/class/power_supply/*/power_now", "sys/class/power_supply/*/present", "sys/class/power_supply/*/scope",
	"sys/class/power_supply/*/status", "sys/class/power_supply/*/type", "sys/class/power_supply/*/voltage_*",
	"sys/class/thermal/thermal_zone*/temp", "sys/class/thermal/thermal_zone*/type",
	"sys/class/thermal/thermal_zone*/mode", "sys/class/thermal/thermal_zone*/trip_point_*_t*",
	"sys/devices/system/cpu/cpufreq/policy*/affected_cpus", "sys/devices/system/cpu/cpufreq/policy*/scaling_cur_freq",
}

// machine is what was read of a machine at one moment, by paths below its root.
type machine struct {
	files  map[string][]byte
	links  map[string]string
	statfs string // the section of that name: a line for each mount
}

// readMachine reads all files that there are. Those that can't be read are
// left out, as the agent finds them unreadable too.
func readMachine(o options) (machine, error) {
	m := machine{files: make(map[string][]byte), links: make(map[string]string)}
	for _, pattern := range plain {
		for _, name := range m.glob(o.root, pattern) {
			m.read(o.root, name, name)
		}
	}
	if len(m.files["proc/stat"]) == 0 {
		return m, fmt.Errorf("%s: no proc/stat that can be read", o.root)
	}
	for _, pattern := range linked {
		for _, name := range m.glob(o.root, pattern) {
			if real, ok := m.follow(o.root, name); ok {
				m.read(o.root, name, real)
			}
		}
	}
	m.readUpdates(o.root)
	m.readProcesses(o)
	m.links["proc/self"], m.links["proc/mounts"] = "1", "self/mounts"
	m.readSizes(o.root)
	return m, nil
}

// glob returns the paths below root that match.
func (machine) glob(root, pattern string) []string {
	found, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil {
		panic(err) // the patterns are constants
	}
	for i, name := range found {
		found[i], _ = filepath.Rel(root, name)
	}
	return found
}

// read stores a file's content as that of another path. The device tree ends
// its strings with NUL, which an archive of text can't hold.
func (m machine) read(root, name, as string) {
	info, err := os.Stat(filepath.Join(root, name))
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil || len(data) > maxFile {
		return
	}
	m.files[as] = bytes.TrimRight(data, "\x00")
}

// follow returns the path of a file with all links in its folders resolved,
// and stores those links. A link out of root is no part of the machine.
func (m machine) follow(root, name string) (string, bool) {
	at, rest := "", strings.Split(name, "/")
	for steps := 0; len(rest) > 0; steps++ {
		if steps > 100 {
			return "", false
		}
		next := path.Join(at, rest[0])
		rest = rest[1:]
		target, err := os.Readlink(filepath.Join(root, next))
		if err != nil {
			at = next
			continue
		}
		if path.IsAbs(target) {
			return "", false
		}
		m.links[next] = target
		rest = append(strings.Split(path.Join(at, target), "/"), rest...)
		at = ""
	}
	return at, at != "" && !strings.HasPrefix(at, "..")
}

// readProcesses stores the processes with the lowest numbers.
func (m machine) readProcesses(o options) {
	var pids []int
	for _, name := range m.glob(o.root, "proc/[0-9]*") {
		if pid, err := strconv.Atoi(path.Base(name)); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.SortFunc(pids, cmp.Compare)
	for _, pid := range pids[:min(len(pids), o.processes)] {
		for _, file := range []string{"stat", "status", "comm"} {
			name := fmt.Sprintf("proc/%d/%s", pid, file)
			m.read(o.root, name, name)
		}
	}
}

// readSizes asks for the sizes of all filesystems that a disk or the network
// holds. Others are asked too, except those that a program serves: its answer
// may never come.
func (m *machine) readSizes(root string) {
	var b strings.Builder
	for line := range bytes.Lines(m.files["proc/1/mountinfo"]) {
		mount, ok := parseMount(string(line))
		if !ok || strings.HasPrefix(mount.kind, "fuse") || mount.kind == "autofs" {
			continue
		}
		var s unix.Statfs_t
		if err := unix.Statfs(filepath.Join(root, unescape(mount.point)), &s); err != nil {
			continue
		}
		size := s.Bsize
		if s.Frsize > 0 {
			size = s.Frsize
		}
		fmt.Fprintf(&b, "%s %d %d %d %d %d %d\n", mount.point, size, s.Blocks, s.Bfree, s.Bavail, s.Files, s.Ffree)
	}
	m.statfs = b.String()
}

// unescape undoes the octal escapes of /proc/<pid>/mountinfo.
func unescape(name string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(name)
}
