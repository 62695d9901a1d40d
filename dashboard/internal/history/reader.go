package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/storage"
)

// source is where the past of hosts is read. Times are in milliseconds since
// 1970.
type source interface {
	storage.Queryable
	// moments returns the times of the samples of a host between two times, in
	// no more than a number, and false where there are more, or some of which
	// there are roll-ups alone.
	moments(ctx context.Context, q storage.Querier, host string, start, end int64, most int) ([]int64, bool, error)
	// rolled returns a reader of what series were rolled up to, in steps of that
	// length or shorter.
	rolled(kind string, step time.Duration, mint, maxt int64) (storage.Querier, error)
	// reach returns the time of the oldest number, and the time before which
	// there are roll-ups.
	reach() (first, until int64)
}

// Reader reads charts and events. It is safe for concurrent use.
type Reader struct {
	from  source
	slots chan struct{}
}

// newReader returns a reader of a source.
func newReader(from source) *Reader {
	return &Reader{from: from, slots: make(chan struct{}, maxQueries)}
}

// room waits for a slot, and returns what gives it back.
func (r *Reader) room(ctx context.Context) (func(), error) {
	select {
	case r.slots <- struct{}{}:
		return func() { <-r.slots }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	}
}

// Select calls use with a reader of a time, once there is room for it.
func (r *Reader) Select(ctx context.Context, start, end time.Time, use func(context.Context, storage.Querier) error) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	release, err := r.room(ctx)
	if err != nil {
		return err
	}
	defer release()
	querier, err := r.from.Querier(start.UnixMilli(), end.UnixMilli())
	if err != nil {
		return err
	}
	return errors.Join(use(ctx, querier), querier.Close())
}
