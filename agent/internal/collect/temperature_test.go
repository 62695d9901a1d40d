package collect

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/pkg/schema"
)

// sensorFiles are the sensors of a machine that has every hazard: two chips of
// a kind, inputs that nothing is connected to, limits that mean none, labels
// that repeat, a device that sleeps, and zones that are in hwmon too.
var sensorFiles = map[string]string{
	"sys/class/hwmon/hwmon0 -> ../../devices/nvme0/hwmon0": "",
	"sys/devices/nvme0/hwmon0/device -> ../../nvme0":       "",
	"sys/devices/nvme0/hwmon0/name":                        "nvme\n",
	"sys/devices/nvme0/hwmon0/temp1_label":                 "Composite\n",
	"sys/devices/nvme0/hwmon0/temp1_input":                 "43850\n",
	"sys/devices/nvme0/hwmon0/temp1_max":                   "81850\n",
	"sys/devices/nvme0/hwmon0/temp1_crit":                  "84850\n",
	"sys/devices/nvme0/hwmon0/temp2_label":                 "Sensor 1\n",
	"sys/devices/nvme0/hwmon0/temp2_input":                 "51850\n",
	"sys/devices/nvme0/hwmon0/temp2_max":                   "65261850\n",
	"sys/devices/nvme0/hwmon0/temp2_crit":                  "0\n",

	"sys/class/hwmon/hwmon1 -> ../../devices/nvme1/hwmon1": "",
	"sys/devices/nvme1/hwmon1/device -> ../../nvme1":       "",
	"sys/devices/nvme1/device -> ../0000:04:00.0":          "",
	"sys/devices/0000:04:00.0/power/runtime_status":        "suspended\n",
	"sys/devices/nvme1/hwmon1/name":                        "nvme\n",
	"sys/devices/nvme1/hwmon1/temp1_input":                 "38850\n",

	"sys/class/hwmon/hwmon2 -> ../../devices/nct6775.656/hwmon2": "",
	"sys/devices/nct6775.656/hwmon2/device -> ../../nct6775.656": "",
	"sys/devices/nct6775.656/power/runtime_status":               "unsupported\n",
	"sys/devices/nct6775.656/hwmon2/name":                        "nct6798\n",
	"sys/devices/nct6775.656/hwmon2/temp1_label":                 "SMBUSMASTER 0\n",
	"sys/devices/nct6775.656/hwmon2/temp1_input":                 "34000\n",
	"sys/devices/nct6775.656/hwmon2/temp2_label":                 "SMBUSMASTER 0\n",
	"sys/devices/nct6775.656/hwmon2/temp2_input":                 "35500\n",
	"sys/devices/nct6775.656/hwmon2/temp3_input":                 "-62000\n",
	"sys/devices/nct6775.656/hwmon2/temp4_input":                 "127000\n",
	"sys/devices/nct6775.656/hwmon2/temp5_input":                 "0\n",
	"sys/devices/nct6775.656/hwmon2/temp6_input":                 "-128000\n",
	"sys/devices/nct6775.656/hwmon2/temp7_input":                 "40000\n",
	"sys/devices/nct6775.656/hwmon2/temp7_fault":                 "1\n",
	"sys/devices/nct6775.656/hwmon2/temp8_input":                 "41000\n",
	"sys/devices/nct6775.656/hwmon2/temp8_fault":                 "0\n",
	"sys/devices/nct6775.656/hwmon2/temp9_input":                 "42000\n",
	"sys/devices/nct6775.656/hwmon2/temp9_enable":                "0\n",
	"sys/devices/nct6775.656/hwmon2/temp10_input":                "not a number\n",
	"sys/devices/nct6775.656/hwmon2/temp11_input":                "-5500\n",
	"sys/devices/nct6775.656/hwmon2/fan1_input":                  "0\n",
	"sys/devices/nct6775.656/hwmon2/fan2_input":                  "1105\n",
	"sys/devices/nct6775.656/hwmon2/fan2_enable":                 "0\n",
	"sys/devices/nct6775.656/hwmon2/fan3_input":                  "65535\n",

	"sys/class/hwmon/hwmon3/name":                       "drivetemp\n",
	"sys/class/hwmon/hwmon3/device -> ../../../0:0:0:0": "",
	"sys/0:0:0:0/block/sda/":                            "",
	"sys/class/hwmon/hwmon3/temp1_input":                "38000\n",
	"sys/class/hwmon/hwmon4/name":                       "iwlwifi_1\n",
	"sys/class/hwmon/hwmon4/temp1_input":                "41000\n",
	"sys/class/hwmon/hwmon5/name":                       "iwlwifi_1\n",
	"sys/class/hwmon/hwmon5/temp1_input":                "42000\n",
	"sys/class/hwmon/hwmon6/name":                       "BAT0\n",
	"sys/class/hwmon/hwmon6/in0_input":                  "15520\n",
	"sys/class/hwmon/hwmon7/temp1_input":                "1000\n",
	"sys/class/thermal/thermal_zone0/type":              "iwlwifi-1\n",
	"sys/class/thermal/thermal_zone0/temp":              "41000\n",
	"sys/class/thermal/thermal_zone1/type":              "INT3400 Thermal\n",
	"sys/class/thermal/thermal_zone1/temp":              "20000\n",
	"sys/class/thermal/thermal_zone2/type":              "TCPU\n",
	"sys/class/thermal/thermal_zone2/temp":              "56000\n",
	"sys/class/thermal/thermal_zone2/mode":              "enabled\n",
	"sys/class/thermal/thermal_zone2/trip_point_0_type": "critical\n",
	"sys/class/thermal/thermal_zone2/trip_point_0_temp": "105000\n",
	"sys/class/thermal/thermal_zone2/trip_point_1_type": "hot\n",
	"sys/class/thermal/thermal_zone2/trip_point_1_temp": "99000\n",
	"sys/class/thermal/thermal_zone2/trip_point_2_type": "passive\n",
	"sys/class/thermal/thermal_zone2/trip_point_2_temp": "95000\n",
	"sys/class/thermal/thermal_zone2/trip_point_3_type": "passive\n",
	"sys/class/thermal/thermal_zone2/trip_point_3_temp": "-274000\n",
	"sys/class/thermal/thermal_zone2/trip_point_4_type": "active\n",
	"sys/class/thermal/thermal_zone2/trip_point_4_temp": "50000\n",
	"sys/class/thermal/thermal_zone3/type":              "TSKN\n",
	"sys/class/thermal/thermal_zone3/temp":              "33000\n",
	"sys/class/thermal/thermal_zone3/mode":              "disabled\n",
	"sys/class/thermal/thermal_zone4/type":              "x86_pkg_temp\n",
	"sys/class/thermal/thermal_zone4/temp":              "57000\n",
	"sys/class/thermal/cooling_device0/type":            "Processor\n",
}

