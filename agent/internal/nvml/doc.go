// Package nvml reads NVIDIA GPUs through the driver's management library,
// libnvidia-ml.so.1, which is loaded when the program runs and may be absent.
//
// A [Reader] opens the library when it can, tries again every few minutes
// when it can't (a driver may be loaded later), and returns one [GPU] for
// each. [ErrAbsent] says that this host has no such library or no driver. A
// GPU that fails, such as one that fell off the bus, doesn't hide the others.
//
// Sleeping GPUs stay asleep. NVML wakes a GPU that it is asked about: the
// first call that names a GPU initialises it, and an open library keeps its
// device file open, which forbids a laptop's GPU to sleep under the driver's
// coarse power management. So a GPU whose PCI device is runtime-suspended is
// not asked at all, GPUs are opened by their PCI address and never by index
// where sysfs knows them, and where a GPU may suspend (power/control is
// "auto") the library is closed again after each reading.
//
// For packagers. Supported tells whether the binary can read GPUs: it needs
// cgo on Linux, and the build tag nonvml takes it out. The program refers to
// NVML's functions without linking them; they are bound at the first call.
// Therefore it must not be linked with -z now nor be started under
// LD_BIND_NOW=1: it would end at start with "undefined symbol: nvml…". A
// hardened build adds -ldflags=-extldflags=-Wl,-z,lazy (Nix: hardeningDisable
// = [ "bindnow" ]) or the tag nonvml. -Wno-deprecated-declarations in
// CGO_CFLAGS hides the header's own warnings.
package nvml
