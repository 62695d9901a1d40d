package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/compression"
)

// The database's measures.
const (
	// blockRange is the time that one block covers when it is written. Blocks
	// are merged later to up to maxBlockRange.
	blockRange    = 2 * time.Hour
	maxBlockRange = 54 * time.Hour
	// stripes is the number of locks for the series in memory. Prometheus' own
	// number costs megabytes and is meant for millions of series.
	stripes = 512
	// openAgain is the time between attempts to open the database.
	openAgain = 30 * time.Second
	// upEvery is how often it is written that a host is down.
	upEvery = 30 * time.Second
)

// ErrClosed is returned for queries while the database is not open.
var ErrClosed = errors.New("the history is not open yet")

// Options says where and how long to remember.
type Options struct {
	// Path is the folder; it is made if it is missing.
	Path string
	// Retention is how long numbers are kept.
	Retention time.Duration
	// MaxBytes is how large they may become, about; 0 is without bound.
	MaxBytes int64
	// RollupRetention is how long the lowest, highest and mean number of each
	// five minutes are kept, and MaxRollupBytes how large they may become; 0 is
	// not at all, and without bound.
	RollupRetention time.Duration
	MaxRollupBytes  int64
	// Late is how old a sample may be, and how far a host's clock may be behind.
	Late time.Duration
	// MaxSeries is the number of series that one host may have.
	MaxSeries int
	Log       *slog.Logger
	// OnChange, if not nil, is called after [Store.Status] has changed.
	OnChange func()
}

// Store is the history. It is safe for concurrent use. See [New].
type Store struct {
	*inbox
	*condition
	options Options

	// The following are of Run alone.
	writer *writer
	failed bool // something could not be written since the database was opened
	stale  bool // and can be now

	// opening guards all below.
	opening sync.RWMutex
	db      *tsdb.DB // nil while it is not open
	rollups *rollups // nil where there are none, too
}

// New returns a store for [Store.Run] to open.
func New(o Options) *Store {
	return &Store{inbox: newInbox(), condition: newCondition(o.Path, o.Log, o.OnChange), options: o, writer: newWriter(o)}
}

// Run opens the database and writes to it until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	for {
		err := s.open()
		if err == nil {
			s.work(ctx)
			s.close()
		}
		if ctx.Err() != nil {
			return nil
		}
		if err == nil {
			continue
		}
		s.fault(fmt.Errorf("opening the history in %s: %w", s.options.Path, err))
		if !s.discard(ctx, openAgain) {
			return nil
		}
	}
}

// discard counts what arrives as lost for a while, but for which hosts are down,
// and tells whether to go on.
func (s *Store) discard(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case e := <-s.queue:
			s.lost.Add(1)
			_ = s.writer.event(nowhere{}, e) // nothing is written
		}
	}
}

// nowhere takes no numbers. It implements [target].
type nowhere struct{}

// Append returns an error.
func (nowhere) Append(storage.SeriesRef, labels.Labels, int64, float64) (storage.SeriesRef, error) {
	return 0, ErrClosed
}

// open opens the database, which replays its log: about 10 s for the last two
// hours of a thousand hosts.
func (s *Store) open() error {
	if err := os.MkdirAll(s.options.Path, 0o750); err != nil {
		return err
	}
	o := tsdb.DefaultOptions()
	o.RetentionDuration = s.options.Retention.Milliseconds()
	o.MaxBytes = s.options.MaxBytes
	o.MinBlockDuration = blockRange.Milliseconds()
	o.MaxBlockDuration = max(min(maxBlockRange, s.options.Retention/10), blockRange).Milliseconds()
	o.OutOfOrderTimeWindow = s.options.Late.Milliseconds()
	o.WALCompression = compression.Snappy
	o.StripeSize = stripes
	db, err := openDatabase(s.options.Path, s.options.Log.With("part", "history"), o)
	if err != nil {
		return err
	}
	rolls, err := openRollups(s.options, db)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	s.opening.Lock()
	s.db, s.rollups = db, rolls
	s.opening.Unlock()
	s.opened(true)
	s.fault(nil)
	return nil
}

// close closes the database, which waits for those who read it. They ask for more
// meanwhile, and must get an answer.
func (s *Store) close() {
	s.opened(false)
	s.opening.Lock()
	db, rolls := s.db, s.rollups
	s.db, s.rollups = nil, nil
	s.opening.Unlock()
	err := db.Close()
	if rolls != nil {
		err = errors.Join(err, rolls.db.Close())
	}
	if err != nil {
		s.options.Log.Error("history not closed properly", "err", err)
	}
	s.failed, s.stale = false, false
	s.writer.closed()
}

// work writes, and rolls up what has been written, until ctx ends, or the
// database must be opened again.
func (s *Store) work(ctx context.Context) {
	var rolling sync.WaitGroup
	defer rolling.Wait()
	rollCtx, stop := context.WithCancel(ctx)
	defer stop()
	if s.rollups != nil {
		rolling.Go(func() { s.rollups.run(rollCtx) })
	}
	s.write(ctx)
}

