package collect

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"systant/agent/internal/kernel"
	"systant/agent/internal/nvml"
	"systant/pkg/schema"

	"github.com/google/go-cmp/cmp"
)

// fakeNVIDIA returns what it holds.
type fakeNVIDIA struct {
	gpus []nvml.GPU
	err  error
}

// Close closes nothing.
func (f *fakeNVIDIA) Close() error { return nil }

// Read returns what the fake holds.
func (f *fakeNVIDIA) Read(time.Time) ([]nvml.GPU, error) { return f.gpus, f.err }

// putCard writes a DRM card with its PCI device and hwmon, as the kernel
// links them.
func putCard(t *testing.T, root, card, driver, address, pciID string, files map[string]string) {
	t.Helper()
	device := "sys/devices/pci0000:00/" + address
	putFile(t, root, device+"/uevent", "DRIVER="+driver+"\nPCI_CLASS=30000\nPCI_ID="+pciID+"\nPCI_SLOT_NAME="+address+"\n")
	for name, content := range files {
		putFile(t, root, device+"/"+name, content+"\n")
	}
	putFile(t, root, device+"/drm/"+card+"/dev", "226:0\n")
	putFile(t, root, "sys/class/drm/version", "drm 1.1.0 20060810\n")
	for link, target := range map[string]string{
		"sys/class/drm/" + card:             "../../devices/pci0000:00/" + address + "/drm/" + card,
		"sys/class/drm/" + card + "-DP-1":   "../../devices/pci0000:00/" + address + "/drm/" + card,
		device + "/drm/" + card + "/device": "../../../" + address,
	} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
}

// radeon are the files of a discrete AMD card.
var radeon = map[string]string{
	"unique_id": "8f8a8d6c3c1c6b4d", "gpu_busy_percent": "37", "mem_info_vram_used": "4294967296", "mem_info_vram_total": "17163091968",
	"hwmon/hwmon3/temp1_input": "58000", "hwmon/hwmon3/power1_average": "121000000", "hwmon/hwmon3/power1_cap": "272000000",
	"hwmon/hwmon3/pwm1": "51", "hwmon/hwmon3/pwm1_max": "255", "hwmon/hwmon3/fan1_input": "1033",
	"hwmon/hwmon3/freq1_input": "2450000000", "hwmon/hwmon3/freq2_input": "1000000000", "power/runtime_status": "active",
}

// gpuOf returns the collector of a recorded host's GPUs.
func gpuOf(t *testing.T, root string, options GPUOptions) *gpu {
	t.Helper()
	c, err := newGPU(Config{Host: kernel.Host{Root: root}, GPU: options})
	if err != nil {
		t.Fatal(err)
	}
	return c.(*gpu)
}

// noon is the moment of the first sample.
var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func TestGPUReadsAMD(t *testing.T) {
	root := t.TempDir()
	putCard(t, root, "card1", "amdgpu", "0000:03:00.0", "1002:73BF", radeon)
	putCard(t, root, "card0", "ast", "0000:01:00.0", "1A03:2000", nil)
	var s schema.Stats
	if err := gpuOf(t, root, GPUOptions{Max: 9}).Collect(t.Context(), &s, noon); err != nil {
		t.Fatal(err)
	}
	want := map[string]schema.GPU{"8f8a8d6c3c1c6b4d": {
		Name: "AMD GPU 1002:73bf", Vendor: "AMD", Driver: "amdgpu", UtilizationPercent: new(37.0),
		MemoryUsedBytes: new(uint64(4294967296)), MemoryTotalBytes: new(uint64(17163091968)), MemoryUsagePercent: new(25.02),
		TemperatureCelsius: new(58.0), PowerWatts: new(121.0), PowerLimitWatts: new(272.0), FanPercent: new(20.0), FanRPM: new(1033.0),
		ClockHertz: new(2.45e9), MemoryClockHertz: new(1e9),
	}}
	if diff := cmp.Diff(s.GPU, want); diff != "" {
		t.Errorf("GPU (-got +want):\n%s", diff)
	}
}

func TestGPULeavesSleepersAlone(t *testing.T) {
	root := t.TempDir()
	putCard(t, root, "card1", "amdgpu", "0000:03:00.0", "1002:73BF", radeon)
	putFile(t, root, "sys/devices/pci0000:00/0000:03:00.0/power/runtime_status", "suspended\n")
	var s schema.Stats
	if err := gpuOf(t, root, GPUOptions{Max: 9}).Collect(t.Context(), &s, noon); err != nil {
		t.Fatal(err)
	}
	want := map[string]schema.GPU{"8f8a8d6c3c1c6b4d": {Name: "AMD GPU 1002:73bf", Vendor: "AMD", Driver: "amdgpu"}}
	if diff := cmp.Diff(s.GPU, want); diff != "" {
		t.Errorf("a sleeping GPU (-got +want):\n%s", diff)
	}
}

