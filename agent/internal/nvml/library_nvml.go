//go:build linux && cgo && !nonvml

package nvml

import (
	"errors"
	"fmt"

	"github.com/NVIDIA/go-nvml/pkg/dl"
	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// Supported tells whether this binary can read NVIDIA GPUs.
const Supported = true

// required are the functions called below whose symbols go-nvml doesn't look
// up by version itself. An absent one would end the process at its call, so
// that a library without them is refused.
var required = []string{
	"nvmlSystemGetDriverVersion", "nvmlDeviceGetUUID", "nvmlDeviceGetName", "nvmlDeviceGetUtilizationRates",
	"nvmlDeviceGetMemoryInfo", "nvmlDeviceGetTemperature", "nvmlDeviceGetPowerUsage", "nvmlDeviceGetEnforcedPowerLimit",
	"nvmlDeviceGetFanSpeed", "nvmlDeviceGetClockInfo", "nvmlDeviceGetEncoderUtilization", "nvmlDeviceGetDecoderUtilization",
	"nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetGraphicsRunningProcesses", "nvmlErrorString",
}

// driverLibrary is the driver's own library.
type driverLibrary struct {
	path   string
	held   *dl.DynamicLibrary
	loaded nvml.Interface
}

// newLibrary returns the library at a path, not loaded yet.
func newLibrary(path string) library { return &driverLibrary{path: path} }

// open loads and initialises the library. The library stays loaded for the
// life of the process once it was: the addresses that the first calls were
// bound to must stay valid when it is closed and opened again.
func (l *driverLibrary) open() error {
	path := LibraryPath(l.path)
	if l.held == nil {
		held := dl.New(path, dl.RTLD_LAZY|dl.RTLD_GLOBAL)
		if err := held.Open(); err != nil {
			if l.path != "" {
				return fmt.Errorf("loading NVML from %s: %w", path, err)
			}
			return ErrAbsent
		}
		for _, symbol := range required {
			if err := held.Lookup(symbol); err != nil {
				return errors.Join(fmt.Errorf("using NVML from %s, which is too old: %w", path, err), held.Close())
			}
		}
		l.held, l.loaded = held, nvml.New(nvml.WithLibraryPath(path))
	}
	return outcome("initialising NVML", l.loaded.Init())
}

// close ends the use of the driver.
func (l *driverLibrary) close() error { return outcome("closing NVML", l.loaded.Shutdown()) }

// driver returns the driver's version.
func (l *driverLibrary) driver() (string, error) {
	version, ret := l.loaded.SystemGetDriverVersion()
	return version, outcome("reading the driver's version", ret)
}

// count returns the number of GPUs.
func (l *driverLibrary) count() (int, error) {
	n, ret := l.loaded.DeviceGetCount()
	return n, outcome("counting GPUs", ret)
}

// byBus returns the GPU at a PCI address, and wakes it.
func (l *driverLibrary) byBus(address string) (device, error) {
	d, ret := l.loaded.DeviceGetHandleByPciBusId(address)
	return driverDevice{d}, outcome("opening it", ret)
}

// byIndex returns the GPU of a number, and wakes it.
func (l *driverLibrary) byIndex(i int) (device, error) {
	d, ret := l.loaded.DeviceGetHandleByIndex(i)
	return driverDevice{d}, outcome("opening it", ret)
}

// driverDevice is one GPU of the driver.
type driverDevice struct{ device nvml.Device }

// uuid returns the GPU's UUID.
func (d driverDevice) uuid() (string, error) {
	uuid, ret := d.device.GetUUID()
	return uuid, outcome("reading its UUID", ret)
}

// name returns the product's name.
func (d driverDevice) name() (string, error) {
	name, ret := d.device.GetName()
	return name, outcome("reading its name", ret)
}

// read returns one quantity in NVML's unit.
func (d driverDevice) read(what quantity) (uint64, error) {
	var value uint32
	var ret nvml.Return
	switch what {
	case utilization:
		var rates nvml.Utilization
		rates, ret = d.device.GetUtilizationRates()
		value = rates.Gpu
	case temperature:
		value, ret = d.device.GetTemperature(nvml.TEMPERATURE_GPU)
	case power:
		value, ret = d.device.GetPowerUsage()
	case powerLimit:
		value, ret = d.device.GetEnforcedPowerLimit()
	case fan:
		value, ret = d.device.GetFanSpeed()
	case clock:
		value, ret = d.device.GetClockInfo(nvml.CLOCK_GRAPHICS)
	case memoryClock:
		value, ret = d.device.GetClockInfo(nvml.CLOCK_MEM)
	case encoder:
		value, _, ret = d.device.GetEncoderUtilization()
	case decoder:
		value, _, ret = d.device.GetDecoderUtilization()
	}
	return uint64(value), outcome("reading a sensor", ret)
}

// memory returns the GPU's memory in bytes; used includes what the driver
// reserves for itself.
func (d driverDevice) memory() (used, total uint64, err error) {
	m, ret := d.device.GetMemoryInfo()
	return m.Used, m.Total, outcome("reading its memory", ret)
}

// processes returns the programs that compute or draw on the GPU. A program
// that does both is listed once, with the larger figure; one whose memory the
// driver can't tell is left out.
func (d driverDevice) processes() ([]Process, error) {
	compute, ret := d.device.GetComputeRunningProcesses()
	if err := outcome("listing its processes", ret); err != nil {
		return nil, err
	}
	graphics, ret := d.device.GetGraphicsRunningProcesses()
	if err := outcome("listing its processes", ret); err != nil && !errors.Is(err, errUnsupported) {
		return nil, err
	}
	var merged []Process
	places := make(map[uint32]int)
	for _, p := range append(compute, graphics...) {
		if p.UsedGpuMemory == ^uint64(0) { // NVML_VALUE_NOT_AVAILABLE
			continue
		}
		place, seen := places[p.Pid]
		if !seen {
			place = len(merged)
			places[p.Pid] = place
			merged = append(merged, Process{PID: int(p.Pid)})
		}
		merged[place].MemoryBytes = max(merged[place].MemoryBytes, p.UsedGpuMemory)
	}
	return merged, nil
}

// outcome turns NVML's return code into an error that callers can test for.
func outcome(action string, ret nvml.Return) error {
	switch ret {
	case nvml.SUCCESS:
		return nil
	case nvml.ERROR_LIBRARY_NOT_FOUND, nvml.ERROR_DRIVER_NOT_LOADED:
		return ErrAbsent
	case nvml.ERROR_NOT_SUPPORTED, nvml.ERROR_FUNCTION_NOT_FOUND, nvml.ERROR_NO_PERMISSION:
		return errUnsupported
	case nvml.ERROR_GPU_IS_LOST, nvml.ERROR_RESET_REQUIRED:
		return errLost
	case nvml.ERROR_UNINITIALIZED:
		return errClosed
	}
	return fmt.Errorf("%s: NVML error %d: %s", action, int(ret), ret.Error())
}
