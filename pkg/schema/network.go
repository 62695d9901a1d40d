package schema

// Network is one network interface; its key is the interface's name. Rates
// cover the time since the sample before, totals the time since the counter
// was last reset.
type Network struct {
	State              string   `json:"state,omitempty"`
	Addresses          []string `json:"addresses,omitempty"`
	RxBytesPerSecond   *float64 `json:"rx_bytes_per_second,omitempty"`
	TxBytesPerSecond   *float64 `json:"tx_bytes_per_second,omitempty"`
	RxPacketsPerSecond *float64 `json:"rx_packets_per_second,omitempty"`
	TxPacketsPerSecond *float64 `json:"tx_packets_per_second,omitempty"`
	RxBytesTotal       uint64   `json:"rx_bytes_total"`
	TxBytesTotal       uint64   `json:"tx_bytes_total"`
	RxErrorsTotal      uint64   `json:"rx_errors_total"`
	TxErrorsTotal      uint64   `json:"tx_errors_total"`
	RxDropsTotal       uint64   `json:"rx_drops_total"`
	TxDropsTotal       uint64   `json:"tx_drops_total"`
	SpeedBitsPerSecond *float64 `json:"speed_bits_per_second,omitempty"`
}

// networkMetrics are the rows of [Network].
var networkMetrics = []Metric{
	{"network.rx_bytes_per_second", "Received", BytesPerSecond, Main, "Bytes received, from /proc/net/dev."},
	{"network.tx_bytes_per_second", "Sent", BytesPerSecond, Main, "Bytes sent, from /proc/net/dev."},
	{"network.rx_packets_per_second", "Packets received", PerSecond, Detail, "Packets received, from /proc/net/dev."},
	{"network.tx_packets_per_second", "Packets sent", PerSecond, Detail, "Packets sent, from /proc/net/dev."},
	{"network.rx_bytes_total", "Received in total", Bytes, Detail, "Bytes received, from /proc/net/dev."},
	{"network.tx_bytes_total", "Sent in total", Bytes, Detail, "Bytes sent, from /proc/net/dev."},
	{"network.rx_errors_total", "Receive errors", Count, Detail, "Packets received with errors, from /proc/net/dev."},
	{"network.tx_errors_total", "Send errors", Count, Detail, "Packets that could not be sent, from /proc/net/dev."},
	{"network.rx_drops_total", "Receive drops", Count, Detail, "Packets received and dropped, from /proc/net/dev."},
	{"network.tx_drops_total", "Send drops", Count, Detail, "Packets dropped before sending, from /proc/net/dev."},
	{"network.speed_bits_per_second", "Link speed", BitsPerSecond, Detail, "Negotiated speed, from /sys/class/net/<if>/speed; absent where the driver knows none."},
}
