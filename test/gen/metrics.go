package main

import (
	"bytes"
	"fmt"
	"strings"

	"systant/pkg/schema"
)

// metricsHead is what stands before the groups in docs/metrics.md.
const metricsHead = `# Metrics

<!-- Written by go run ./test/gen from the catalogue in pkg/schema. -->

Every number that an agent can send. A metric's name is its place in the
payload: ` + "`cpu.usage_percent`" + ` is the field ` + "`usage_percent`" + ` of the object ` + "`cpu`" + `.
Where a group has instances, their keys stand between: ` + "`disk.used_bytes`" + ` of the
mount point ` + "`/home`" + ` is ` + "`.disk[\"/home\"].used_bytes`" + `.

Numbers are in base units, which the name ends with. Rates and shares are means
over the time since the sample before. What a host does not have, or what can't
be known yet, is absent and never zero. Names that end with ` + "`_total`" + ` are counters:
they grow until their source restarts.

The whole payload, tables and strings included, is described in
[schema/stats.json](schema/stats.json), a JSON Schema.
`

// metricsPage returns docs/metrics.md.
func metricsPage() []byte {
	var out bytes.Buffer
	out.WriteString(metricsHead)
	for _, g := range schema.Catalogue() {
		fmt.Fprintf(&out, "\n## %s\n\n", g.Label)
		if g.Instance != "" {
			fmt.Fprintf(&out, "One object for each %s.\n\n", g.Instance)
		}
		out.WriteString("| metric | shown as | unit | meaning |\n|---|---|---|---|\n")
		for _, m := range g.Metrics {
			fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", m.ID, cell(m.Label), strings.ReplaceAll(string(m.Unit), "_", " "), cell(m.Help))
		}
	}
	return out.Bytes()
}

// cell returns text as it must stand in a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(text)
}
