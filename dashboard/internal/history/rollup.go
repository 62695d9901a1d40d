package history

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/annotations"

	"systant/pkg/schema"
)

// The roll-ups' measures.
const (
	// rollStep is the time that is rolled up to one number.
	rollStep = 5 * time.Minute
	// rollSpan is the time that one block covers when it is written.
	rollSpan = 24 * time.Hour
	// maxRollBlock is the time that blocks are merged up to.
	maxRollBlock = 27 * rollSpan
	// rollEvery is the time between looks for a day that can be rolled up.
	rollEvery = 10 * time.Minute
	// settle is the time after which no sample of a day is under way any more,
	// beside the time that samples may be late.
	settle = time.Hour
)

// rollups keeps the lowest, highest and mean number of each [rollStep], for
// longer than the numbers themselves. A day is rolled up once no sample of it
// can arrive any more.
type rollups struct {
	options  Options
	raw      *tsdb.DB
	db       *tsdb.DB
	counters map[string]bool // by the names of series

	// mu is held while days are rolled up, and guards next.
	mu sync.Mutex
	// next is the day to roll up next, in milliseconds; what lies before it is
	// done.
	next int64
	// since is the oldest number when it was looked for first.
	since int64
}

// openRollups opens the roll-ups of a database, or returns nil where none are
// wanted.
func openRollups(options Options, raw *tsdb.DB) (*rollups, error) {
	if options.RollupRetention == 0 {
		return nil, nil //nolint:nilnil // nothing is what is wanted
	}
	o := tsdb.DefaultOptions()
	o.RetentionDuration = options.RollupRetention.Milliseconds()
	o.MaxBytes = options.MaxRollupBytes
	o.MinBlockDuration = rollSpan.Milliseconds()
	o.MaxBlockDuration = max(min(maxRollBlock, options.RollupRetention/10), rollSpan).Milliseconds()
	o.WALSegmentSize = -1 // only whole blocks are added
	o.StripeSize = 1
	db, err := openDatabase(filepath.Join(options.Path, "rollups"), options.Log.With("part", "rollups"), o)
	if err != nil {
		return nil, fmt.Errorf("opening the roll-ups: %w", err)
	}
	r := &rollups{options: options, raw: raw, db: db, counters: map[string]bool{}, next: math.MinInt64, since: math.MaxInt64}
	for _, g := range schema.Catalogue() {
		for _, m := range g.Metrics {
			r.counters[m.Series()] = m.Counter()
		}
	}
	if blocks := db.Blocks(); len(blocks) > 0 {
		r.next = blocks[len(blocks)-1].MaxTime()
	}
	return r, nil
}

