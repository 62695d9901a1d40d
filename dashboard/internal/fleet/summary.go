package fleet

import (
	"encoding/json"
	"time"

	"systant/pkg/schema"
)

// State tells whether a host is alive.
type State string

// The states of a host.
const (
	Online  State = "online"  // heard of within three intervals
	Stale   State = "stale"   // silent for three intervals or more, nobody knows why
	Offline State = "offline" // said so itself, or the broker did by its last will
)

// Reading is one headline number of a host.
type Reading struct {
	Metric   string  `json:"metric"`
	Instance string  `json:"instance,omitempty"`
	Value    float64 `json:"value"`
}

// Reason is a problem, and since when there is one of its severity.
type Reason struct {
	schema.Problem
	// Since is when it was first seen here; zero for the past, of which that
	// is not known.
	Since time.Time `json:"since,omitzero"`
}

// Summary is a host in one row: enough for an overview of the fleet.
type Summary struct {
	Name     string          `json:"name"`
	State    State           `json:"state"`
	Severity schema.Severity `json:"severity"`
	// Reasons are sorted, the most severe first; they are of the last sample,
	// also when the host has gone silent since.
	Reasons []Reason `json:"reasons"`
	// Since is when the state began.
	Since time.Time `json:"since"`
	// Seen is when the last sample arrived; zero when none has.
	Seen time.Time `json:"seen,omitzero"`
	// Timestamp is when the host took its last sample, by its own clock.
	Timestamp       time.Time `json:"timestamp,omitzero"`
	IntervalSeconds float64   `json:"interval_seconds"`
	Tags            []string  `json:"tags"`
	OS              string    `json:"os"`
	OSVersion       string    `json:"os_version"`
	Kernel          string    `json:"kernel"`
	Architecture    string    `json:"architecture"`
	AgentVersion    string    `json:"agent_version"`
	Readings        []Reading `json:"readings"`
}

// Detail is a host with its last sample as it was received.
type Detail struct {
	Host Summary `json:"host"`
	// Stats is null for a host that has sent none yet.
	Stats json.RawMessage `json:"stats"`
}

// Changes are what has happened since they were last taken.
type Changes struct {
	// Hosts are the changed hosts as they are now, by name.
	Hosts []Summary
	// Gone are the names of hosts that are no longer known.
	Gone []string
}
