package nvml

import (
	"os"
	"path/filepath"
	"strings"
)

// pciBus is the folder of the PCI bus in sysfs, /sys/bus/pci.
type pciBus string

// pciGPU is a PCI device that the nvidia driver drives.
type pciGPU struct {
	address  string // such as "0000:01:00.0"
	asleep   bool   // suspended, or on its way there
	maySleep bool   // the kernel may suspend it when nobody uses it
}

// gpus returns the devices bound to the nvidia driver, by address, from
// /sys/bus/pci/drivers/nvidia and each device's power folder
// (Documentation/ABI/testing/sysfs-devices-power). These files wake nothing.
// It returns none where the driver isn't loaded or there is no PCI bus.
func (b pciBus) gpus() []pciGPU {
	entries, err := os.ReadDir(filepath.Join(string(b), "drivers/nvidia"))
	if err != nil {
		return nil
	}
	var found []pciGPU
	for _, e := range entries {
		if strings.Count(e.Name(), ":") != 2 { // "bind", "module", "new_id" …
			continue
		}
		power := filepath.Join(string(b), "devices", e.Name(), "power")
		status := word(filepath.Join(power, "runtime_status"))
		found = append(found, pciGPU{
			address:  e.Name(),
			asleep:   status == "suspended" || status == "suspending",
			maySleep: word(filepath.Join(power, "control")) == "auto",
		})
	}
	return found
}

// word returns the content of a sysfs file of one word, or "".
func word(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
