package collect

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/pkg/schema"
)

// supplyFiles are supplies of every kind; the folder is put before the names.
var supplyFiles = map[string]string{
	"AC/type": "Mains\n", "AC/online": "1\n",
	"BAT0/type": "Battery\n", "BAT0/status": "Discharging\n", "BAT0/present": "1\n",
	"BAT0/capacity": "63\n", "BAT0/cycle_count": "212\n",
	"BAT0/power_now": "8214000\n", "BAT0/energy_full": "49610000\n", "BAT0/energy_full_design": "57020000\n",
	"BAT1/type": "Battery\n", "BAT1/status": "Charging\n",
	"BAT1/capacity": "104\n", "BAT1/cycle_count": "0\n",
	"BAT1/current_now": "-500000\n", "BAT1/voltage_now": "12000000\n",
	"BAT1/charge_full": "5100000\n", "BAT1/charge_full_design": "5000000\n",
	"BAT2/type": "Battery\n", "BAT2/present": "0\n", "BAT2/status": "Unknown\n",
	"cw2015/type": "Battery\n", "cw2015/energy_now": "25\n", "cw2015/energy_full": "100\n", "cw2015/capacity": "x\n",
	"hidpp_battery_0/type": "Battery\n", "hidpp_battery_0/scope": "Device\n", "hidpp_battery_0/capacity": "50\n",
	"ucsi/type": "USB\n", "ucsi/scope": "System\n", "ucsi/online": "2\n", "ucsi/status": "\n",
	"empty/uevent": "",
}

func TestPower(t *testing.T) {
	files := make(map[string]string)
	for name, content := range supplyFiles {
		files["sys/class/power_supply/"+name] = content
	}
	c, _ := newPower(Config{Host: writeHost(t, files)})
	var s schema.Stats
	if err := c.Collect(t.Context(), &s, time.Now()); err != nil {
		t.Fatal(err)
	}
	want := map[string]schema.Power{
		"AC": {Type: "Mains", Online: new(1)},
		"BAT0": {
			Type: "Battery", Status: "Discharging", ChargePercent: new(63.0), HealthPercent: new(87.0),
			PowerWatts: new(8.2), Cycles: new(uint64(212)),
		},
		"BAT1":   {Type: "Battery", Status: "Charging", ChargePercent: new(100.0), HealthPercent: new(100.0), PowerWatts: new(6.0)},
		"cw2015": {Type: "Battery", ChargePercent: new(25.0)},
		"ucsi":   {Type: "USB", Online: new(1)},
	}
	if diff := cmp.Diff(s.Power, want); diff != "" {
		t.Errorf("got -, want +\n%s", diff)
	}
}

func BenchmarkPower(b *testing.B) {
	files := make(map[string]string)
	for name, content := range supplyFiles {
		files["sys/class/power_supply/"+name] = content
	}
	c, _ := newPower(Config{Host: writeHost(b, files)})
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Collect(b.Context(), &schema.Stats{}, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
