package collect

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"systant/agent/internal/kernel"
)

// sysFolder is a folder of sysfs whose files hold one value each.
type sysFolder string

// text returns a file's content without the white space around it, or "".
func (f sysFolder) text(name string) string {
	data, err := os.ReadFile(filepath.Join(string(f), name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// uint returns the number in a file, or nil where there is none.
func (f sysFolder) uint(name string) *uint64 {
	value, err := strconv.ParseUint(f.text(name), 10, 64)
	if err != nil {
		return nil
	}
	return &value
}

// scaled returns the number in a file times scale, or nil where there is none.
func (f sysFolder) scaled(name string, scale float64) *float64 {
	value, err := strconv.ParseInt(f.text(name), 10, 64)
	if err != nil {
		return nil
	}
	return new(float64(value) * scale)
}

// drmCard is one graphics card that a driver in the kernel drives.
type drmCard struct {
	folder sysFolder // /sys/class/drm/cardN
	device sysFolder // its PCI device
	hwmon  sysFolder // the driver's sensors, "" without
	driver string    // such as "amdgpu"
	bus    string    // PCI address, such as "0000:03:00.0"
	pciID  string    // vendor and device, such as "1002:73BF"
	asleep bool      // runtime-suspended: reading its sensors would wake it or fail
}

// drmCards returns the cards in /sys/class/drm of some drivers, by number.
// None of the files that it reads wakes a card.
func drmCards(host kernel.Host, drivers ...string) []drmCard {
	const class = "/sys/class/drm"
	var cards []drmCard
	for _, name := range host.List(class) {
		number, ok := strings.CutPrefix(name, "card")
		if _, err := strconv.Atoi(number); !ok || err != nil { // card0-DP-1 is a connector
			continue
		}
		folder := sysFolder(host.Path(class + "/" + name))
		card := drmCard{folder: folder, device: folder + "/device"}
		for line := range strings.Lines(card.device.text("uevent")) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			switch key {
			case "DRIVER":
				card.driver = value
			case "PCI_SLOT_NAME":
				card.bus = value
			case "PCI_ID":
				card.pciID = strings.ToLower(value)
			}
		}
		if !slices.Contains(drivers, card.driver) || card.bus == "" {
			continue
		}
		status := card.device.text("power/runtime_status")
		card.asleep = status == "suspended" || status == "suspending"
		if found, err := filepath.Glob(string(card.device) + "/hwmon/hwmon*"); err == nil && len(found) > 0 {
			card.hwmon = sysFolder(found[0])
		}
		cards = append(cards, card)
	}
	slices.SortFunc(cards, func(a, b drmCard) int {
		return cmp.Or(cmp.Compare(len(a.folder), len(b.folder)), cmp.Compare(a.folder, b.folder))
	})
	return cards
}
