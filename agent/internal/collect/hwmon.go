package collect

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"systant/agent/internal/kernel"
)

// rediscover is how many samples use one listing of the sensors. Drivers that
// are loaded meanwhile show up then; those that go show at once.
const rediscover = 20

// chip is a device with sensors: a folder of /sys/class/hwmon.
type chip struct {
	name     string   // see chipName
	power    []string // the runtime_status files of the device and its parent
	channels []channel
}

// channel is one input of a chip. Its paths are those of the program's own
// file system, whatever the host's root is.
type channel struct {
	key   string // "chip/label": stays the same over boots, as hwmonN does not
	label string
	path  string // of the value
	fault string // of the file that says 1 where the sensor is broken, or ""
}

// sensors are the inputs of one kind of all chips. The zero value is not
// usable: see [newSensors].
type sensors struct {
	host  kernel.Host
	kind  string // "temp" or "fan"
	names Filter
	chips []chip
	age   int // samples since chips was listed
}

// newSensors returns the inputs of a kind that names lets through, by key,
// chip or label.
func newSensors(host kernel.Host, kind string, names Filter) *sensors {
	return &sensors{host: host, kind: kind, names: names, age: rediscover}
}

// refresh lists the chips again, if it is time, and tells whether it did.
func (s *sensors) refresh() bool {
	if s.age < rediscover {
		s.age++
		return false
	}
	s.age = 1
	s.chips = s.list()
	return true
}

// each calls take with every value that can be read now. The inputs of a
// device that sleeps are left out, because to read them would wake it; so are
// those that a driver gives an error for.
func (s *sensors) each(take func(chip string, c channel, value int64)) {
	for _, chip := range s.chips {
		if chip.asleep() {
			continue
		}
		for _, c := range chip.channels {
			value, err := c.read()
			switch {
			case err == nil:
				take(chip.name, c, value)
			case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV):
				s.age = rediscover // the device was taken away
			}
		}
	}
}

// list returns the chips with inputs of the kind in /sys/class/hwmon
// (Documentation/hwmon/sysfs-interface.rst).
func (s *sensors) list() []chip {
	const folder = "/sys/class/hwmon"
	var chips []chip
	keys := make(map[string]bool)
	for _, name := range s.host.List(folder) {
		path := folder + "/" + name
		c := chip{name: chipName(s.host, path)}
		if c.name != "" {
			c.channels = s.channels(path, c.name, keys)
		}
		if len(c.channels) == 0 {
			continue
		}
		for _, device := range []string{"/device", "/device/device"} {
			file := path + device + "/power/runtime_status"
			if _, err := s.host.Text(file); err == nil {
				c.power = append(c.power, s.host.Path(file))
			}
		}
		chips = append(chips, c)
	}
	return chips
}

// channels returns the inputs in a chip's folder, less those that are switched
// off. The keys in use are added to keys.
func (s *sensors) channels(path, chip string, keys map[string]bool) []channel {
	files := s.host.List(path)
	var found []channel
	for _, file := range files {
		input, ok := strings.CutSuffix(file, "_input")
		if !ok || !strings.HasPrefix(input, s.kind) {
			continue
		}
		base := path + "/" + input
		if enabled, err := s.host.Int(base + "_enable"); err == nil && enabled == 0 && s.kind == "temp" {
			continue // of a fan, 0 means that the chip steers it
		}
		label, _ := s.host.Text(base + "_label")
		if label == "" {
			label = input
		}
		c := channel{label: printable(label), path: s.host.Path(base + "_input")}
		if _, err := s.host.Int(base + "_fault"); err == nil {
			c.fault = s.host.Path(base + "_fault")
		}
		c.key = uniqueKey(keys, chip+"/"+c.label, input)
		if s.names.Allows(c.key, chip, c.label) {
			found = append(found, c)
		}
	}
	return found
}

// uniqueKey returns key, or key and more where it is in use: boards give one
// label to several inputs, and some chips have no device to tell them apart.
func uniqueKey(keys map[string]bool, key, input string) string {
	unique := key
	for n := 1; keys[unique]; n++ {
		unique = key + " (" + input + ")"
		if n > 1 {
			unique += " " + strconv.Itoa(n)
		}
	}
	keys[unique] = true
	return unique
}

// chipName returns the name of a chip and, so that two of a kind are told
// apart, its device's: "k10temp-0000:00:18.3". Chips whose device is named
// after them have that name alone: "coretemp.0", "nvme0". Disks go by the name
// that the block devices have: "drivetemp-sda".
func chipName(h kernel.Host, path string) string {
	name, err := h.Text(path + "/name")
	if err != nil || name == "" {
		return ""
	}
	device := h.Link(path + "/device")
	if disks := h.List(path + "/device/block"); len(disks) == 1 {
		device = disks[0]
	}
	if model, counter, ok := strings.Cut(device, "."); ok && len(counter) == 4 && strings.Count(model, ":") == 2 {
		device = model // of HID devices, the end counts up with each one plugged in
	}
	switch {
	case device == "":
		return printable(name)
	case strings.HasPrefix(device, name):
		return printable(device)
	}
	return printable(name + "-" + device)
}

// asleep tells whether the device, or the one that it hangs on, is suspended
// (Documentation/ABI/testing/sysfs-devices-power).
func (c chip) asleep() bool {
	var text [16]byte
	for _, path := range c.power {
		if status, err := readSmall(path, text[:]); err == nil && string(status) == "suspended" {
			return true
		}
	}
	return false
}

// read returns the input's value in the kernel's unit.
func (c channel) read() (int64, error) {
	if c.fault != "" {
		if fault, err := readNumber(c.fault); err == nil && fault != 0 {
			return 0, unix.EIO
		}
	}
	return readNumber(c.path)
}

// readNumber returns the number in a small file. Sensors are many and are read
// often, so that this allocates nothing but the path.
func readNumber(path string) (int64, error) {
	var buffer [32]byte
	text, err := readSmall(path, buffer[:])
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(text), 10, 64)
}

// readSmall returns the content of a file that fits into buffer, without the
// white space around it.
func readSmall(path string, buffer []byte) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, buffer)
	if err != nil {
		return nil, err
	}
	return bytes.TrimSpace(buffer[:n]), nil
}

// printable makes a name from the kernel fit for a payload.
func printable(s string) string {
	return cleanText([]byte(s), 256)
}
