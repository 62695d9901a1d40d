package collect

import (
	"slices"
	"strings"

	"systant/agent/internal/kernel"
)

const (
	// maxReasons bounds the reasons for a reboot that are published.
	maxReasons = 10
	// maxKernels bounds the kernels that are looked at.
	maxKernels = 200
)

// rebootMarks are the files by which a distribution says that it wants a
// reboot: update-notifier and unattended-upgrades of Debian and Ubuntu, and
// libzypp of openSUSE. Packages that asked for it are listed beside some.
var rebootMarks = []string{"/run/reboot-required", "/var/run/reboot-required", "/run/reboot-needed"}

// pendingReboot tells whether the host waits for a reboot, and why. It is not
// known where nothing on the host would tell.
func pendingReboot(h kernel.Host) (reasons []string, known bool) {
	if systems := readNixSystems(h); systems.current != "" {
		return systems.reboot(h)
	}
	running, _ := h.Text("/proc/sys/kernel/osrelease")
	reasons, known = newerKernel(h, running)
	for _, mark := range rebootMarks {
		if !h.Exists(mark) {
			continue
		}
		known = true
		packages, _ := h.Head(mark+".pkgs", 4096)
		reasons = append(reasons, parsePackages(packages, len(reasons) > 0)...)
		if len(reasons) == 0 {
			reasons = []string{"asked for by the system"}
		}
		break
	}
	return reasons, known
}

// parsePackages returns the packages that asked for a reboot, from
// /run/reboot-required.pkgs: one a line, with repetitions. Those of kernels are
// left out where the kernel is known to be a reason.
func parsePackages(data []byte, kernelKnown bool) []string {
	var names []string
	for line := range strings.Lines(string(data)) {
		name := cleanText([]byte(strings.TrimSpace(line)), maxName)
		ofKernel := strings.HasPrefix(name, "linux-image") || name == "linux-base"
		if name == "" || ofKernel && kernelKnown || slices.Contains(names, name) {
			continue
		}
		if names = append(names, name); len(names) == maxReasons {
			break
		}
	}
	return names
}

// newerKernel tells whether there is a newer kernel than the running one, of
// the same flavour. It is not known in a container, whose kernel is its host's,
// and where there is no kernel of that flavour.
//
// An image says that a kernel is installed: a folder of modules alone is often
// what a removed kernel has left behind. Only where the running kernel's own
// modules are gone, another one's tell that it has taken its place.
func newerKernel(h kernel.Host, running string) (reasons []string, known bool) {
	if running == "" || inContainer(h) {
		return nil, false
	}
	modules, err := h.Resolve("/lib/modules")
	if err != nil {
		modules = "/lib/modules"
	}
	now := parseRelease(running)
	installed, loadable := kernels(h, modules, now)
	next := newest(installed)
	if !next.newer(now) && !h.Exists(modules+"/"+running) {
		next = newest(loadable) // as on Arch, where images have no versions
	}
	if next.newer(now) {
		return []string{kernelChange(running, next.name)}, true
	}
	return nil, len(installed)+len(loadable) > 0
}

// inContainer tells whether the kernel is another host's, by the marks of
// systemd (container interface), Docker and Podman.
func inContainer(h kernel.Host) bool {
	return h.Exists("/run/systemd/container") || h.Exists("/.dockerenv") || h.Exists("/run/.containerenv")
}

// kernels returns the kernels of the flavour of another one: those with an
// image, and those with modules.
func kernels(h kernel.Host, modules string, like release) (installed, loadable []release) {
	// Proxmox VE starts this one, whatever else there is.
	pin, _ := h.Text("/etc/kernel/proxmox-boot-pin")
	for _, name := range kernelNames(h, modules) {
		r := parseRelease(name)
		if !r.alike(like) || pin != "" && name != pin {
			continue
		}
		folder := modules + "/" + name
		if h.Exists("/boot/vmlinuz-"+name) || h.Exists("/boot/vmlinux-"+name) || h.Exists(folder+"/vmlinuz") {
			installed = append(installed, r)
		}
		if h.Exists(folder + "/modules.dep") {
			loadable = append(loadable, r)
		}
	}
	return installed, loadable
}

// kernelNames returns the names of kernels with an image in /boot or a folder
// in /lib/modules, each once.
func kernelNames(h kernel.Host, modules string) []string {
	names := h.List(modules)
	for _, file := range h.List("/boot") {
		for _, prefix := range []string{"vmlinuz-", "vmlinux-"} {
			if name, ok := strings.CutPrefix(file, prefix); ok {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return names[:min(len(names), maxKernels)]
}

// kernelChange says in words which kernel would follow which.
func kernelChange(from, to string) string {
	return "kernel " + cleanText([]byte(from), maxName) + " → " + cleanText([]byte(to), maxName)
}
