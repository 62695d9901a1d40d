package fleet

import (
	"time"

	"systant/pkg/schema"
)

// maxReasons bounds what a host can put into every browser's overview.
const maxReasons = 12

// clockReasons compares a host's clock with this machine's. A sample may
// have waited in a queue, so that only a large lag is the clock's.
func clockReasons(timestamp, now time.Time) []schema.Problem {
	ahead := timestamp.Sub(now).Round(time.Second)
	switch {
	case ahead > time.Minute:
		return []schema.Problem{{Severity: schema.Warning, Metric: "timestamp", Text: "clock " + ahead.String() + " ahead"}}
	case ahead < -10*time.Minute:
		return []schema.Problem{{Severity: schema.Warning, Metric: "timestamp", Text: "clock or sample " + (-ahead).String() + " behind"}}
	}
	return nil
}
