package nvml

import "errors"

// fakeLibrary stands in for the driver's library. It fails the way that the
// real one would: a call before open is a bug that ends the process.
type fakeLibrary struct {
	refuse  error                  // what open returns
	devices map[string]*fakeDevice // by PCI address
	order   []string               // addresses by index
	isOpen  bool
	opens   int
	closes  int
	woken   map[string]int // handles given out, by address
}

// mustOpen panics where the real library would end the process.
func (f *fakeLibrary) mustOpen() {
	if !f.isOpen {
		panic("symbol lookup error: undefined symbol")
	}
}

// open opens unless refused.
func (f *fakeLibrary) open() error {
	f.opens++
	f.isOpen = f.refuse == nil
	return f.refuse
}

// close closes.
func (f *fakeLibrary) close() error {
	f.mustOpen()
	f.closes++
	f.isOpen = false
	return nil
}

// driver returns a version.
func (f *fakeLibrary) driver() (string, error) {
	f.mustOpen()
	return "570.124.06", nil
}

// count counts the devices.
func (f *fakeLibrary) count() (int, error) {
	f.mustOpen()
	return len(f.order), nil
}

// byBus returns the device at an address.
func (f *fakeLibrary) byBus(address string) (device, error) {
	f.mustOpen()
	if f.woken == nil {
		f.woken = make(map[string]int)
	}
	f.woken[address]++
	d, ok := f.devices[address]
	if !ok {
		return nil, errors.New("opening it: NVML error 6: Not Found")
	}
	return d, d.handleFault
}

// byIndex returns the device of a number.
func (f *fakeLibrary) byIndex(i int) (device, error) { return f.byBus(f.order[i]) }

// fakeDevice is a GPU that measures what values holds.
type fakeDevice struct {
	id          string
	values      map[quantity]uint64
	handleFault error
	fault       error // of every reading
	noMemory    bool
	running     []Process
	reads       int
}

// uuid returns the identity.
func (d *fakeDevice) uuid() (string, error) { return d.id, nil }

// name returns a product.
func (d *fakeDevice) name() (string, error) { return "NVIDIA Test", nil }

// read returns a value, the fault, or errUnsupported.
func (d *fakeDevice) read(what quantity) (uint64, error) {
	d.reads++
	if d.fault != nil {
		return 0, d.fault
	}
	v, ok := d.values[what]
	if !ok {
		return 0, errUnsupported
	}
	return v, nil
}

// memory returns 1 of 4 GiB.
func (d *fakeDevice) memory() (used, total uint64, err error) {
	if d.noMemory {
		return 0, 0, errUnsupported
	}
	return 1 << 30, 4 << 30, d.fault
}

// processes returns the running ones.
func (d *fakeDevice) processes() ([]Process, error) { return d.running, d.fault }
