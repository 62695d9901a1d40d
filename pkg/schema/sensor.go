package schema

// Temperature is one temperature sensor; its key is "chip/label", where chip
// tells apart several chips of a kind by their device.
type Temperature struct {
	Chip            string   `json:"chip"`
	Label           string   `json:"label"`
	ValueCelsius    float64  `json:"value_celsius"`
	HighCelsius     *float64 `json:"high_celsius,omitempty"`
	CriticalCelsius *float64 `json:"critical_celsius,omitempty"`
}

// temperatureMetrics are the rows of [Temperature].
var temperatureMetrics = []Metric{
	{"temperature.value_celsius", "Temperature", Celsius, Main, "tempN_input in /sys/class/hwmon, or temp in /sys/class/thermal."},
	{"temperature.high_celsius", "High limit", Celsius, Detail, "tempN_max, or the thermal zone's passive or hot trip point; absent where the chip states none."},
	{"temperature.critical_celsius", "Critical limit", Celsius, Detail, "tempN_crit, or the thermal zone's critical trip point; absent where the chip states none."},
}

// Fan is one fan; its key is "chip/label" as in [Temperature].
type Fan struct {
	Chip     string  `json:"chip"`
	Label    string  `json:"label"`
	SpeedRPM float64 `json:"speed_rpm"`
}

// fanMetrics are the rows of [Fan].
var fanMetrics = []Metric{
	{"fan.speed_rpm", "Speed", RPM, Main, "fanN_input in /sys/class/hwmon."},
}

// Power is one battery or other supply; its key is the kernel's name of it,
// such as "BAT0".
type Power struct {
	Type          string   `json:"type"`
	Status        string   `json:"status,omitempty"`
	ChargePercent *float64 `json:"charge_percent,omitempty"`
	HealthPercent *float64 `json:"health_percent,omitempty"`
	PowerWatts    *float64 `json:"power_watts,omitempty"`
	Cycles        *uint64  `json:"cycles,omitempty"`
	Online        *int     `json:"online,omitempty"`
}

// powerMetrics are the rows of [Power].
var powerMetrics = []Metric{
	{"power.charge_percent", "Charge", Percent, Main, "capacity in /sys/class/power_supply."},
	{"power.health_percent", "Health", Percent, Detail, "Full charge of the design's full charge, from energy_full or charge_full in /sys/class/power_supply."},
	{"power.power_watts", "Power", Watts, Main, "Power drawn from or put into the battery, power_now or current_now and voltage_now in /sys/class/power_supply."},
	{"power.cycles", "Charge cycles", Count, Detail, "cycle_count in /sys/class/power_supply; absent where the battery counts none."},
	{"power.online", "Online", Count, Detail, "1 when a mains supply feeds the host and 0 when not, online in /sys/class/power_supply."},
}
