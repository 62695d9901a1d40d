package dashboard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"systant/dashboard/internal/fleet"
	"systant/dashboard/internal/history"
	"systant/dashboard/internal/ingest"
	"systant/dashboard/internal/rewind"
	"systant/dashboard/internal/web"
)

// past reads for the page what was.
type past struct {
	fleet *fleet.Fleet
	*memory
}

// Chart returns what metrics of a host were.
func (p past) Chart(ctx context.Context, host string, metrics []string, start, end time.Time, points int) (any, error) {
	return p.reader.Chart(ctx, history.ChartRequest{Host: host, Metrics: metrics, Start: start, End: end, Points: points})
}

// Events returns what happened to a host.
func (p past) Events(ctx context.Context, host string, start, end time.Time) (any, error) {
	events, err := p.reader.Events(ctx, host, start, end)
	return struct {
		Events []history.Event `json:"events"`
	}{events}, err
}

// moment is a host as it was.
type moment struct {
	// At is when the sample was taken, Before and After when those around it
	// were; Since is when the oldest was that is kept.
	At     time.Time `json:"at"`
	Before time.Time `json:"before,omitzero"`
	After  time.Time `json:"after,omitzero"`
	Since  time.Time `json:"since"`
	// Detail is what it showed.
	Detail fleet.Detail `json:"detail"`
}

// Moment returns a host as it was at a moment, or [web.ErrNothing].
func (p past) Moment(ctx context.Context, host string, at time.Time) (any, error) {
	if p.rewind == nil {
		return nil, fmt.Errorf("%w: rewind is switched off in the dashboard's configuration", web.ErrNothing)
	}
	since, err := p.rewind.Since(ctx, host)
	if err != nil {
		return nil, err
	}
	found, err := p.rewind.At(ctx, host, at)
	if errors.Is(err, rewind.ErrNothing) {
		if since.IsZero() {
			return nil, fmt.Errorf("%w: no sample of this host is kept", web.ErrNothing)
		}
		return nil, fmt.Errorf("%w: samples of this host are kept since %s", web.ErrNothing, since.Format(time.RFC3339))
	}
	if err != nil {
		return nil, err
	}
	stats, err := ingest.ParseStats(host, found.Payload)
	if err != nil {
		return nil, fmt.Errorf("the sample of %v: %w", found.At, err)
	}
	return moment{found.At, found.Before, found.After, since, p.fleet.Past(stats, found.Payload, found.At)}, nil
}
