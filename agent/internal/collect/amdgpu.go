package collect

import "systant/pkg/schema"

// readAMD returns the key and the reading of a card of the amdgpu driver, from
// its files in sysfs and its hwmon (Documentation/gpu/amdgpu/thermal.rst and
// driver-misc.rst). The key is the chip's unique id, or the PCI address of a
// chip older than Vega (GFX9), which has none. A card that sleeps is named and
// not read.
func readAMD(card drmCard) (string, schema.GPU) {
	g := schema.GPU{Name: card.device.text("product_name"), Vendor: "AMD", Driver: card.driver}
	if g.Name == "" {
		g.Name = "AMD GPU " + card.pciID
	}
	key := card.device.text("unique_id")
	if key == "" {
		key = card.bus
	}
	if card.asleep {
		return key, g
	}
	g.UtilizationPercent = card.device.scaled("gpu_busy_percent", 1)
	g.MemoryUsedBytes = card.device.uint("mem_info_vram_used")
	g.MemoryTotalBytes = card.device.uint("mem_info_vram_total")
	if card.hwmon == "" {
		return key, g
	}
	g.TemperatureCelsius = card.hwmon.scaled("temp1_input", 1e-3) // the edge sensor
	g.PowerWatts = card.hwmon.scaled("power1_average", 1e-6)
	if g.PowerWatts == nil {
		// Since Linux 6.6 chips that measure no mean tell the current power here.
		g.PowerWatts = card.hwmon.scaled("power1_input", 1e-6)
	}
	g.PowerLimitWatts = card.hwmon.scaled("power1_cap", 1e-6)
	g.FanRPM = card.hwmon.scaled("fan1_input", 1)
	if pwm, full := card.hwmon.scaled("pwm1", 100), card.hwmon.scaled("pwm1_max", 1); pwm != nil && full != nil && *full > 0 {
		g.FanPercent = new(*pwm / *full)
	}
	g.ClockHertz = card.hwmon.scaled("freq1_input", 1)
	g.MemoryClockHertz = card.hwmon.scaled("freq2_input", 1)
	return key, g
}
