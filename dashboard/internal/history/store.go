package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"os"
	"sync"
	"time"

	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/compression"

	"systant/pkg/schema"
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
	// queueLength is the number of samples that wait while the disk is slow: a
	// minute of a thousand hosts.
	queueLength = 2048
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

// Status is the state of the history.
type Status struct {
	// Open tells whether it can be read.
	Open bool `json:"open"`
	// Error says why samples are not remembered; empty while they are.
	Error string `json:"error,omitempty"`
	// Since is when that began.
	Since time.Time `json:"since"`
	// Crowded are hosts with more series than are remembered.
	Crowded []string `json:"crowded,omitempty"`
}

// Counters tells what has been written since the start.
type Counters struct {
	// Samples is the number of numbers.
	Samples uint64
	// Lost is the number of messages that were not remembered.
	Lost uint64
	// Refused is the number of numbers that were not taken, by reason.
	Refused map[string]uint64
}

// Store is the history. It is safe for concurrent use. See [New].
type Store struct {
	options Options
	queue   chan event
	writer  *writer // of Run alone

	// mu guards all below.
	mu       sync.RWMutex
	db       *tsdb.DB // nil while it is not open
	rollups  *rollups // nil where there are none, too
	status   Status
	counters Counters
}

// event is something to write: a sample, or what became of a host.
type event struct {
	sample   *schema.Stats
	retained bool
	host     string // without a sample: the host that is down, or gone
	gone     bool
	now      time.Time
}

// New returns a store for [Store.Run] to open.
func New(o Options) *Store {
	s := &Store{options: o, queue: make(chan event, queueLength), status: Status{Error: ErrClosed.Error(), Since: time.Now().UTC()}}
	s.counters.Refused = map[string]uint64{}
	s.writer = newWriter(o)
	return s
}

// Sample hands a sample over that arrived at the moment now. It belongs to the
// store from then on, and is not changed.
func (s *Store) Sample(sample *schema.Stats, retained bool, now time.Time) {
	s.tell(event{sample: sample, retained: retained, now: now})
}

// Down tells that a host is offline or stale since a moment. It is up again
// with its next sample.
func (s *Store) Down(host string, since time.Time) {
	s.tell(event{host: host, now: since})
}

// Gone tells that a host is not of the fleet any more. What is remembered of
// it stays.
func (s *Store) Gone(host string) {
	s.tell(event{host: host, gone: true})
}

// tell queues an event, or counts it as lost.
func (s *Store) tell(e event) {
	select {
	case s.queue <- e:
	default:
		s.mu.Lock()
		s.counters.Lost++
		s.mu.Unlock()
	}
}

// Run opens the database and writes to it until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	for {
		err := s.open()
		if err == nil {
			err = s.work(ctx)
			s.close()
		}
		if ctx.Err() != nil {
			return nil
		}
		s.fault(fmt.Errorf("opening the history in %s: %w", s.options.Path, err))
		if !s.discard(ctx, openAgain) {
			return nil
		}
	}
}

// discard counts what arrives as lost for a while, and tells whether to go on.
func (s *Store) discard(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-s.queue:
			s.mu.Lock()
			s.counters.Lost++
			s.mu.Unlock()
		}
	}
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
	db, err := tsdb.Open(s.options.Path, slog.New(quiet{s.options.Log.With("part", "history").Handler()}), nil, o, nil)
	if err != nil {
		return err
	}
	rolls, err := openRollups(s.options, db)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	s.mu.Lock()
	s.db, s.rollups, s.status.Open = db, rolls, true
	s.mu.Unlock()
	s.fault(nil)
	return nil
}

// close closes the database.
func (s *Store) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.db.Close()
	if s.rollups != nil {
		err = errors.Join(err, s.rollups.db.Close())
	}
	if err != nil {
		s.options.Log.Error("history not closed properly", "err", err)
	}
	s.db, s.rollups, s.status.Open = nil, nil, false
	s.writer = newWriter(s.options) // its references are of the old one
}

// work writes, and rolls up what has been written, until ctx ends.
func (s *Store) work(ctx context.Context) error {
	var rolling sync.WaitGroup
	defer rolling.Wait()
	if s.rollups != nil {
		rolling.Go(func() { s.rollups.run(ctx) })
	}
	return s.write(ctx)
}

// write writes what is handed over until ctx ends.
func (s *Store) write(ctx context.Context) error {
	ticker := time.NewTicker(upEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			s.drain(context.WithoutCancel(ctx))
			return nil
		case e := <-s.queue:
			s.take(ctx, e)
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
			return
		}
	}
}

// take writes one event.
func (s *Store) take(ctx context.Context, e event) {
	s.commit(ctx, func(app storage.Appender) error {
		switch {
		case e.sample != nil:
			return s.writer.sample(app, e.sample, e.retained, e.now)
		case e.gone:
			return s.writer.gone(app, e.host)
		}
		return s.writer.down(app, e.host, e.now)
	})
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
	if err != nil {
		err = fmt.Errorf("writing the history: %w", err)
	}
	s.mu.Lock()
	if err != nil {
		s.counters.Lost++
	}
	s.counters.Samples += s.writer.taken()
	for reason, n := range s.writer.refused {
		s.counters.Refused[reason] += n
	}
	clear(s.writer.refused)
	s.mu.Unlock()
	s.fault(err)
}

// fault notes an error, or that there is none, and says so once.
func (s *Store) fault(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	crowded := s.writer.crowded()
	s.mu.Lock()
	before := s.status
	s.status.Error, s.status.Crowded = text, crowded
	changed := before.Error != text || len(before.Crowded) != len(crowded) || before.Open != s.status.Open
	if before.Error != text {
		s.status.Since = time.Now().UTC()
	}
	s.mu.Unlock()
	switch {
	case before.Error == text:
	case err != nil:
		s.options.Log.Error("history not written; everything else goes on", "err", err)
	default:
		s.options.Log.Info("history is written", "path", s.options.Path)
	}
	if changed && s.options.OnChange != nil {
		s.options.OnChange()
	}
}

// Status returns the state of the history.
func (s *Store) Status() Status {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.status
}

// Counters returns what has been written so far.
func (s *Store) Counters() Counters {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.counters
	c.Refused = maps.Clone(s.counters.Refused)
	return c
}

// Querier reads what lies between two times in milliseconds since 1970, or
// returns [ErrClosed]. What the numbers themselves don't reach back to is read
// from their roll-ups. It implements [storage.Queryable].
func (s *Store) Querier(mint, maxt int64) (storage.Querier, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
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
		return rolled{Querier: old}, nil
	}
	fresh, err := s.db.Querier(first, maxt)
	if err != nil {
		return nil, errors.Join(err, old.Close())
	}
	return storage.NewMergeQuerier([]storage.Querier{rolled{Querier: old}, fresh}, nil, storage.ChainedSeriesMerge), nil
}

// rolled returns a reader of roll-ups of one kind, or [ErrClosed].
func (s *Store) rolled(kind string, mint, maxt int64) (storage.Querier, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.rollups == nil {
		return nil, ErrClosed
	}
	q, err := s.rollups.db.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	return rolled{q, kind}, nil
}

// reach returns the time of the oldest number, and the time before which there
// are roll-ups, in milliseconds.
func (s *Store) reach() (first, until int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		return math.MaxInt64, math.MinInt64
	}
	if s.rollups == nil {
		return firstTime(s.db), math.MinInt64
	}
	return firstTime(s.db), s.rollups.until()
}
