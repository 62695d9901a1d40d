package dashboard

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"systant/dashboard/internal/fleet"
	"systant/dashboard/internal/live"
)

// feedEvery is the least time between two passes of changes to the browsers:
// four a second look live, and a thousand hosts don't make a thousand events.
const feedEvery = 250 * time.Millisecond

// clockEvery is the time between two looks for hosts that have gone silent.
const clockEvery = time.Second

// feed carries changes from the fleet to the browsers.
type feed struct {
	fleet  *fleet.Fleet
	hub    *live.Hub
	view   *view
	memory *memory // nil where nothing is remembered
	log    *slog.Logger
}

// run passes changes on until ctx ends, and then the last of them.
func (f *feed) run(ctx context.Context) error {
	defer f.pass()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.fleet.Wake():
		}
		f.pass()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(feedEvery):
		}
	}
}

// pass sends what has changed since the pass before.
func (f *feed) pass() {
	changes := f.fleet.Changes()
	f.view.outdated()
	if f.memory != nil {
		f.memory.changes(changes)
	}
	if f.hub.Sessions() == 0 {
		return
	}
	if len(changes.Gone) > 0 {
		f.broadcast("gone", struct {
			Hosts []string `json:"hosts"`
		}{changes.Gone})
	}
	if len(changes.Hosts) > 0 {
		f.broadcast("hosts", struct {
			Hosts []fleet.Summary `json:"hosts"`
		}{changes.Hosts})
	}
	watched := f.hub.Watched()
	for _, row := range changes.Hosts {
		if !watched[row.Name] {
			continue
		}
		detail, ok := f.fleet.Host(row.Name)
		if !ok {
			continue // forgotten since; the next pass says so
		}
		if data := f.encode("detail", detail); data != nil {
			f.hub.SendDetail(row.Name, "detail", data)
		}
	}
}

// remembered shows a change of the history's state.
func (f *feed) remembered() {
	f.broadcast("history", f.memory.status())
}

// broadcast sends an event to every browser.
func (f *feed) broadcast(event string, value any) {
	if data := f.encode(event, value); data != nil {
		f.hub.Broadcast(event, data)
	}
}

// encode returns a value as JSON, or nil after logging that it can't be.
func (f *feed) encode(event string, value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		f.log.Error("event not encoded", "event", event, "err", err)
		return nil
	}
	return data
}

// tick lets the fleet's time pass until ctx ends.
func tick(ctx context.Context, f *fleet.Fleet) error {
	ticker := time.NewTicker(clockEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			f.Tick(now)
		}
	}
}
