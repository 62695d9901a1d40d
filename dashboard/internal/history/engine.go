package history

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// The bounds of queries.
const (
	// maxQueries is the number of queries that run at once; others wait.
	maxQueries = 4
	// maxSamples is the number of numbers that one query may hold: 16 bytes each,
	// so that all queries together have 128 MB.
	maxSamples = 2_000_000
	// queryTimeout is how long a query may take, with waiting.
	queryTimeout = 20 * time.Second
	// lookback is how old a number may be to be the present one.
	lookback = 5 * time.Minute
	// MaxPoints is the number of points that a series of an answer may have.
	MaxPoints = 11_000
)

// ErrBusy is returned where a query has waited too long for others.
var ErrBusy = errors.New("too many queries are under way")

// ExpressionError is what is wrong with an expression, and where.
type ExpressionError struct{ err error }

// Error returns the parser's text.
func (e *ExpressionError) Error() string { return e.err.Error() }

// Unwrap returns the parser's error.
func (e *ExpressionError) Unwrap() error { return e.err }

// Engine evaluates PromQL. It is safe for concurrent use. See [NewEngine].
type Engine struct {
	engine *promql.Engine
	*Reader
}

// NewEngine returns an engine for what is in from.
func NewEngine(from *Store, log *slog.Logger) *Engine {
	return &Engine{
		engine: promql.NewEngine(promql.EngineOpts{
			Logger:               log.With("part", "promql"),
			MaxSamples:           maxSamples,
			Timeout:              queryTimeout,
			LookbackDelta:        lookback,
			EnableAtModifier:     true,
			EnableNegativeOffset: true,
			Parser:               parser.NewParser(parser.Options{}),
		}),
		Reader: newReader(from),
	}
}

// Instant evaluates an expression at a moment. Errors are an [ExpressionError],
// [ErrBusy], or of package promql, with [ErrClosed] among their causes while
// there is nothing to read.
func (e *Engine) Instant(ctx context.Context, expr string, at time.Time) (*Result, error) {
	return e.run(ctx, func(ctx context.Context) (promql.Query, error) {
		return e.engine.NewInstantQuery(ctx, e.from, nil, expr, at)
	})
}

// Range evaluates an expression at each step of a time.
func (e *Engine) Range(ctx context.Context, expr string, start, end time.Time, step time.Duration) (*Result, error) {
	return e.run(ctx, func(ctx context.Context) (promql.Query, error) {
		return e.engine.NewRangeQuery(ctx, e.from, nil, expr, start, end, step)
	})
}

// Result is what a query has found. It is closed after it has been read, and
// takes the room of a query until then.
type Result struct {
	*promql.Result
	query   promql.Query
	release func()
}

// Close gives back the memory of the result, and its room.
func (r *Result) Close() {
	r.query.Close()
	r.release()
}

// run runs a query once there is room for it.
func (e *Engine) run(ctx context.Context, prepare func(context.Context) (promql.Query, error)) (*Result, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	release, err := e.room(ctx)
	if err != nil {
		return nil, err
	}
	query, err := prepare(ctx)
	if err != nil {
		release()
		return nil, &ExpressionError{err}
	}
	result := &Result{query.Exec(ctx), query, release}
	if result.Err != nil {
		result.Close()
		return nil, result.Err
	}
	return result, nil
}
