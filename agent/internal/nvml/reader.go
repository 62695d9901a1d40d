package nvml

import (
	"errors"
	"fmt"
	"time"
)

// retryAfter is the time between two attempts to open the library.
const retryAfter = 5 * time.Minute

// Reader reads all GPUs of the host. It is not safe for concurrent use.
type Reader struct {
	library library
	pci     pciBus
	opened  bool
	version string
	retry   time.Time // no attempt to open before this moment
	refusal error     // why the last attempt failed
	// known holds what doesn't change of each GPU, so that one that sleeps
	// or is lost keeps its identity; by PCI address.
	known map[string]identity
}

// identity is what doesn't change of a GPU.
type identity struct {
	uuid string
	name string
}

// New returns a reader. An empty path finds the library as described at
// [LibraryPath]. Nothing is loaded before the first [Reader.Read].
func New(path string) *Reader {
	return newReader(newLibrary(path), "/sys/bus/pci")
}

// newReader returns a reader of a library, with the PCI bus's folder in sysfs.
func newReader(l library, pci string) *Reader {
	return &Reader{library: l, pci: pciBus(pci), known: make(map[string]identity)}
}

// Read returns every GPU that could be identified, and the joined faults of
// single GPUs. It returns [ErrAbsent] where there is no library or no driver,
// and remembers that for a while after now.
func (r *Reader) Read(now time.Time) ([]GPU, error) {
	buses := r.pci.gpus()
	awake := len(buses) == 0
	releasable := false
	for _, b := range buses {
		awake = awake || !b.asleep
		releasable = releasable || b.maySleep
	}
	if awake {
		if err := r.open(now); err != nil {
			return nil, err
		}
	}
	var gpus []GPU
	var err error
	if len(buses) > 0 {
		gpus, err = r.readBuses(buses)
	} else {
		gpus, err = r.readIndexes()
	}
	if r.opened && (releasable || errors.Is(err, errClosed)) {
		err = errors.Join(err, r.Close())
	}
	return gpus, err
}

// Close closes the library, if it is open. A later Read opens it again.
func (r *Reader) Close() error {
	if !r.opened {
		return nil
	}
	r.opened = false
	if err := r.library.close(); err != nil && !errors.Is(err, errClosed) {
		return fmt.Errorf("closing NVML: %w", err)
	}
	return nil
}

// open opens the library unless it is open or failed to a short while ago.
func (r *Reader) open(now time.Time) error {
	if r.opened {
		return nil
	}
	if now.Before(r.retry) {
		return r.refusal
	}
	if err := r.library.open(); err != nil {
		r.retry, r.refusal = now.Add(retryAfter), err
		return err
	}
	r.opened = true
	if r.version == "" {
		// A driver that doesn't tell its version is as good as another.
		r.version, _ = r.library.driver()
	}
	return nil
}

// readBuses reads the GPUs that sysfs knows.
func (r *Reader) readBuses(buses []pciGPU) ([]GPU, error) {
	var gpus []GPU
	var faults []error
	for _, b := range buses {
		g := GPU{Bus: b.address, Driver: r.version, Asleep: b.asleep}
		var err error
		if !b.asleep {
			var d device
			if d, err = r.library.byBus(b.address); err == nil {
				err = r.readDevice(d, &g)
			}
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("reading GPU %s: %w", b.address, err))
		}
		if g.UUID == "" {
			known := r.known[b.address]
			g.UUID, g.Name = known.uuid, known.name
		}
		if g.UUID != "" {
			gpus = append(gpus, g)
		}
	}
	return gpus, errors.Join(faults...)
}

// readIndexes reads the GPUs where sysfs knows none: those of WSL and of some
// containers and boards, which are no PCI devices there.
func (r *Reader) readIndexes() ([]GPU, error) {
	n, err := r.library.count()
	if err != nil {
		return nil, fmt.Errorf("counting GPUs: %w", err)
	}
	var gpus []GPU
	var faults []error
	for i := range n {
		g := GPU{Driver: r.version}
		d, err := r.library.byIndex(i)
		if err == nil {
			err = r.readDevice(d, &g)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("reading GPU %d: %w", i, err))
		}
		if g.UUID != "" {
			gpus = append(gpus, g)
		}
	}
	return gpus, errors.Join(faults...)
}

// readDevice fills g. It stops at the first fault: where one call fails the
// next ones do, and each may take the driver's whole timeout.
func (r *Reader) readDevice(d device, g *GPU) error {
	id, ok := r.known[g.Bus]
	if !ok {
		var err error
		if id.uuid, err = d.uuid(); err != nil {
			return fmt.Errorf("identifying it: %w", err)
		}
		if id.name, err = d.name(); err != nil {
			return fmt.Errorf("naming it: %w", err)
		}
		if g.Bus != "" {
			r.known[g.Bus] = id
		}
	}
	g.UUID, g.Name = id.uuid, id.name
	for _, reading := range readings {
		value, err := d.read(reading.what)
		if errors.Is(err, errUnsupported) {
			continue
		}
		if err != nil {
			return err
		}
		*reading.field(g) = new(float64(value) * reading.scale)
	}
	switch used, total, err := d.memory(); {
	case err == nil:
		g.MemoryUsedBytes, g.MemoryTotalBytes = &used, &total
	case !errors.Is(err, errUnsupported):
		return err
	}
	processes, err := d.processes()
	if err != nil && !errors.Is(err, errUnsupported) {
		return err
	}
	g.Processes = processes
	return nil
}
