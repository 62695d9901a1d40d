package schema

import "time"

// Processes counts the host's processes and lists those that use most.
type Processes struct {
	Total     int       `json:"total"`
	Running   int       `json:"running"`
	Blocked   int       `json:"blocked"`
	Zombie    int       `json:"zombie"`
	Threads   int       `json:"threads"`
	TopCPU    []Process `json:"top_cpu,omitempty"`
	TopMemory []Process `json:"top_memory,omitempty"`
}

// Process is one row of a process table.
type Process struct {
	PID  int    `json:"pid"`
	Name string `json:"name"`
	// User is the login name, or the number where the host knows no name.
	User string `json:"user"`
	// State is the kernel's letter: R, S, D, Z, T, I and so on, proc(5).
	State string `json:"state"`
	// CPUPercent is of one logical CPU since the sample before, so that a
	// process with four busy threads shows 400; nil for a new process.
	CPUPercent  *float64  `json:"cpu_percent,omitempty"`
	MemoryBytes uint64    `json:"memory_bytes"` // resident set
	Threads     int       `json:"threads"`
	Started     time.Time `json:"started"`
	// Command is the command line; only sent where the configuration asks.
	Command string `json:"command,omitempty"`
}

// processesMetrics are the rows of [Processes].
var processesMetrics = []Metric{
	{"processes.total", "Processes", Count, Detail, "Processes, from /proc/<pid>/stat."},
	{"processes.running", "Running", Count, Detail, "Processes in state R, from /proc/<pid>/stat."},
	{"processes.blocked", "Blocked", Count, Detail, "Processes in state D (waiting for I/O), from /proc/<pid>/stat."},
	{"processes.zombie", "Zombies", Count, Detail, "Processes that ended and were not waited for, from /proc/<pid>/stat."},
	{"processes.threads", "Threads", Count, Detail, "Threads of all processes, from /proc/<pid>/stat."},
}

// Units is the state of the host's service manager.
type Units struct {
	// State is systemd's SystemState: running, degraded, starting and so on.
	State  string `json:"state"`
	Failed int    `json:"failed"`
	// FailedUnits lists the failed units, by name.
	FailedUnits []SystemdUnit `json:"failed_units,omitempty"`
}

// SystemdUnit is one row of a table of units.
type SystemdUnit struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// SubState tells how the unit failed, such as "failed" or "auto-restart".
	SubState string `json:"sub_state,omitempty"`
}

// unitsMetrics are the rows of [Units].
var unitsMetrics = []Metric{
	{"units.failed", "Failed units", Count, Main, "Units in state failed, NFailedUnits of org.freedesktop.systemd1.Manager."},
}