func TestGPUReadsIntel(t *testing.T) {
	root := t.TempDir()
	putCard(t, root, "card0", "i915", "0000:00:02.0", "8086:9A49", map[string]string{"drm/card0/gt/gt0/rps_act_freq_mhz": "300"})
	putCard(t, root, "card1", "xe", "0000:03:00.0", "8086:E20B", map[string]string{
		"tile0/gt0/freq0/act_freq": "2850", "hwmon/hwmon4/energy1_input": "1000000", "hwmon/hwmon4/power1_max": "190000000",
		"hwmon/hwmon4/temp2_label": "pkg", "hwmon/hwmon4/temp2_input": "47000", "hwmon/hwmon4/temp3_label": "vram",
		"hwmon/hwmon4/fan1_input": "800",
	})
	c := gpuOf(t, root, GPUOptions{Max: 9})
	var first, second schema.Stats
	if err := c.Collect(t.Context(), &first, noon); err != nil {
		t.Fatal(err)
	}
	if got := first.GPU["0000:03:00.0"].PowerWatts; got != nil {
		t.Errorf("power at first sight: got %v, want nil", *got)
	}
	putFile(t, root, "sys/devices/pci0000:00/0000:03:00.0/hwmon/hwmon4/energy1_input", "351000000\n")
	if err := c.Collect(t.Context(), &second, noon.Add(10*time.Second)); err != nil {
		t.Fatal(err)
	}
	want := map[string]schema.GPU{
		"0000:00:02.0": {Name: "Intel GPU 8086:9a49", Vendor: "Intel", Driver: "i915", ClockHertz: new(3e8)},
		"0000:03:00.0": {
			Name: "Intel GPU 8086:e20b", Vendor: "Intel", Driver: "xe", ClockHertz: new(2.85e9), PowerWatts: new(35.0),
			PowerLimitWatts: new(190.0), TemperatureCelsius: new(47.0), FanRPM: new(800.0),
		},
	}
	if diff := cmp.Diff(second.GPU, want); diff != "" {
		t.Errorf("GPU (-got +want):\n%s", diff)
	}
}

func TestGPUReadsNVIDIA(t *testing.T) {
	root := t.TempDir()
	putFile(t, root, "proc/77/comm", "python3\n")
	lost := errors.New("reading GPU 0000:02:00.0: lost")
	c := gpuOf(t, root, GPUOptions{Max: 9, Processes: 2})
	c.nvidia = &fakeNVIDIA{err: lost, gpus: []nvml.GPU{{
		UUID: "GPU-1", Name: "NVIDIA H200", Driver: "570", UtilizationPercent: new(99.0),
		MemoryUsedBytes: new(uint64(3)), MemoryTotalBytes: new(uint64(4)),
		Processes: []nvml.Process{{PID: 5, MemoryBytes: 1}, {PID: 77, MemoryBytes: 9}, {PID: 6, MemoryBytes: 2}},
	}}}
	var s schema.Stats
	if err := c.Collect(t.Context(), &s, noon); !errors.Is(err, lost) {
		t.Errorf("error %v, want %v beside the other GPU", err, lost)
	}
	want := map[string]schema.GPU{"GPU-1": {
		Name: "NVIDIA H200", Vendor: "NVIDIA", Driver: "570", UtilizationPercent: new(99.0), MemoryUsagePercent: new(75.0),
		MemoryUsedBytes: new(uint64(3)), MemoryTotalBytes: new(uint64(4)),
		Processes: []schema.GPUProcess{{PID: 77, Name: "python3", MemoryBytes: 9}, {PID: 6, MemoryBytes: 2}},
	}}
	if diff := cmp.Diff(s.GPU, want); diff != "" {
		t.Errorf("GPU (-got +want):\n%s", diff)
	}
}

func TestGPUAbsent(t *testing.T) {
	c := gpuOf(t, t.TempDir(), GPUOptions{Max: 9})
	for _, c.nvidia = range []nvidia{nil, &fakeNVIDIA{err: nvml.ErrAbsent}, &fakeNVIDIA{}} {
		var s schema.Stats
		if err := c.Collect(t.Context(), &s, noon); !errors.Is(err, ErrAbsent) || s.GPU != nil {
			t.Errorf("with %+v: error %v, %d GPUs, want %v, 0", c.nvidia, err, len(s.GPU), ErrAbsent)
		}
	}
}

func TestGPUOptions(t *testing.T) {
	gpus := []nvml.GPU{{UUID: "GPU-1", Name: "Tesla T4"}, {UUID: "GPU-2", Name: "H200"}, {UUID: "GPU-3", Name: "H200"}}
	tests := []struct {
		name    string
		options GPUOptions
		want    []string
	}{
		{"all", GPUOptions{Max: 9}, []string{"GPU-1", "GPU-2", "GPU-3"}},
		{"at most two", GPUOptions{Max: 2}, []string{"GPU-1", "GPU-2"}},
		{"not by name", GPUOptions{Max: 9, Names: filter(t, nil, []string{"Tesla*"})}, []string{"GPU-2", "GPU-3"}},
		{"not by UUID", GPUOptions{Max: 9, Names: filter(t, nil, []string{"GPU-2"})}, []string{"GPU-1", "GPU-3"}},
	}
	for _, test := range tests {
		c := gpuOf(t, t.TempDir(), test.options)
		c.nvidia = &fakeNVIDIA{gpus: gpus}
		var s schema.Stats
		if err := c.Collect(t.Context(), &s, noon); err != nil {
			t.Fatal(err)
		}
		if len(s.GPU) != len(test.want) {
			t.Errorf("%s: got %d GPUs, want %v", test.name, len(s.GPU), test.want)
		}
		for _, uuid := range test.want {
			if _, ok := s.GPU[uuid]; !ok {
				t.Errorf("%s: %s is missing", test.name, uuid)
			}
		}
	}
}
