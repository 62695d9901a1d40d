package history

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// maxEvents is the number of events of one answer; the newest are kept.
const maxEvents = 500

// bootShift is how far the time of one boot may seem to move: the kernel counts
// it back from a clock that is set now and then.
const bootShift = 2 * time.Minute

// The kinds of events, beside what of [infoSeries] has changed.
const (
	EventOffline = "offline"
	EventBoot    = "boot"
)

// changing are the labels of [infoSeries] whose changes are events.
var changing = []string{"os", "os_version", "kernel", "architecture", "agent_version"}

// Event is something that happened to a host.
type Event struct {
	// Kind is "offline", "boot", or what has changed: "os", "os_version",
	// "kernel", "architecture" or "agent_version".
	Kind string `json:"kind"`
	// At is when it began, in seconds since 1970, and End when it was over: null
	// for what is not over, or takes no time.
	At  float64  `json:"at"`
	End *float64 `json:"end"`
	// From and To are what was before a change, and after.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Events reads what happened to a host, in the order of time. Its errors are
// those of [Reader.Select].
func (r *Reader) Events(ctx context.Context, host string, start, end time.Time) ([]Event, error) {
	events := []Event{}
	err := r.Select(ctx, start, end, func(ctx context.Context, q storage.Querier) error {
		hints := storage.SelectHints{Start: start.UnixMilli(), End: end.UnixMilli()}
		for _, find := range []func(context.Context, storage.Querier, storage.SelectHints, string) ([]Event, error){offline, boots, changes} {
			found, err := find(ctx, q, hints, host)
			if err != nil {
				return fmt.Errorf("reading the events of %s: %w", host, err)
			}
			events = append(events, found...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	from, to := seconds(start.UnixMilli()), seconds(end.UnixMilli())
	events = slices.DeleteFunc(events, func(e Event) bool { return e.At < from || e.At > to })
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return events[max(0, len(events)-maxEvents):], nil
}

// seconds turns milliseconds into seconds.
func seconds(at int64) float64 { return float64(at) / 1000 }

// each calls use for all numbers of a host's series of one name, while it
// returns true; where there are roll-ups alone, for those that suit the
// function of the hints.
func each(ctx context.Context, q storage.Querier, hints storage.SelectHints, host, name string, use func(l labels.Labels, at int64, v float64) bool) error {
	set := q.Select(ctx, false, &hints, labels.MustNewMatcher(labels.MatchEqual, "host", host),
		labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, name))
	var it chunkenc.Iterator
	for set.Next() {
		of := set.At().Labels()
		it = set.At().Iterator(it)
		for it.Next() == chunkenc.ValFloat {
			if at, v := it.At(); !value.IsStaleNaN(v) && !use(of, at, v) {
				return nil
			}
		}
		if err := it.Err(); err != nil {
			return err
		}
	}
	return set.Err()
}

// offline finds the times when a host was away.
func offline(ctx context.Context, q storage.Querier, hints storage.SelectHints, host string) (events []Event, err error) {
	away := false
	hints.Func = "min_over_time"
	err = each(ctx, q, hints, host, upSeries, func(_ labels.Labels, at int64, up float64) bool {
		switch {
		case up == 0 && !away:
			events = append(events, Event{Kind: EventOffline, At: seconds(at)})
		case up != 0 && away:
			events[len(events)-1].End = new(seconds(at))
		}
		away = up == 0
		return true
	})
	return events, err
}

// boots finds the times when a host was started.
func boots(ctx context.Context, q storage.Querier, hints storage.SelectHints, host string) (events []Event, err error) {
	last := 0.0
	hints.Func = "max_over_time"
	err = each(ctx, q, hints, host, "systant_system_boot_time", func(_ labels.Labels, _ int64, boot float64) bool {
		if last != 0 && boot-last > bootShift.Seconds() {
			events = append(events, Event{Kind: EventBoot, At: boot})
		}
		last = max(last, boot)
		return true
	})
	return events, err
}

// changes finds what of a host has changed: one series of it ends, and another
// begins.
func changes(ctx context.Context, q storage.Querier, hints storage.SelectHints, host string) (events []Event, err error) {
	type spell struct {
		of    labels.Labels
		start int64
	}
	var spells []spell
	var before labels.Labels
	var last int64
	err = each(ctx, q, hints, host, infoSeries, func(l labels.Labels, at int64, _ float64) bool {
		// A series that goes on after a pause may have returned.
		const pause = 10 * time.Minute
		if !labels.Equal(l, before) || at-last > pause.Milliseconds() {
			spells = append(spells, spell{l, at})
		}
		before, last = l, at
		return true
	})
	slices.SortFunc(spells, func(a, b spell) int { return cmp.Compare(a.start, b.start) })
	for i := range spells {
		for _, name := range changing {
			if i == 0 {
				break
			}
			if from, to := spells[i-1].of.Get(name), spells[i].of.Get(name); from != to {
				events = append(events, Event{Kind: name, At: seconds(spells[i].start), From: from, To: to})
			}
		}
	}
	return events, err
}
