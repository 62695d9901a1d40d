package schema

import "strings"

// Unit is the base unit of a metric. Consumers choose formatters, Home
// Assistant device classes and chart scales by it.
type Unit string

// The units a metric can have.
const (
	Percent        Unit = "percent"          // 0 to 100
	Bytes          Unit = "bytes"            // 8-bit bytes
	BytesPerSecond Unit = "bytes_per_second" // mean over the sample's interval
	BitsPerSecond  Unit = "bits_per_second"  // link speeds
	PerSecond      Unit = "per_second"       // events, mean over the sample's interval
	Seconds        Unit = "seconds"          // durations
	Timestamp      Unit = "timestamp"        // seconds since 1970-01-01 00:00:00 UTC
	Celsius        Unit = "celsius"          // degrees
	Hertz          Unit = "hertz"            // clock rates
	Watts          Unit = "watts"            // power
	RPM            Unit = "rpm"              // revolutions a minute
	Count          Unit = "count"            // a number of things, or a plain ratio such as load
)

// Rank is how many people want to see a metric.
type Rank string

// The ranks of a metric.
const (
	Main   Rank = "main"   // most people, always
	Detail Rank = "detail" // who looks into something
)

// Metric is the row that describes one number of the payload. Rows are plain
// data: what only one consumer needs lives in that consumer, keyed by unit.
type Metric struct {
	// ID is "group.field", the path in the payload without the instance.
	ID string `json:"id"`
	// Label names the metric within its group, for people.
	Label string `json:"label"`
	// Unit is the base unit of the number.
	Unit Unit `json:"unit"`
	// Rank tells what to show where there is no room for everything.
	Rank Rank `json:"rank"`
	// Help is one sentence that names the source.
	Help string `json:"help"`
}

// Group is a set of metrics read together: one top-level key of the payload.
type Group struct {
	// Name is the payload's key, such as "disk".
	Name string `json:"name"`
	// Label is the heading, for people.
	Label string `json:"label"`
	// Instance says what a key inside the group is ("mount point"); it is
	// empty where the group's fields stand directly below the group.
	Instance string `json:"instance,omitempty"`
	// Metrics are the group's rows, in the order in which they are shown.
	Metrics []Metric `json:"metrics"`
}

// Field returns the last part of the ID: the key in the payload.
func (m Metric) Field() string {
	return m.ID[strings.IndexByte(m.ID, '.')+1:]
}

// Counter tells whether the metric only ever grows until its source restarts.
func (m Metric) Counter() bool {
	return strings.HasSuffix(m.ID, "_total")
}

// Series returns the name of the metric in time series databases, such as
// systant_cpu_usage_percent
// (https://prometheus.io/docs/practices/naming).
func (m Metric) Series() string {
	return "systant_" + strings.Replace(m.ID, ".", "_", 1)
}

// InstanceLabel returns the name of the label that holds a series' instance,
// such as mount_point, or "" for a group that has none.
func (g Group) InstanceLabel() string {
	return strings.ReplaceAll(strings.ToLower(g.Instance), " ", "_")
}
