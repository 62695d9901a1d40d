package homeassistant

import (
	"slices"
	"strings"
)

// RulesOf is the release of Home Assistant whose rules [Check] knows: those of
// homeassistant/components/mqtt/schemas.py and its platforms, and of
// homeassistant/components/sensor/const.py.
const RulesOf = "2026.11.0"

// words splits a list of words.
func words(text string) []string {
	return strings.Fields(text)
}

// The keys that Home Assistant knows at each place of a document. Those of the
// first four are closed sets: any other key refuses the whole document.
var (
	rootKeys = words(`device origin components child_devices availability availability_mode availability_topic availability_template
		payload_available payload_not_available state_topic command_topic qos encoding message_expiry_interval`)
	deviceKeys = words(`identifiers connections name manufacturer model model_id hw_version sw_version serial_number suggested_area
		via_device configuration_url`)
	originKeys       = words(`name sw_version support_url`)
	availabilityKeys = words(`topic payload_available payload_not_available value_template`)
	commonKeys       = words(`platform availability availability_mode availability_template availability_topic default_entity_id device
		enabled_by_default encoding entity_category entity_picture group icon json_attributes_template json_attributes_topic
		message_expiry_interval name origin payload_available payload_not_available qos unique_id visible_by_default`)
)

// platform says what Home Assistant knows of a kind of entity.
type platform struct {
	required, optional []string
	classes            []string
	// readOnly entities are not settings.
	readOnly bool
}

// platforms are those that documents of Systant use.
var platforms = map[string]platform{
	"sensor": {
		required: words("state_topic"),
		optional: words(`device_class expire_after force_update last_reset_value_template options state_class suggested_display_precision
			unit_of_measurement value_template`),
		readOnly: true,
	},
	"binary_sensor": {
		required: words("state_topic"),
		optional: words("device_class expire_after force_update off_delay payload_off payload_on value_template"),
		classes: words(`battery battery_charging carbon_monoxide cold connectivity door garage_door gas glass_break heat light lock moisture
			motion moving occupancy opening plug power presence problem running safety smoke sound tamper update vibration window`),
		readOnly: true,
	},
	"button": {
		required: words("command_topic"),
		optional: words("command_template device_class payload_press retain"),
		classes:  words("identify restart update"),
	},
	"event": {
		required: words("state_topic event_types"),
		optional: words("device_class value_template"),
		classes:  words("button doorbell motion"),
	},
}

// quantity says what a device class of sensors goes with.
type quantity struct {
	units, stateClasses []string
	text                bool // its states are no numbers
}

// quantities are the device classes of sensors that a computer can have.
var quantities = map[string]quantity{
	"battery":         {units: words("%"), stateClasses: words("measurement")},
	"current":         {units: words("A mA μA"), stateClasses: words("measurement")},
	"data_rate":       {units: words("B/s GB/s Gbit/s GiB/s KiB/s MB/s Mbit/s MiB/s bit/s kB/s kbit/s"), stateClasses: words("measurement")},
	"data_size":       {units: words("B EB EiB GB Gbit GiB KiB MB Mbit MiB PB PiB TB TiB YB YiB ZB ZiB bit kB kbit"), stateClasses: stateClasses},
	"date":            {text: true},
	"duration":        {units: words("d h min ms s μs"), stateClasses: stateClasses},
	"energy":          {units: words("GJ GWh Gcal J MJ MWh Mcal TWh Wh cal kJ kWh kcal mWh thm"), stateClasses: words("total total_increasing")},
	"enum":            {text: true},
	"frequency":       {units: words("GHz Hz MHz kHz mHz"), stateClasses: words("measurement")},
	"power":           {units: words("GW MW TW W kW mW"), stateClasses: words("measurement")},
	"signal_strength": {units: words("dB dBm"), stateClasses: words("measurement")},
	"temperature":     {units: words("K °C °F"), stateClasses: words("measurement")},
	"timestamp":       {text: true},
	"uptime":          {text: true},
	"voltage":         {units: words("MV V kV mV μV"), stateClasses: words("measurement")},
}

// stateClasses are all that a sensor can have.
var stateClasses = words("measurement measurement_angle total total_increasing")

// supported are the platforms that a document may name.
var supported = words(`alarm_control_panel binary_sensor button camera climate cover date datetime device_automation device_tracker event fan
	humidifier image infrared lawn_mower light lock notify number scene select sensor siren switch tag text time update vacuum valve water_heater`)

// known tells whether a platform has a key.
func (p platform) known(key string) bool {
	return slices.Contains(commonKeys, key) || slices.Contains(p.required, key) || slices.Contains(p.optional, key)
}