// run rolls up what can be until ctx ends.
func (r *rollups) run(ctx context.Context) {
	ticker := time.NewTicker(rollEvery)
	defer ticker.Stop()
	said := ""
	for {
		text := ""
		if err := r.catchUp(ctx, time.Now()); err != nil && ctx.Err() == nil {
			text = err.Error()
			if said != text {
				r.options.Log.Error("history not rolled up; it is tried again", "err", err)
			}
		}
		said = text
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// catchUp rolls up all days that are complete at a moment.
func (r *rollups) catchUp(ctx context.Context, now time.Time) error {
	span := rollSpan.Milliseconds()
	// A clock may be wrong when a machine starts: what no later number has come after
	// is not complete.
	complete := min(now.UnixMilli(), lastTime(r.raw)) - (r.options.Late + settle).Milliseconds()
	first := firstTime(r.raw)
	r.mu.Lock()
	defer r.mu.Unlock()
	if first > complete {
		return nil // there is nothing yet
	}
	r.since = max(min(r.since, first), r.next) // what lies before is done, or was never there
	for day := max(r.next, first-first%span); day+span <= complete; day += span {
		if err := r.roll(ctx, day, day+span); err != nil {
			return fmt.Errorf("rolling up %s: %w", time.UnixMilli(day).UTC().Format(time.DateOnly), err)
		}
		r.next = day + span
	}
	if removed := time.Duration(first-max(r.since, r.next)) * time.Millisecond; removed >= rollSpan {
		return fmt.Errorf("%v of numbers were removed before %s, too early to be rolled up: the history's size is too small", removed.Truncate(time.Hour), time.UnixMilli(first).UTC().Format(time.DateOnly))
	}
	return nil
}

// roll rolls up a time.
func (r *rollups) roll(ctx context.Context, start, end int64) error {
	from, err := r.raw.Querier(start, end-1)
	if err != nil {
		return err
	}
	began := time.Now()
	written, err := writeRollBlock(ctx, r.db.Dir(), from, r.counters, start, end)
	if err = errors.Join(err, from.Close()); err != nil {
		return err
	}
	if !written {
		return nil
	}
	// The database finds the block by itself within a minute.
	r.options.Log.Debug("history rolled up", "day", time.UnixMilli(start).UTC().Format(time.DateOnly), "took", time.Since(began))
	return nil
}

// until returns the time before which there are roll-ups, in milliseconds.
func (r *rollups) until() int64 {
	if blocks := r.db.Blocks(); len(blocks) > 0 {
		return blocks[len(blocks)-1].MaxTime()
	}
	return math.MinInt64
}

// firstTime returns the time of the oldest number of a database, in
// milliseconds, or the greatest time where there is none.
func firstTime(db *tsdb.DB) int64 {
	first := min(db.Head().MinTime(), db.Head().MinOOOTime())
	if blocks := db.Blocks(); len(blocks) > 0 {
		first = min(first, blocks[0].MinTime())
	}
	return first
}

// lastTime returns the time of the newest number of a database, in milliseconds, or
// 0 where there is none.
func lastTime(db *tsdb.DB) int64 {
	last := max(db.Head().MaxTime(), 0)
	for _, block := range db.Blocks() {
		last = max(last, block.MaxTime()-1)
	}
	return last
}

// rolled reads roll-ups as if they were the series themselves.
type rolled struct {
	storage.Querier
	kind string // which ones; empty for what a query's function calls for
	maxt int64  // the last time that is read, whatever a query asks for
}

// Select returns the roll-ups of the series that match.
func (r rolled) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	kind := r.kind
	if kind == "" {
		kind = kindFor(hints)
	}
	if hints != nil && hints.End > r.maxt {
		within := *hints
		within.End = r.maxt
		hints = &within
	}
	all := append([]*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, rollLabel, kind)}, matchers...)
	return unrolled{r.Querier.Select(ctx, sorted, hints, all...)}
}

// LabelNames returns the names of labels, as the series themselves have them.
func (r rolled) LabelNames(ctx context.Context, hints *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	names, notes, err := r.Querier.LabelNames(ctx, hints, matchers...)
	kept := names[:0]
	for _, name := range names {
		if name != rollLabel {
			kept = append(kept, name)
		}
	}
	return kept, notes, err
}

// kindFor returns the roll-up that stands for the numbers in a function: a
// peak is to be seen in a maximum.
func kindFor(hints *storage.SelectHints) string {
	if hints == nil {
		return rolledMean
	}
	switch hints.Func {
	case "max", "max_over_time", "topk":
		return rolledHigh
	case "min", "min_over_time", "bottomk":
		return rolledLow
	}
	return rolledMean
}

// unrolled is a set of series without what tells roll-ups apart.
type unrolled struct{ storage.SeriesSet }

// At returns the series.
func (u unrolled) At() storage.Series { return unrolledSeries{u.SeriesSet.At()} }

// unrolledSeries is a roll-up under its series' name.
type unrolledSeries struct{ storage.Series }

// Labels returns the labels of the series itself.
func (u unrolledSeries) Labels() labels.Labels {
	return labels.NewBuilder(u.Series.Labels()).Del(rollLabel).Labels()
}
