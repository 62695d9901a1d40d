package schema

// System is what the host is, and a few numbers about the whole of it.
type System struct {
	UptimeSeconds float64  `json:"uptime_seconds"`
	BootTime      int64    `json:"boot_time"`
	CPUCelsius    *float64 `json:"cpu_celsius,omitempty"`
	Users         *int     `json:"users,omitempty"`
	RebootNeeded  *int     `json:"reboot_needed,omitempty"`
	// RebootReasons say why a reboot is needed, in short phrases such as
	// "kernel 6.1.0-37-amd64 → 6.1.0-38-amd64" or a package.
	RebootReasons    []string `json:"reboot_reasons,omitempty"`
	Kernel           string   `json:"kernel"`
	OS               string   `json:"os"`
	OSVersion        string   `json:"os_version,omitempty"`
	Architecture     string   `json:"architecture"`
	Machine          string   `json:"machine,omitempty"`
	CPUModel         string   `json:"cpu_model,omitempty"`
	AgentVersion     string   `json:"agent_version"`
	PrimaryInterface string   `json:"primary_interface,omitempty"`
	PrimaryAddress   string   `json:"primary_address,omitempty"`
}

// systemMetrics are the rows of [System].
var systemMetrics = []Metric{
	{"system.uptime_seconds", "Uptime", Seconds, Detail, "Time since boot, sleep included, from /proc/uptime."},
	{"system.boot_time", "Booted", Timestamp, Main, "When the kernel started, btime in /proc/stat."},
	{"system.cpu_celsius", "CPU temperature", Celsius, Main, "The hottest sensor of the processor package, from /sys/class/hwmon or /sys/class/thermal."},
	{"system.users", "Logged-in users", Count, Detail, "Sessions of people, from /run/systemd/sessions or utmp."},
	{"system.reboot_needed", "Reboot needed", Count, Detail, "1 where a reboot would start another kernel or was asked for, else 0, from /run/booted-system, /run/reboot-required, /boot and /lib/modules."},
}

// Self is the agent's own cost.
type Self struct {
	CPUSecondsTotal   float64 `json:"cpu_seconds_total"`
	ResidentBytes     uint64  `json:"resident_bytes"`
	CollectionSeconds float64 `json:"collection_seconds"`
}

// selfMetrics are the rows of [Self].
var selfMetrics = []Metric{
	{"self.cpu_seconds_total", "CPU time", Seconds, Detail, "Processor time the agent has used since it started, from getrusage(2)."},
	{"self.resident_bytes", "Memory", Bytes, Detail, "Resident set of the agent, from /proc/self/statm."},
	{"self.collection_seconds", "Collection", Seconds, Detail, "Wall time it took to take this sample."},
}
