package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/stats"
	"golang.org/x/sync/semaphore"
)

// The bounds of queries.
const (
	// maxQueries is the number of queries that run at once; others wait.
	maxQueries = 4
	// maxSamples is the number of numbers that one query may hold: 16 bytes each,
	// so that all queries together have 128 MB, and as much again is on its way to
	// those who asked.
	maxSamples = 2_000_000
	// queryTimeout is how long a query may take, with waiting.
	queryTimeout = 20 * time.Second
	// lookback is how old a number may be to be the present one.
	lookback = 5 * time.Minute
	// subqueryStep is the step of a subquery that names none.
	subqueryStep = time.Minute
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
	parser parser.Parser
	sent   *semaphore.Weighted // numbers of results that are on their way
	*Reader
}

// NewEngine returns an engine for what is in from.
func NewEngine(from *Store, log *slog.Logger) *Engine {
	syntax := parser.NewParser(parser.Options{})
	return &Engine{
		parser: syntax, sent: semaphore.NewWeighted(maxQueries * maxSamples),
		engine: promql.NewEngine(promql.EngineOpts{
			Logger:                   log.With("part", "promql"),
			MaxSamples:               maxSamples,
			Timeout:                  queryTimeout,
			LookbackDelta:            lookback,
			EnableAtModifier:         true,
			EnableNegativeOffset:     true,
			Parser:                   syntax,
			NoStepSubqueryIntervalFn: func(int64) int64 { return subqueryStep.Milliseconds() },
		}),
		Reader: newReader(from),
	}
}

// Limits are what a question says about its own evaluation; zeros are the
// engine's.
type Limits struct {
	// Timeout is how long it may take, and no longer than the engine allows.
	Timeout time.Duration
	// Lookback is how old a number may be to be the present one.
	Lookback time.Duration
}

// Instant evaluates an expression at a moment. Errors are an [ExpressionError],
// [ErrBusy], or of package promql, with [ErrClosed] among their causes while
// there is nothing to read.
func (e *Engine) Instant(ctx context.Context, expr string, at time.Time, l Limits) (*Result, error) {
	return e.run(ctx, l, expr, func(ctx context.Context, o promql.QueryOpts) (promql.Query, error) {
		return e.engine.NewInstantQuery(ctx, e.from, o, expr, at)
	})
}

// Range evaluates an expression at each step of a time.
func (e *Engine) Range(ctx context.Context, expr string, start, end time.Time, step time.Duration, l Limits) (*Result, error) {
	return e.run(ctx, l, expr, func(ctx context.Context, o promql.QueryOpts) (promql.Query, error) {
		return e.engine.NewRangeQuery(ctx, e.from, o, expr, start, end, step)
	})
}

// Result is what a query has found. It is closed after it has been read. Who reads it
// slowly holds up others only where it is large.
type Result struct {
	*promql.Result
	query   promql.Query
	release func()
}

// Stats returns how long the query took and how many numbers it held, as
// Prometheus' API has it.
func (r *Result) Stats() stats.QueryStats { return stats.NewQueryStats(r.query.Stats()) }

// Close gives back the memory of the result.
func (r *Result) Close() {
	r.query.Close()
	r.release()
}

// run runs a query once there is room for it.
func (e *Engine) run(ctx context.Context, l Limits, expr string, prepare func(context.Context, promql.QueryOpts) (promql.Query, error)) (*Result, error) {
	timeout := queryTimeout
	if l.Timeout > 0 {
		timeout = min(l.Timeout, timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	release, err := e.room(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := e.check(expr); err != nil {
		return nil, err
	}
	query, err := prepare(ctx, promql.NewPrometheusQueryOpts(false, l.Lookback))
	if err != nil {
		return nil, &ExpressionError{err}
	}
	found := query.Exec(ctx)
	if found.Err != nil {
		query.Close()
		return nil, found.Err
	}
	n := numbersIn(found)
	if err := e.sent.Acquire(ctx, n); err != nil {
		query.Close()
		return nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return &Result{found, query, func() { e.sent.Release(n) }}, nil
}

// check returns an [ExpressionError] for what is no expression, or too large a one.
func (e *Engine) check(expr string) error {
	if err := CheckSize(expr); err != nil {
		return err
	}
	parsed, err := e.parser.ParseExpr(expr)
	if err != nil {
		return &ExpressionError{err}
	}
	return checkGrowth(parsed)
}

// numbersIn returns how many numbers a result holds.
func numbersIn(found *promql.Result) int64 {
	switch value := found.Value.(type) {
	case promql.Matrix:
		return min(int64(value.TotalSamples()), maxSamples)
	case promql.Vector:
		return min(int64(len(value)), maxSamples)
	}
	return 1
}
