package schema

// GPU is one graphics processor; its key is the vendor's UUID where the
// driver gives one, else the PCI address.
type GPU struct {
	Name               string       `json:"name"`
	Vendor             string       `json:"vendor"`
	Driver             string       `json:"driver,omitempty"`
	UtilizationPercent *float64     `json:"utilization_percent,omitempty"`
	MemoryUsagePercent *float64     `json:"memory_usage_percent,omitempty"`
	MemoryUsedBytes    *uint64      `json:"memory_used_bytes,omitempty"`
	MemoryTotalBytes   *uint64      `json:"memory_total_bytes,omitempty"`
	TemperatureCelsius *float64     `json:"temperature_celsius,omitempty"`
	PowerWatts         *float64     `json:"power_watts,omitempty"`
	PowerLimitWatts    *float64     `json:"power_limit_watts,omitempty"`
	FanPercent         *float64     `json:"fan_percent,omitempty"`
	FanRPM             *float64     `json:"fan_rpm,omitempty"`
	ClockHertz         *float64     `json:"clock_hertz,omitempty"`
	MemoryClockHertz   *float64     `json:"memory_clock_hertz,omitempty"`
	EncoderPercent     *float64     `json:"encoder_percent,omitempty"`
	DecoderPercent     *float64     `json:"decoder_percent,omitempty"`
	Processes          []GPUProcess `json:"processes,omitempty"`
}

// GPUProcess is a program that uses a GPU.
type GPUProcess struct {
	PID         int    `json:"pid"`
	Name        string `json:"name"`
	MemoryBytes uint64 `json:"memory_bytes"`
}

// gpuMetrics are the rows of [GPU].
var gpuMetrics = []Metric{
	{"gpu.utilization_percent", "Utilization", Percent, Main, "Time with work on the GPU, from NVML or gpu_busy_percent of amdgpu."},
	{"gpu.memory_usage_percent", "Memory usage", Percent, Main, "Used of total GPU memory, from NVML or amdgpu."},
	{"gpu.memory_used_bytes", "Memory used", Bytes, Main, "GPU memory in use, from NVML or mem_info_vram_used of amdgpu."},
	{"gpu.memory_total_bytes", "Memory total", Bytes, Detail, "GPU memory, from NVML or mem_info_vram_total of amdgpu."},
	{"gpu.temperature_celsius", "Temperature", Celsius, Main, "Core temperature, from NVML or the driver's hwmon."},
	{"gpu.power_watts", "Power", Watts, Main, "Board power, from NVML or the driver's hwmon."},
	{"gpu.power_limit_watts", "Power limit", Watts, Detail, "Enforced power limit, from NVML or power1_cap of the driver's hwmon."},
	{"gpu.fan_percent", "Fan", Percent, Detail, "Intended fan speed of the maximum, from NVML or pwm1 of the driver's hwmon."},
	{"gpu.fan_rpm", "Fan speed", RPM, Detail, "Measured fan speed, from the driver's hwmon."},
	{"gpu.clock_hertz", "Clock", Hertz, Detail, "Graphics clock, from NVML, freq1_input of hwmon, or the i915 and xe frequency files."},
	{"gpu.memory_clock_hertz", "Memory clock", Hertz, Detail, "Memory clock, from NVML or freq2_input of hwmon."},
	{"gpu.encoder_percent", "Encoder", Percent, Detail, "Video encoder utilization, from NVML."},
	{"gpu.decoder_percent", "Decoder", Percent, Detail, "Video decoder utilization, from NVML."},
}
