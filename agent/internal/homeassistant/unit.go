package homeassistant

import (
	"math"
	"time"

	"systant/pkg/schema"
)

// The state classes of sensors.
const (
	measurement     = "measurement"
	totalIncreasing = "total_increasing"
)

// scale says how Home Assistant shows metrics of a unit. It computes long-term
// statistics of what has a state class.
type scale struct {
	deviceClass string
	stateClass  string
	unit        string
	divisor     float64 // of the base unit
	// decimals are published, so that a value which hardly changes is not
	// recorded again; shown of them are precision.
	decimals, precision int
}

// scales are by unit. Which units go with which device class is stated in
// homeassistant/components/sensor/const.py.
var scales = map[schema.Unit]scale{
	schema.Percent:        {"", measurement, "%", 1, 1, 1},
	schema.Bytes:          {"data_size", measurement, "GiB", 1 << 30, 2, 2},
	schema.BytesPerSecond: {"data_rate", measurement, "MB/s", 1e6, 3, 2},
	schema.BitsPerSecond:  {"data_rate", measurement, "Mbit/s", 1e6, 0, 0},
	schema.PerSecond:      {"", measurement, "1/s", 1, 1, 1},
	schema.Seconds:        {"duration", measurement, "s", 1, 3, 1},
	schema.Timestamp:      {"timestamp", "", "", 1, 0, 0},
	schema.Celsius:        {"temperature", measurement, "°C", 1, 0, 0},
	schema.Hertz:          {"frequency", measurement, "MHz", 1e6, 0, 0},
	schema.Watts:          {"power", measurement, "W", 1, 1, 1},
	schema.RPM:            {"", measurement, "rpm", 1, 0, 0},
	schema.Count:          {"", measurement, "", 1, 2, 0},
}

// show returns a value as it is published: in the scale's unit and rounded.
func (s scale) show(unit schema.Unit, value float64) any {
	if unit == schema.Timestamp {
		return time.Unix(int64(value), 0).UTC().Format(time.RFC3339)
	}
	factor := math.Pow10(s.decimals)
	return math.Round(value/s.divisor*factor) / factor
}

// shown returns how many decimals Home Assistant shows of a metric, or nil
// where it decides.
func (s scale) shown(m schema.Metric) *int {
	if m.Unit == schema.Timestamp || m.Unit == schema.Count {
		return nil // text, and numbers of which all decimals count
	}
	return new(s.precision)
}
