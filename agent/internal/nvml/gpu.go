package nvml

import "errors"

// ErrAbsent is returned where the host has no NVIDIA library or no NVIDIA
// driver. It is not a fault.
var ErrAbsent = errors.New("no NVIDIA driver on this host")

// errUnsupported is returned by a device for what this model doesn't measure.
var errUnsupported = errors.New("not supported by this GPU")

// errLost is returned by a device that the driver can't reach any more.
var errLost = errors.New("the GPU is lost: it fell off the bus, or needs a reset")

// errClosed is returned when the driver went away under the open library.
var errClosed = errors.New("the library is closed or the driver was unloaded")

// GPU is one reading of a GPU. A nil number is one that this GPU doesn't
// measure, or that was not read because it sleeps.
type GPU struct {
	UUID               string // "GPU-" and 32 hexadecimal digits
	Name               string // as NVIDIA sells it
	Bus                string // PCI address as in sysfs, or "" where sysfs doesn't know it
	Driver             string // version
	Asleep             bool   // runtime-suspended: nothing was read
	UtilizationPercent *float64
	MemoryUsedBytes    *uint64
	MemoryTotalBytes   *uint64
	TemperatureCelsius *float64
	PowerWatts         *float64
	PowerLimitWatts    *float64
	FanPercent         *float64
	ClockHertz         *float64
	MemoryClockHertz   *float64
	EncoderPercent     *float64
	DecoderPercent     *float64
	Processes          []Process // in no order; nil where the driver tells none
}

// Process is a program that holds memory of a GPU.
type Process struct {
	PID         int
	MemoryBytes uint64
}

// quantity is one number that NVML reads with one call.
type quantity int

// The quantities, in NVML's own units.
const (
	utilization quantity = iota // percent
	temperature                 // degrees Celsius
	power                       // milliwatts
	powerLimit                  // milliwatts
	fan                         // percent
	clock                       // megahertz
	memoryClock                 // megahertz
	encoder                     // percent
	decoder                     // percent
)

// readings says where each quantity goes and what it is multiplied by.
var readings = []struct {
	what  quantity
	scale float64
	field func(*GPU) **float64
}{
	{utilization, 1, func(g *GPU) **float64 { return &g.UtilizationPercent }},
	{temperature, 1, func(g *GPU) **float64 { return &g.TemperatureCelsius }},
	{power, 1e-3, func(g *GPU) **float64 { return &g.PowerWatts }},
	{powerLimit, 1e-3, func(g *GPU) **float64 { return &g.PowerLimitWatts }},
	{fan, 1, func(g *GPU) **float64 { return &g.FanPercent }},
	{clock, 1e6, func(g *GPU) **float64 { return &g.ClockHertz }},
	{memoryClock, 1e6, func(g *GPU) **float64 { return &g.MemoryClockHertz }},
	{encoder, 1, func(g *GPU) **float64 { return &g.EncoderPercent }},
	{decoder, 1, func(g *GPU) **float64 { return &g.DecoderPercent }},
}

// library is the part of NVML that concerns the whole driver. No method but
// open may be called before open returned nil: an unbound NVML function ends
// the process.
type library interface {
	open() error // ErrAbsent without a library or a driver
	close() error
	driver() (string, error)
	count() (int, error)
	byBus(address string) (device, error)
	byIndex(i int) (device, error)
}

// device is the part of NVML that concerns one GPU. Errors other than
// errUnsupported, errLost and errClosed are faults of the one call.
type device interface {
	uuid() (string, error)
	name() (string, error)
	read(quantity) (uint64, error)
	memory() (used, total uint64, err error)
	processes() ([]Process, error)
}
