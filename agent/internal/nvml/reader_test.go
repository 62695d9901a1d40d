package nvml

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pci writes a PCI bus on which each address has a power status and control.
func pci(t *testing.T, devices map[string][2]string) string {
	t.Helper()
	dir := t.TempDir()
	for address, power := range devices {
		write(t, filepath.Join(dir, "drivers/nvidia", address, "uevent"), "")
		write(t, filepath.Join(dir, "drivers/nvidia/bind"), "")
		write(t, filepath.Join(dir, "devices", address, "power/runtime_status"), power[0]+"\n")
		write(t, filepath.Join(dir, "devices", address, "power/control"), power[1]+"\n")
	}
	return dir
}

// write writes a file and its folders.
func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// start is the moment of the first reading.
var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func TestReadFillsWhatTheGPUMeasures(t *testing.T) {
	lib := &fakeLibrary{devices: map[string]*fakeDevice{"0000:01:00.0": {
		id:      "GPU-1",
		values:  map[quantity]uint64{utilization: 42, temperature: 61, power: 181250, clock: 1980},
		running: []Process{{PID: 7, MemoryBytes: 5}},
	}}}
	r := newReader(lib, pci(t, map[string][2]string{"0000:01:00.0": {"active", "on"}}))
	got, err := r.Read(start)
	if err != nil {
		t.Fatal(err)
	}
	want := []GPU{{
		UUID: "GPU-1", Name: "NVIDIA Test", Bus: "0000:01:00.0", Driver: "570.124.06",
		UtilizationPercent: new(42.0), TemperatureCelsius: new(61.0), PowerWatts: new(181.25), ClockHertz: new(1.98e9),
		MemoryUsedBytes: new(uint64(1 << 30)), MemoryTotalBytes: new(uint64(4 << 30)),
		Processes: []Process{{PID: 7, MemoryBytes: 5}},
	}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("Read (-got +want):\n%s", diff)
	}
	if _, err := r.Read(start.Add(time.Second)); err != nil || lib.opens != 1 || lib.closes != 0 {
		t.Errorf("second Read: error %v, %d opens, %d closes, want nil, 1, 0", err, lib.opens, lib.closes)
	}
}

func TestReadRetriesRarely(t *testing.T) {
	lib := &fakeLibrary{refuse: ErrAbsent}
	r := newReader(lib, t.TempDir())
	for _, after := range []time.Duration{0, time.Second, retryAfter - 1} {
		if _, err := r.Read(start.Add(after)); !errors.Is(err, ErrAbsent) {
			t.Errorf("Read after %v: error %v, want %v", after, err, ErrAbsent)
		}
	}
	if lib.opens != 1 {
		t.Errorf("opened %d times within %v, want once", lib.opens, retryAfter)
	}
	lib.refuse = nil
	lib.devices, lib.order = map[string]*fakeDevice{"wsl": {id: "GPU-1"}}, []string{"wsl"}
	got, err := r.Read(start.Add(retryAfter))
	if err != nil || len(got) != 1 {
		t.Errorf("Read once a driver is loaded: %d GPUs, error %v, want 1, nil", len(got), err)
	}
}

func TestReadLeavesSleepersAlone(t *testing.T) {
	const address = "0000:01:00.0"
	lib := &fakeLibrary{devices: map[string]*fakeDevice{address: {id: "GPU-1"}}}
	bus := pci(t, map[string][2]string{address: {"suspended", "auto"}})
	r := newReader(lib, bus)
	got, err := r.Read(start)
	if err != nil || len(got) != 0 || lib.opens != 0 {
		t.Errorf("asleep and unknown: %d GPUs, error %v, %d opens, want 0, nil, 0", len(got), err, lib.opens)
	}
	status := filepath.Join(bus, "devices", address, "power/runtime_status")
	write(t, status, "active\n")
	if got, err := r.Read(start); err != nil || len(got) != 1 || lib.closes != 1 {
		t.Errorf("awake: %d GPUs, error %v, %d closes, want 1, nil, 1: the GPU may suspend", len(got), err, lib.closes)
	}
	write(t, status, "suspended\n")
	got, err = r.Read(start)
	want := []GPU{{UUID: "GPU-1", Name: "NVIDIA Test", Bus: address, Driver: "570.124.06", Asleep: true}}
	if diff := cmp.Diff(got, want); diff != "" || err != nil {
		t.Errorf("asleep again: error %v, (-got +want):\n%s", err, diff)
	}
	if lib.opens != 1 || lib.woken[address] != 1 {
		t.Errorf("opened %d times, woken %d times, want 1, 1", lib.opens, lib.woken[address])
	}
}

func TestReadKeepsTheOthersWhenOneIsLost(t *testing.T) {
	lost := &fakeDevice{id: "GPU-1"}
	lib := &fakeLibrary{devices: map[string]*fakeDevice{"0000:01:00.0": lost, "0000:02:00.0": {id: "GPU-2"}}}
	r := newReader(lib, pci(t, map[string][2]string{"0000:01:00.0": {"active", "on"}, "0000:02:00.0": {"active", "on"}}))
	if _, err := r.Read(start); err != nil {
		t.Fatal(err)
	}
	lost.fault, lost.reads = errLost, 0
	got, err := r.Read(start)
	if !errors.Is(err, errLost) || !strings.Contains(err.Error(), "reading GPU 0000:01:00.0") {
		t.Errorf("error %v, want %v of GPU 0000:01:00.0", err, errLost)
	}
	if len(got) != 2 || got[0].MemoryUsedBytes != nil || got[1].MemoryUsedBytes == nil {
		t.Errorf("got %+v, want a nameplate of the lost GPU and all of the other", got)
	}
	if lost.reads != 1 {
		t.Errorf("asked the lost GPU %d times, want once", lost.reads)
	}
	lost.fault, lost.handleFault = nil, errLost
	if got, err := r.Read(start); len(got) != 2 || !errors.Is(err, errLost) {
		t.Errorf("without a handle: %d GPUs, error %v, want 2, %v", len(got), err, errLost)
	}
}

func TestReadReopensAfterTheDriverWent(t *testing.T) {
	gpu := &fakeDevice{id: "GPU-1"}
	lib := &fakeLibrary{devices: map[string]*fakeDevice{"a": gpu}, order: []string{"a"}}
	r := newReader(lib, t.TempDir())
	gpu.fault = errClosed
	if _, err := r.Read(start); !errors.Is(err, errClosed) {
		t.Errorf("error %v, want %v", err, errClosed)
	}
	gpu.fault = nil
	if got, err := r.Read(start); err != nil || len(got) != 1 || lib.opens != 2 {
		t.Errorf("afterwards: %d GPUs, error %v, %d opens, want 1, nil, 2", len(got), err, lib.opens)
	}
}

func TestReadWithoutLibrary(t *testing.T) {
	path := filepath.Join(t.TempDir(), "libnvidia-ml.so.1")
	_, err := New(path).Read(start)
	if err == nil {
		t.Fatal("Read with a library that isn't there: no error")
	}
	if Supported && !strings.Contains(err.Error(), path) {
		t.Errorf("error %q, want one that names %s", err, path)
	}
}
