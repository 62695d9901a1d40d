package homeassistant

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"testing"

	"systant/pkg/schema"
)

// entitiesHead is what stands before the tables of docs/entities.md.
const entitiesHead = `# Entities in Home Assistant

<!-- Written by go test ./agent/internal/homeassistant -update from the catalogue in pkg/schema. -->

What Home Assistant has of a host named nas, by the ids that the agent proposes. Who
renames an entity keeps its new name. Of each disk, interface, sensor and so on there
is one set. An entity is there if the host has the value; those that are not on are
registered and disabled: enable one on the device's page.
`

// instances are examples of what groups have several of.
var instances = map[string]string{
	"core": "0", "disk": "/home", "block": "sda", "network": "eth0", "temperature": "nvme0/Composite",
	"fan": "nct6798-isa-0290/fan1", "power": "BAT0", "gpu": "GPU-5a1c6c6e",
}

// TestEntitiesPage writes every entity that a host can have to docs/entities.md.
func TestEntitiesPage(t *testing.T) {
	c := example(t)
	s := &schema.Stats{
		System: &schema.System{PrimaryInterface: "eth0", Kernel: "6.12", OS: "NixOS", AgentVersion: "1", PrimaryAddress: "192.0.2.7", RebootNeeded: new(0)},
		GPU:    map[string]schema.GPU{instances["gpu"]: {}},
		Units:  &schema.Units{},
		NixOS:  &schema.NixOS{State: "booted", Revision: "0cc1d5f", UpgradeResult: "success"},
	}
	var page bytes.Buffer
	page.WriteString(entitiesHead)
	table := func(title string, rows []entity) {
		if len(rows) == 0 {
			return
		}
		fmt.Fprintf(&page, "\n## %s\n\n| entity | name | unit | on |\n|---|---|---|---|\n", title)
		for _, one := range rows {
			on := "yes"
			if one.optional() {
				on = ""
			}
			unit := one.UnitOfMeasurement
			if one.DeviceClass != "" && unit == "" {
				unit = one.DeviceClass
			}
			fmt.Fprintf(&page, "| `%s` | %s | %s | %s |\n", one.DefaultEntityID, one.Name, unit, on)
		}
	}
	table("The host", append([]entity{c.online()}, c.facts(s)...))
	var all []schema.Number
	for _, g := range schema.Catalogue() {
		var rows []entity
		for _, m := range g.Metrics {
			instance := instances[g.Name]
			if (g.Instance == "") != (instance == "") {
				t.Errorf("%s: got the example %q", g.Name, instance)
			}
			r := schema.Number{Group: &g, Metric: &m, Instance: instance}
			all = append(all, r)
			rows = append(rows, c.metrics(s, []schema.Number{r})...)
		}
		rows = append(rows, c.problems(s, []schema.Number{{Group: &g}})...)
		table(cmp.Or(g.Label, g.Name), rows)
	}
	table("Commands", c.commands())
	golden(t, "../../../docs/entities.md", page.Bytes())
	seen := make(map[string]bool)
	for _, r := range all {
		id := c.metric(s, r).DefaultEntityID
		if seen[id] || strings.Contains(id, "__") {
			t.Errorf("%s has the id %s, which another one has", r.Metric.ID, id)
		}
		seen[id] = true
	}
}
