package dashboard

import (
	"context"
	"encoding/json"
	"time"

	"systant/dashboard/internal/fleet"
	"systant/dashboard/internal/history"
	"systant/pkg/schema"
)

// recorder has the history remember what the fleet has taken.
type recorder struct {
	*fleet.Fleet
	history *history.Store
}

// Sample hands a sample to the fleet, and then to the history.
func (r *recorder) Sample(s *schema.Stats, payload json.RawMessage, retained bool, now time.Time) error {
	if err := r.Fleet.Sample(s, payload, retained, now); err != nil {
		return err
	}
	r.history.Sample(s, retained, now)
	return nil
}

// record tells the history what became of hosts.
func record(changes fleet.Changes, h *history.Store) {
	for _, name := range changes.Gone {
		h.Gone(name)
	}
	for _, row := range changes.Hosts {
		if row.State != fleet.Online {
			h.Down(row.Name, row.Since)
		}
	}
}

// charts reads the history for the page.
type charts struct {
	engine *history.Engine
}

// Chart returns what metrics of a host were.
func (c charts) Chart(ctx context.Context, host string, metrics []string, start, end time.Time, points int) (any, error) {
	return c.engine.Chart(ctx, history.ChartRequest{Host: host, Metrics: metrics, Start: start, End: end, Points: points})
}