// collectTemperatures takes a sample.
func collectTemperatures(t *testing.T, c Collector) map[string]schema.Temperature {
	t.Helper()
	var s schema.Stats
	if err := c.Collect(t.Context(), &s, time.Now()); err != nil && !errors.Is(err, ErrAbsent) {
		t.Fatal(err)
	}
	return s.Temperature
}

func TestTemperature(t *testing.T) {
	host := writeHost(t, sensorFiles)
	c, _ := newTemperature(Config{Host: host})
	at := func(chip, label string, value float64) schema.Temperature {
		return schema.Temperature{Chip: chip, Label: label, ValueCelsius: value}
	}
	want := map[string]schema.Temperature{
		"nvme0/Composite":                           {Chip: "nvme0", Label: "Composite", ValueCelsius: 43.9, HighCelsius: new(81.9), CriticalCelsius: new(84.9)},
		"nvme0/Sensor 1":                            at("nvme0", "Sensor 1", 51.9),
		"nct6798-nct6775.656/SMBUSMASTER 0":         at("nct6798-nct6775.656", "SMBUSMASTER 0", 34),
		"nct6798-nct6775.656/SMBUSMASTER 0 (temp2)": at("nct6798-nct6775.656", "SMBUSMASTER 0", 35.5),
		"nct6798-nct6775.656/temp8":                 at("nct6798-nct6775.656", "temp8", 41),
		"nct6798-nct6775.656/temp11":                at("nct6798-nct6775.656", "temp11", -5.5),
		"drivetemp-sda/temp1":                       at("drivetemp-sda", "temp1", 38),
		"iwlwifi_1/temp1":                           at("iwlwifi_1", "temp1", 41),
		"iwlwifi_1/temp1 (temp1)":                   at("iwlwifi_1", "temp1", 42),
		"thermal/TCPU":                              {Chip: "thermal", Label: "TCPU", ValueCelsius: 56, HighCelsius: new(95.0), CriticalCelsius: new(105.0)},
		"thermal/x86_pkg_temp":                      at("thermal", "x86_pkg_temp", 57),
	}
	if diff := cmp.Diff(collectTemperatures(t, c), want); diff != "" {
		t.Errorf("got -, want +\n%s", diff)
	}
	// The disk wakes up, another sensor breaks.
	for file, content := range map[string]string{
		"/sys/devices/0000:04:00.0/power/runtime_status":     "active\n",
		"/sys/devices/nct6775.656/hwmon2/temp8_fault":        "1\n",
		"/sys/devices/nvme0/hwmon0/temp1_input":              "44850\n",
		"/sys/class/thermal/thermal_zone4/temp":              "",
		"/sys/devices/nct6775.656/hwmon2/temp11_input":       "1e3\n",
		"/sys/devices/nct6775.656/hwmon2/temp2_input":        "99999999999999999999\n",
		"/sys/class/thermal/thermal_zone2/trip_point_2_temp": "90000\n", // read again later
	} {
		if err := os.WriteFile(host.Path(file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"nct6798-nct6775.656/temp8", "nct6798-nct6775.656/temp11", "nct6798-nct6775.656/SMBUSMASTER 0 (temp2)", "thermal/x86_pkg_temp"} {
		delete(want, key)
	}
	want["nvme1/temp1"] = at("nvme1", "temp1", 38.9)
	composite := want["nvme0/Composite"]
	composite.ValueCelsius = 44.9
	want["nvme0/Composite"] = composite
	if diff := cmp.Diff(collectTemperatures(t, c), want); diff != "" {
		t.Errorf("later: got -, want +\n%s", diff)
	}
}

func TestChipName(t *testing.T) {
	check := func(name, device, want string) {
		t.Helper()
		files := map[string]string{"hwmon0/name": name + "\n"}
		if device != "" {
			files["hwmon0/device -> ../../"+device] = ""
		}
		if got := chipName(writeHost(t, files), "/hwmon0"); got != want {
			t.Errorf("%s of %s: got %q, want %q", name, device, got, want)
		}
	}
	check("k10temp", "0000:00:18.3", "k10temp-0000:00:18.3")
	check("coretemp", "coretemp.0", "coretemp.0")
	check("nvme", "nvme0", "nvme0")
	check("iwlwifi_1", "", "iwlwifi_1")
	check("acpitz", "thermal_zone0", "acpitz-thermal_zone0")
	check("kraken2023", "0003:1E71:2007.0003", "kraken2023-0003:1E71:2007")
	check("a\x1bb", "", "a\uFFFDb")
	check("", "nvme0", "")
}

func TestTemperatureFilter(t *testing.T) {
	host := writeHost(t, sensorFiles)
	check := func(names Filter, want ...string) {
		t.Helper()
		c, _ := newTemperature(Config{Host: host, Temperature: names})
		if got := slices.Sorted(maps.Keys(collectTemperatures(t, c))); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	check(filter(t, []string{"nvme*/Composite"}, nil), "nvme0/Composite")
	check(filter(t, []string{"thermal", "drivetemp-*"}, []string{"TCPU"}), "drivetemp-sda/temp1", "thermal/x86_pkg_temp")
	check(filter(t, []string{"nothing"}, nil))
}

// TestSensorsFollowTheHost plugs a sensor out and another in.
func TestSensorsFollowTheHost(t *testing.T) {
	host := writeHost(t, map[string]string{
		"sys/class/hwmon/hwmon0/name":        "first",
		"sys/class/hwmon/hwmon0/temp1_input": "30000",
	})
	c, _ := newTemperature(Config{Host: host})
	check := func(want ...string) {
		t.Helper()
		if got := slices.Sorted(maps.Keys(collectTemperatures(t, c))); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	plug := func(hwmon, name string) {
		t.Helper()
		folder := host.Path("/sys/class/hwmon/" + hwmon)
		err := errors.Join(os.MkdirAll(folder, 0o700),
			os.WriteFile(folder+"/name", []byte(name), 0o600),
			os.WriteFile(folder+"/temp1_input", []byte("31000"), 0o600))
		if err != nil {
			t.Fatal(err)
		}
	}
	check("first/temp1")
	if err := os.RemoveAll(host.Path("/sys/class/hwmon/hwmon0")); err != nil {
		t.Fatal(err)
	}
	plug("hwmon1", "second")
	check() // noticed
	check("second/temp1")
	plug("hwmon2", "third")
	for range rediscover {
		collectTemperatures(t, c)
	}
	check("second/temp1", "third/temp1")
}

func TestFan(t *testing.T) {
	c, _ := newFan(Config{Host: writeHost(t, sensorFiles), Fan: filter(t, nil, []string{"fan9"})})
	var s schema.Stats
	if err := c.Collect(t.Context(), &s, time.Now()); err != nil {
		t.Fatal(err)
	}
	const chip = "nct6798-nct6775.656"
	want := map[string]schema.Fan{
		chip + "/fan1": {Chip: chip, Label: "fan1", SpeedRPM: 0},
		chip + "/fan2": {Chip: chip, Label: "fan2", SpeedRPM: 1105},
	}
	if diff := cmp.Diff(s.Fan, want); diff != "" {
		t.Errorf("got -, want +\n%s", diff)
	}
}

func TestSensorsAbsent(t *testing.T) {
	host := writeHost(t, nil)
	for _, create := range []func(Config) (Collector, error){newTemperature, newFan, newPower} {
		c, _ := create(Config{Host: host})
		if err := c.Collect(t.Context(), &schema.Stats{}, time.Now()); !errors.Is(err, ErrAbsent) {
			t.Errorf("%T: got %v, want %v", c, err, ErrAbsent)
		}
	}
}

func TestCPUCelsius(t *testing.T) {
	check := func(want float64, sensors ...schema.Temperature) {
		t.Helper()
		all := make(map[string]schema.Temperature)
		for i, s := range sensors {
			all[strconv.Itoa(i)] = s
		}
		got := cpuCelsius(all)
		switch {
		case want == 0 && got != nil:
			t.Errorf("%+v: got %v, want none", sensors, *got)
		case want != 0 && (got == nil || *got != want):
			t.Errorf("%+v: got %v, want %v", sensors, got, want)
		}
	}
	at := func(chip, label string, value float64) schema.Temperature {
		return schema.Temperature{Chip: chip, Label: label, ValueCelsius: value}
	}
	acpi := at("acpitz-thermal_zone0", "temp1", 99)
	check(0)
	check(0, at("nvme0", "Composite", 40), at("amdgpu-0000:0c:00.0", "edge", 60))
	check(52, acpi, at("coretemp.0", "Package id 0", 50), at("coretemp.1", "Package id 1", 52), at("coretemp.0", "Core 0", 90))
	check(61, acpi, at("k10temp-0000:00:18.3", "Tctl", 71), at("k10temp-0000:00:18.3", "Tdie", 61), at("k10temp-0000:00:18.3", "Tccd1", 80))
	check(66.5, at("k10temp-0000:00:18.3", "Tctl", 66.5), at("k10temp-0000:00:19.3", "Tctl", 48))
	check(55, at("zenpower-0000:00:18.3", "Tdie", 55), at("zenpower-0000:00:18.3", "Tctl", 65))
	check(48, at("cpu_thermal-thermal_zone0", "temp1", 48), at("rp1_adc", "temp1", 60))
	check(47, at("thermal", "cpu-thermal", 47), at("thermal", "gpu-thermal", 60))
	check(57, acpi, at("thermal", "x86_pkg_temp", 57), at("thermal", "TCPU", 58))
	check(44, at("coretemp.0", "Core 0", 43), at("coretemp.0", "Core 1", 44))
	check(99, acpi, at("nvme0", "Composite", 40))
}

func BenchmarkTemperature(b *testing.B) {
	c, _ := newTemperature(Config{Host: writeHost(b, sensorFiles)})
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Collect(b.Context(), &schema.Stats{}, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFan(b *testing.B) {
	c, _ := newFan(Config{Host: writeHost(b, sensorFiles)})
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Collect(b.Context(), &schema.Stats{}, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
