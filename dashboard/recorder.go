package dashboard

import (
	"encoding/json"
	"time"

	"systant/dashboard/internal/fleet"
	"systant/dashboard/internal/history"
	"systant/dashboard/internal/rewind"
	"systant/pkg/schema"
)

// recorder has the history remember what the fleet has taken.
type recorder struct {
	*fleet.Fleet
	history *history.Store
	rewind  *rewind.Store // nil where samples are not kept as they came
	late    time.Duration
}

// Sample hands a sample to the fleet, and then to the history.
func (r *recorder) Sample(s *schema.Stats, payload json.RawMessage, retained bool, now time.Time) error {
	if err := r.Fleet.Sample(s, payload, retained, now); err != nil {
		return err
	}
	r.history.Sample(s, retained, now)
	if r.rewind == nil {
		return nil
	}
	if at, ok := history.Moment(s.Timestamp, r.late, retained, now); ok {
		r.rewind.Add(s.Hostname, at, payload)
	}
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
