package schema

// CPU is the whole machine's processor time and load. Percentages are of all
// logical CPUs together and cover the time since the sample before.
type CPU struct {
	UsagePercent             *float64 `json:"usage_percent,omitempty"`
	UserPercent              *float64 `json:"user_percent,omitempty"`
	NicePercent              *float64 `json:"nice_percent,omitempty"`
	SystemPercent            *float64 `json:"system_percent,omitempty"`
	IOWaitPercent            *float64 `json:"iowait_percent,omitempty"`
	IRQPercent               *float64 `json:"irq_percent,omitempty"`
	StealPercent             *float64 `json:"steal_percent,omitempty"`
	GuestPercent             *float64 `json:"guest_percent,omitempty"`
	Load1m                   float64  `json:"load_1m"`
	Load5m                   float64  `json:"load_5m"`
	Load15m                  float64  `json:"load_15m"`
	Count                    int      `json:"count"`
	FrequencyHertz           *float64 `json:"frequency_hertz,omitempty"`
	ContextSwitchesPerSecond *float64 `json:"context_switches_per_second,omitempty"`
	InterruptsPerSecond      *float64 `json:"interrupts_per_second,omitempty"`
	ForksPerSecond           *float64 `json:"forks_per_second,omitempty"`
}

// cpuMetrics are the rows of [CPU].
var cpuMetrics = []Metric{
	{"cpu.usage_percent", "Usage", Percent, Main, "Time not idle and not waiting for I/O, from /proc/stat."},
	{"cpu.user_percent", "User", Percent, Detail, "Time in user mode at normal priority, guests left out, from /proc/stat."},
	{"cpu.nice_percent", "Nice", Percent, Detail, "Time in user mode at low priority, guests left out, from /proc/stat."},
	{"cpu.system_percent", "System", Percent, Detail, "Time in kernel mode, from /proc/stat."},
	{"cpu.iowait_percent", "I/O wait", Percent, Detail, "Idle time while a disk request was outstanding, from /proc/stat."},
	{"cpu.irq_percent", "Interrupts", Percent, Detail, "Time in hard and soft interrupts, from /proc/stat."},
	{"cpu.steal_percent", "Stolen", Percent, Detail, "Time the hypervisor gave to other guests, from /proc/stat."},
	{"cpu.guest_percent", "Guests", Percent, Detail, "Time running virtual machines, from /proc/stat."},
	{"cpu.load_1m", "Load 1 min", Count, Main, "Mean number of runnable and blocked tasks over one minute, from /proc/loadavg."},
	{"cpu.load_5m", "Load 5 min", Count, Main, "The same over five minutes, from /proc/loadavg."},
	{"cpu.load_15m", "Load 15 min", Count, Main, "The same over fifteen minutes, from /proc/loadavg."},
	{"cpu.count", "Logical CPUs", Count, Detail, "Logical CPUs online, from /proc/stat."},
	{"cpu.frequency_hertz", "Frequency", Hertz, Detail, "Mean current clock rate of all CPUs, from /sys/devices/system/cpu/cpufreq."},
	{"cpu.context_switches_per_second", "Context switches", PerSecond, Detail, "Task switches, from ctxt in /proc/stat."},
	{"cpu.interrupts_per_second", "Interrupt rate", PerSecond, Detail, "Interrupts served, from intr in /proc/stat."},
	{"cpu.forks_per_second", "Forks", PerSecond, Detail, "Processes and threads created, from processes in /proc/stat."},
}

// Core is one logical CPU; its key is the kernel's number of it.
type Core struct {
	UsagePercent   *float64 `json:"usage_percent,omitempty"`
	FrequencyHertz *float64 `json:"frequency_hertz,omitempty"`
}

// coreMetrics are the rows of [Core].
var coreMetrics = []Metric{
	{"core.usage_percent", "Usage", Percent, Detail, "Time not idle and not waiting for I/O, from /proc/stat."},
	{"core.frequency_hertz", "Frequency", Hertz, Detail, "Current clock rate, from scaling_cur_freq of the CPU's cpufreq policy."},
}
