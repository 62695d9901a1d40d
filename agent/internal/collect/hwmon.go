package collect

import (
	"strings"

	"systant/agent/internal/kernel"
)

// rediscover is how many samples use one listing of the sensors. Drivers that
// are loaded meanwhile show up then.
const rediscover = 20

// channel is one input of a monitoring chip.
type channel struct {
	key   string // "chip/label": stays the same over boots, as hwmonN does not
	chip  string
	label string
	path  string // without the suffix, such as ".../hwmon2/temp1"
	power string // the runtime_status of the chip's device; empty without
}

// listChannels returns the inputs of one kind ("temp" or "fan") of all chips
// in /sys/class/hwmon (Documentation/hwmon/sysfs-interface.rst).
func listChannels(h kernel.Host, kind string) []channel {
	const folder = "/sys/class/hwmon"
	var found []channel
	for _, name := range h.List(folder) {
		path := folder + "/" + name
		chip := chipName(h, path)
		if chip == "" {
			continue
		}
		for _, file := range h.List(path) {
			input, ok := strings.CutSuffix(file, "_input")
			if !ok || !strings.HasPrefix(input, kind) {
				continue
			}
			label, _ := h.Text(path + "/" + input + "_label")
			if label == "" {
				label = input
			}
			label = printable(label)
			c := channel{chip: chip, label: label, path: path + "/" + input}
			if len(h.List(path+"/device/power")) > 0 {
				c.power = path + "/device/power/runtime_status"
			}
			c.key = uniqueKey(found, chip+"/"+label, input)
			found = append(found, c)
		}
	}
	return found
}

// uniqueKey returns key, or key and input where a channel has the key already,
// as boards do that give one label to several inputs.
func uniqueKey(found []channel, key, input string) string {
	for _, c := range found {
		if c.key == key {
			return key + " (" + input + ")"
		}
	}
	return key
}

// chipName returns the name of a chip and, so that two of a kind are told
// apart, its device's: "nvme-nvme0", "k10temp-0000:00:18.3". Chips whose
// device is named after them have that name alone: "coretemp.0".
func chipName(h kernel.Host, path string) string {
	name, err := h.Text(path + "/name")
	if err != nil || name == "" {
		return ""
	}
	device := h.Link(path + "/device")
	switch {
	case device == "" || device == name:
		return printable(name)
	case strings.HasPrefix(device, name):
		return printable(device)
	}
	return printable(name + "-" + device)
}

// read returns the input's value, or false where the chip gives none: the
// channel is off, its sensor is broken, or its device sleeps and would have to
// be woken.
func (c channel) read(h kernel.Host) (int64, bool) {
	if c.power != "" {
		if state, err := h.Text(c.power); err == nil && state == "suspended" {
			return 0, false
		}
	}
	if fault, err := h.Int(c.path + "_fault"); err == nil && fault == 1 {
		return 0, false
	}
	value, err := h.Int(c.path + "_input")
	return value, err == nil
}

// printable makes a name from the kernel fit for a payload.
func printable(s string) string {
	return cleanText([]byte(s), 256)
}