// write writes what is handed over until ctx ends. It ends too once it can
// write again after it could not: series that began meanwhile are in the
// database's memory and not in its log, and all of theirs would be lost with
// the next start.
func (s *Store) write(ctx context.Context) {
	ticker := time.NewTicker(upEvery)
	defer ticker.Stop()
	for !s.stale {
		select {
		case <-ctx.Done():
			s.drain(context.WithoutCancel(ctx))
			return
		case e := <-s.queue:
			s.take(ctx, e)
			for _, e := range s.overdue() {
				s.take(ctx, e)
			}
		case now := <-ticker.C:
			s.commit(ctx, func(app storage.Appender) error { return s.writer.stillDown(app, now) })
		}
	}
}

// drain writes what has been handed over before the end.
func (s *Store) drain(ctx context.Context) {
	for {
		select {
		case e := <-s.queue:
			s.take(ctx, e)
		default:
			for _, e := range s.overdue() {
				s.take(ctx, e)
			}
			return
		}
	}
}

// take writes one event.
func (s *Store) take(ctx context.Context, e event) {
	s.commit(ctx, func(app storage.Appender) error { return s.writer.event(app, e) })
}

// commit writes what fill appends, in one transaction.
func (s *Store) commit(ctx context.Context, fill func(storage.Appender) error) {
	app := s.db.Appender(ctx)
	err := fill(app)
	if err == nil {
		err = app.Commit()
	} else {
		err = errors.Join(err, app.Rollback())
	}
	s.stale = s.failed && err == nil
	if err != nil {
		s.failed = true
		s.lost.Add(1)
		err = fmt.Errorf("writing the history: %w", err)
	}
	s.count(s.writer)
	if err == nil {
		err = s.future()
	}
	if !s.stale { // otherwise it is well once the database is open again
		s.fault(err)
	}
}

// future returns an error where there are numbers of so far ahead that those of
// the present are refused: this machine's clock was wrong once.
func (s *Store) future() error {
	newest := s.db.Head().MaxTime()
	if blocks := s.db.Blocks(); len(blocks) > 0 {
		newest = max(newest, blocks[len(blocks)-1].MaxTime())
	}
	until := time.UnixMilli(newest).Add(-s.options.Late).UTC()
	if !until.After(time.Now()) {
		return nil
	}
	return fmt.Errorf("this machine's clock was wrong once: the history in %s refuses what is older than %s", s.options.Path, until.Format(time.RFC3339))
}

// Counters returns what has been written so far.
func (s *Store) Counters() Counters { return s.totals(s.lost.Load()) }

// Querier reads what lies between two times in milliseconds since 1970, or
// returns [ErrClosed]. What the numbers themselves don't reach back to is read
// from their roll-ups. It implements [storage.Queryable].
func (s *Store) Querier(mint, maxt int64) (storage.Querier, error) {
	s.opening.RLock()
	defer s.opening.RUnlock()
	if s.db == nil {
		return nil, ErrClosed
	}
	first := firstTime(s.db)
	if s.rollups == nil || mint >= first {
		return s.db.Querier(mint, maxt)
	}
	old, err := s.rollups.db.Querier(mint, min(maxt, first-1))
	if err != nil {
		return nil, err
	}
	if maxt < first {
		return rolled{old, "", first - 1}, nil
	}
	fresh, err := s.db.Querier(first, maxt)
	if err != nil {
		return nil, errors.Join(err, old.Close())
	}
	return storage.NewMergeQuerier([]storage.Querier{rolled{old, "", first - 1}, fresh}, nil, storage.ChainedSeriesMerge), nil
}

// rolled returns a reader of roll-ups of one kind, or [ErrClosed].
func (s *Store) rolled(kind string, _ time.Duration, mint, maxt int64) (storage.Querier, error) {
	s.opening.RLock()
	defer s.opening.RUnlock()
	if s.rollups == nil {
		return nil, ErrClosed
	}
	q, err := s.rollups.db.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	return rolled{q, kind, maxt}, nil
}

// moments returns the times of a host's samples, as long as there are few.
func (s *Store) moments(ctx context.Context, q storage.Querier, host string, start, end int64, most int) (moments []int64, all bool, err error) {
	first, _ := s.reach()
	all = true
	err = each(ctx, q, storage.SelectHints{Start: start, End: end}, host, upSeries, func(_ labels.Labels, at int64, up float64) bool {
		if all = at >= first && len(moments) < most; all && up == 1 {
			moments = append(moments, at)
		}
		return all
	})
	return moments, all, err
}

// reach returns the time of the oldest number, and the time before which there
// are roll-ups, in milliseconds.
func (s *Store) reach() (first, until int64) {
	s.opening.RLock()
	defer s.opening.RUnlock()
	if s.db == nil {
		return math.MaxInt64, math.MinInt64
	}
	if s.rollups == nil {
		return firstTime(s.db), math.MinInt64
	}
	return firstTime(s.db), s.rollups.until()
}
