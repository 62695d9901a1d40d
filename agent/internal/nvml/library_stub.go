//go:build !(linux && cgo) || nonvml

package nvml

// Supported tells whether this binary can read NVIDIA GPUs.
const Supported = false

// absent is the library of a binary that was built without NVML.
type absent struct{ library }

// newLibrary returns a library that never opens.
func newLibrary(string) library { return absent{} }

// open returns ErrAbsent.
func (absent) open() error { return ErrAbsent }
