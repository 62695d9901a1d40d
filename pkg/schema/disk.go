package schema

// Disk is one mounted filesystem; its key is the mount point.
type Disk struct {
	Device             string   `json:"device"`
	Filesystem         string   `json:"filesystem"`
	ReadOnly           bool     `json:"read_only,omitempty"`
	TotalBytes         uint64   `json:"total_bytes"`
	UsedBytes          uint64   `json:"used_bytes"`
	AvailableBytes     uint64   `json:"available_bytes"`
	UsagePercent       float64  `json:"usage_percent"`
	InodesUsagePercent *float64 `json:"inodes_usage_percent,omitempty"`
}

// diskMetrics are the rows of [Disk].
var diskMetrics = []Metric{
	{"disk.total_bytes", "Size", Bytes, Detail, "Size of the filesystem, from statfs(2)."},
	{"disk.used_bytes", "Used", Bytes, Detail, "Size less all free blocks, from statfs(2)."},
	{"disk.available_bytes", "Free", Bytes, Main, "Free for users other than root, from statfs(2)."},
	{"disk.usage_percent", "Usage", Percent, Main, "Used of used and available, as df shows it, from statfs(2)."},
	{"disk.inodes_usage_percent", "Inode usage", Percent, Detail, "Inodes in use, from statfs(2); absent where the filesystem has no fixed number."},
}

// Block is one block device; its key is the kernel's name of it, such as
// "nvme0n1". Rates cover the time since the sample before.
type Block struct {
	Model               string   `json:"model,omitempty"`
	ReadBytesPerSecond  *float64 `json:"read_bytes_per_second,omitempty"`
	WriteBytesPerSecond *float64 `json:"write_bytes_per_second,omitempty"`
	ReadsPerSecond      *float64 `json:"reads_per_second,omitempty"`
	WritesPerSecond     *float64 `json:"writes_per_second,omitempty"`
	BusyPercent         *float64 `json:"busy_percent,omitempty"`
	ReadLatencySeconds  *float64 `json:"read_latency_seconds,omitempty"`
	WriteLatencySeconds *float64 `json:"write_latency_seconds,omitempty"`
	QueueDepth          *float64 `json:"queue_depth,omitempty"`
}

// blockMetrics are the rows of [Block].
var blockMetrics = []Metric{
	{"block.read_bytes_per_second", "Read", BytesPerSecond, Detail, "Sectors read, from /proc/diskstats (Documentation/admin-guide/iostats.rst)."},
	{"block.write_bytes_per_second", "Write", BytesPerSecond, Detail, "Sectors written, from /proc/diskstats."},
	{"block.reads_per_second", "Reads", PerSecond, Detail, "Read requests completed, from /proc/diskstats."},
	{"block.writes_per_second", "Writes", PerSecond, Detail, "Write requests completed, from /proc/diskstats."},
	{"block.busy_percent", "Busy", Percent, Detail, "Time with at least one request in flight, from /proc/diskstats."},
	{"block.read_latency_seconds", "Read latency", Seconds, Detail, "Mean time a read request took, queueing included, from /proc/diskstats; absent without reads."},
	{"block.write_latency_seconds", "Write latency", Seconds, Detail, "Mean time a write request took, queueing included, from /proc/diskstats; absent without writes."},
	{"block.queue_depth", "Queue", Count, Detail, "Mean number of requests in flight, from the weighted time in /proc/diskstats."},
}
