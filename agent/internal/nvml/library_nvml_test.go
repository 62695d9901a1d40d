//go:build linux && cgo && !nonvml

package nvml

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testLibrary compiles the stand-in for NVIDIA's library.
func testLibrary(t *testing.T) string {
	t.Helper()
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler to build a test library with")
	}
	path := filepath.Join(t.TempDir(), "libnvidia-ml.so.1")
	if out, err := exec.Command(compiler, "-shared", "-fPIC", "-o", path, "testdata/libnvidia-ml.c").CombinedOutput(); err != nil {
		t.Fatalf("compiling the test library: %v\n%s", err, out)
	}
	return path
}

// TestDriverLibrary goes through the life of a library that can be loaded, in
// one test: functions stay bound to the first library for the whole process.
func TestDriverLibrary(t *testing.T) {
	const address = "0000:01:00.0"
	path := testLibrary(t)
	power := map[string][2]string{address: {"active", "auto"}}

	t.Setenv("SYSTANT_TEST_GPU", "no driver")
	if _, err := newReader(newLibrary(path), pci(t, power)).Read(start); !errors.Is(err, ErrAbsent) {
		t.Errorf("without a driver: error %v, want %v", err, ErrAbsent)
	}

	t.Setenv("SYSTANT_TEST_GPU", "")
	r := newReader(newLibrary(path), pci(t, power))
	want := []GPU{{
		UUID: "GPU-test", Name: "Test GPU", Bus: address, Driver: "570.1",
		UtilizationPercent: new(42.0), TemperatureCelsius: new(61.0), PowerWatts: new(181.25), PowerLimitWatts: new(300.0),
		ClockHertz: new(1.98e9), MemoryClockHertz: new(2.619e9), EncoderPercent: new(3.0), DecoderPercent: new(4.0),
		MemoryUsedBytes: new(uint64(1024)), MemoryTotalBytes: new(uint64(4096)),
		Processes: []Process{{PID: 10, MemoryBytes: 150}, {PID: 11, MemoryBytes: 200}},
	}}
	for range 3 { // closed and opened again each time, since the GPU may suspend
		got, err := r.Read(start)
		if diff := cmp.Diff(got, want); diff != "" || err != nil {
			t.Errorf("Read: error %v, (-got +want):\n%s", err, diff)
		}
	}

	t.Setenv("SYSTANT_TEST_GPU", "lost")
	if got, err := r.Read(start); !errors.Is(err, errLost) || len(got) != 1 {
		t.Errorf("a lost GPU: %d GPUs, error %v, want 1, %v", len(got), err, errLost)
	}
	r.pci = pciBus(pci(t, map[string][2]string{"0000:09:00.0": {"active", "on"}}))
	t.Setenv("SYSTANT_TEST_GPU", "")
	if _, err := r.Read(start); err == nil || !strings.Contains(err.Error(), "0000:09:00.0") || !strings.Contains(err.Error(), "test error") {
		t.Errorf("a GPU that NVML doesn't know: error %v, want one that names it and NVML's text", err)
	}
	r.pci = pciBus(t.TempDir())
	if got, err := r.Read(start); err != nil || len(got) != 1 {
		t.Errorf("without PCI: %d GPUs, error %v, want 1, nil", len(got), err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestDriverLibraryRefusesAnOldOne(t *testing.T) {
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler to build a test library with")
	}
	path := filepath.Join(t.TempDir(), "old.so")
	if out, err := exec.Command(compiler, "-shared", "-o", path, "-x", "c", "/dev/null").CombinedOutput(); err != nil {
		t.Fatalf("compiling the test library: %v\n%s", err, out)
	}
	if err := newLibrary(path).open(); err == nil || !strings.Contains(err.Error(), "too old") {
		t.Errorf("open: error %v, want one that says too old", err)
	}
}
