package collect

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"systant/agent/internal/kernel"
)

// architecture returns the machine's architecture as uname(2) names it, which
// kernels from 6.1 tell in /proc/sys/kernel/arch.
func architecture(h kernel.Host) string {
	if arch, err := h.Text("/proc/sys/kernel/arch"); err == nil {
		return arch
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Machine[:])
}

// machine returns the maker's name of the machine: the model in the device
// tree, or vendor and product from /sys/class/dmi/id
// (Documentation/ABI/testing/sysfs-class-dmi). It is empty in most containers.
func machine(h kernel.Host) string {
	if model, err := h.Text("/proc/device-tree/model"); err == nil && model != "" {
		return cleanText([]byte(model), maxName)
	}
	vendor, product := dmi(h, "sys_vendor"), dmi(h, "product_name")
	if product == "" {
		vendor, product = dmi(h, "board_vendor"), dmi(h, "board_name")
	}
	if strings.HasPrefix(product, vendor) {
		return product
	}
	return strings.TrimSpace(vendor + " " + product)
}

// placeholders are the DMI strings, in lower case, that boards are sold with
// whose maker filled in nothing.
var placeholders = []string{
	"to be filled by o.e.m.", "o.e.m.", "oem", "default string", "not specified", "not applicable",
	"system manufacturer", "system product name", "system name", "undefined", "unknown", "none", "n/a", "invalid",
}

// dmi returns a DMI string, or nothing where it is only a placeholder.
func dmi(h kernel.Host, file string) string {
	text, _ := h.Text("/sys/class/dmi/id/" + file)
	if slices.Contains(placeholders, strings.ToLower(text)) {
		return ""
	}
	return cleanText([]byte(text), maxName)
}

// cpuModel returns the processor's name from /proc/cpuinfo, or "".
func cpuModel(h kernel.Host) string {
	data, err := h.Read("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	return parseCPUModel(data)
}

// parseCPUModel returns the processor's name as /proc/cpuinfo tells it, whose
// lines differ with the architecture (arch/*/kernel/cpu*.c). Arm kernels give
// the numbers of maker and part of each core, and 64-bit ones no name, so that
// the names of the kinds of core that there are stand for it.
//
// procfs reads the file too, but in the manner of the architecture that the
// program was built for, and not without a processor's number.
func parseCPUModel(data []byte) string {
	named := make(map[string]string) // the first value of each name
	var cores []string
	maker := ""
	for line := range strings.Lines(string(data)) {
		key, value, ok := strings.Cut(line, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || value == "" {
			continue
		}
		if _, known := named[key]; !known {
			named[key] = value
		}
		switch key {
		case "CPU implementer":
			maker = value
		case "CPU part":
			if core := armCore(maker, value); core != "" && !slices.Contains(cores, core) {
				cores = append(cores, core)
			}
		}
	}
	name := named["model name"]
	if len(cores) > 0 && (name == "" || strings.HasPrefix(name, "ARMv")) {
		name = strings.Join(cores, " + ")
	}
	// "cpu" is POWER's, "cpu model" MIPS', "Model Name" LoongArch's, "uarch"
	// RISC-V's, and "Hardware" the whole chip's of 32-bit Arm.
	name = first(name, named["Model Name"], named["cpu model"], named["cpu"], named["uarch"], named["Hardware"])
	return strings.Join(strings.Fields(cleanText([]byte(name), maxName)), " ")
}

// armCores are the names of cores by maker and part, as in
// arch/arm64/include/asm/cputype.h: those of servers and small computers.
var armCores = map[[2]string]string{
	{"0x41", "0xb76"}: "ARM1176",
	{"0x41", "0xc07"}: "Cortex-A7",
	{"0x41", "0xc08"}: "Cortex-A8",
	{"0x41", "0xc09"}: "Cortex-A9",
	{"0x41", "0xc0f"}: "Cortex-A15",
	{"0x41", "0xd03"}: "Cortex-A53",
	{"0x41", "0xd04"}: "Cortex-A35",
	{"0x41", "0xd05"}: "Cortex-A55",
	{"0x41", "0xd07"}: "Cortex-A57",
	{"0x41", "0xd08"}: "Cortex-A72",
	{"0x41", "0xd09"}: "Cortex-A73",
	{"0x41", "0xd0a"}: "Cortex-A75",
	{"0x41", "0xd0b"}: "Cortex-A76",
	{"0x41", "0xd0c"}: "Neoverse-N1",
	{"0x41", "0xd40"}: "Neoverse-V1",
	{"0x41", "0xd41"}: "Cortex-A78",
	{"0x41", "0xd49"}: "Neoverse-N2",
	{"0x41", "0xd4f"}: "Neoverse-V2",
	{"0xc0", "0xac3"}: "Ampere-1",
	{"0xc0", "0xac4"}: "Ampere-1a",
}

// armMakers are the names of the makers that cores without a name of their
// own are told by.
var armMakers = map[string]string{
	"0x41": "ARM", "0x42": "Broadcom", "0x43": "Cavium", "0x46": "Fujitsu", "0x48": "HiSilicon", "0x4e": "NVIDIA",
	"0x50": "APM", "0x51": "Qualcomm", "0x53": "Samsung", "0x56": "Marvell", "0x61": "Apple", "0x6d": "Microsoft", "0xc0": "Ampere",
}

// armCore names a kind of core: by its name, else its maker and number, and
// not at all where the maker is unknown.
func armCore(maker, part string) string {
	if name, ok := armCores[[2]string{maker, part}]; ok {
		return name
	}
	if name, ok := armMakers[maker]; ok {
		return name + " " + part
	}
	return ""
}
