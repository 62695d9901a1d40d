package schema

// Memory is RAM and swap. Bytes are exact; percentages are of the total.
type Memory struct {
	TotalBytes            uint64   `json:"total_bytes"`
	UsedBytes             uint64   `json:"used_bytes"`
	AvailableBytes        uint64   `json:"available_bytes"`
	BuffersBytes          uint64   `json:"buffers_bytes"`
	CachedBytes           uint64   `json:"cached_bytes"`
	SharedBytes           uint64   `json:"shared_bytes"`
	DirtyBytes            uint64   `json:"dirty_bytes"`
	UsagePercent          float64  `json:"usage_percent"`
	SwapTotalBytes        uint64   `json:"swap_total_bytes"`
	SwapUsedBytes         uint64   `json:"swap_used_bytes"`
	SwapUsagePercent      *float64 `json:"swap_usage_percent,omitempty"`
	SwapInBytesPerSecond  *float64 `json:"swap_in_bytes_per_second,omitempty"`
	SwapOutBytesPerSecond *float64 `json:"swap_out_bytes_per_second,omitempty"`
	MajorFaultsPerSecond  *float64 `json:"major_faults_per_second,omitempty"`
	OOMKillsTotal         *uint64  `json:"oom_kills_total,omitempty"`
}

// memoryMetrics are the rows of [Memory].
var memoryMetrics = []Metric{
	{"memory.total_bytes", "Total", Bytes, Detail, "Usable RAM, MemTotal in /proc/meminfo."},
	{"memory.used_bytes", "Used", Bytes, Main, "Total less available, from /proc/meminfo."},
	{"memory.available_bytes", "Available", Bytes, Main, "What programs can still take without swapping, MemAvailable in /proc/meminfo."},
	{"memory.buffers_bytes", "Buffers", Bytes, Detail, "Raw block device cache, Buffers in /proc/meminfo."},
	{"memory.cached_bytes", "Cached", Bytes, Detail, "Page cache and reclaimable slab, Cached and SReclaimable in /proc/meminfo."},
	{"memory.shared_bytes", "Shared", Bytes, Detail, "tmpfs and shared memory, Shmem in /proc/meminfo."},
	{"memory.dirty_bytes", "Dirty", Bytes, Detail, "Waiting to be written to disk, Dirty in /proc/meminfo."},
	{"memory.usage_percent", "Usage", Percent, Main, "Used of total, from /proc/meminfo."},
	{"memory.swap_total_bytes", "Swap total", Bytes, Detail, "Swap space, SwapTotal in /proc/meminfo."},
	{"memory.swap_used_bytes", "Swap used", Bytes, Main, "SwapTotal less SwapFree in /proc/meminfo."},
	{"memory.swap_usage_percent", "Swap usage", Percent, Main, "Used of total swap, from /proc/meminfo."},
	{"memory.swap_in_bytes_per_second", "Swap in", BytesPerSecond, Detail, "Read back from swap, pswpin in /proc/vmstat."},
	{"memory.swap_out_bytes_per_second", "Swap out", BytesPerSecond, Detail, "Written to swap, pswpout in /proc/vmstat."},
	{"memory.major_faults_per_second", "Major faults", PerSecond, Detail, "Page faults that had to read a disk, pgmajfault in /proc/vmstat."},
	{"memory.oom_kills_total", "OOM kills", Count, Detail, "Processes killed for lack of memory since boot, oom_kill in /proc/vmstat."},
}

// Pressure is the share of the time since the sample before in which tasks
// waited for a resource (Documentation/accounting/psi.rst).
type Pressure struct {
	CPUSomePercent    *float64 `json:"cpu_some_percent,omitempty"`
	MemorySomePercent *float64 `json:"memory_some_percent,omitempty"`
	MemoryFullPercent *float64 `json:"memory_full_percent,omitempty"`
	IOSomePercent     *float64 `json:"io_some_percent,omitempty"`
	IOFullPercent     *float64 `json:"io_full_percent,omitempty"`
}

// pressureMetrics are the rows of [Pressure].
var pressureMetrics = []Metric{
	{"pressure.cpu_some_percent", "CPU, some", Percent, Detail, "Time in which a task waited for a CPU, from /proc/pressure/cpu."},
	{"pressure.memory_some_percent", "Memory, some", Percent, Detail, "Time in which a task waited for memory, from /proc/pressure/memory."},
	{"pressure.memory_full_percent", "Memory, all", Percent, Detail, "Time in which all tasks waited for memory, from /proc/pressure/memory."},
	{"pressure.io_some_percent", "I/O, some", Percent, Detail, "Time in which a task waited for a disk, from /proc/pressure/io."},
	{"pressure.io_full_percent", "I/O, all", Percent, Detail, "Time in which all tasks waited for a disk, from /proc/pressure/io."},
}
