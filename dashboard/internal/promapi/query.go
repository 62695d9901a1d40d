package promapi

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"

	"systant/dashboard/internal/history"
)

// instant evaluates an expression at a moment.
func (a *api) instant(r *http.Request) (*answer, error) {
	at, err := moment(r, "time", time.Now())
	if err != nil {
		return nil, err
	}
	l, err := limits(r)
	if err != nil {
		return nil, err
	}
	found, err := a.engine.Instant(r.Context(), r.Form.Get("query"), at, l)
	return a.found(r, found, err)
}

// over evaluates an expression over a time.
func (a *api) over(r *http.Request) (*answer, error) {
	start, err := moment(r, "start", time.Time{})
	if err != nil {
		return nil, err
	}
	end, err := moment(r, "end", time.Time{})
	if err != nil {
		return nil, err
	}
	step, err := duration(r, "step")
	switch {
	case err != nil:
		return nil, err
	case end.Before(start):
		return nil, bad(`parameter "end": it is before the start`)
	case step < time.Millisecond:
		return nil, bad(`parameter "step": it must be a millisecond or more`)
	case (end.UnixMilli()-start.UnixMilli())/step.Milliseconds() > history.MaxPoints: // a time.Duration ends at 292 years
		return nil, bad(fmt.Sprintf(`parameter "step": more than %d points in a series; take a larger one`, history.MaxPoints))
	}
	l, err := limits(r)
	if err != nil {
		return nil, err
	}
	found, err := a.engine.Range(r.Context(), r.Form.Get("query"), start, end, step, l)
	return a.found(r, found, err)
}

// limits reads what a question says about its own evaluation.
func limits(r *http.Request) (l history.Limits, err error) {
	if r.Form.Get("timeout") != "" {
		if l.Timeout, err = duration(r, "timeout"); err != nil {
			return l, err
		}
	}
	if r.Form.Get("lookback_delta") != "" {
		l.Lookback, err = duration(r, "lookback_delta")
	}
	return l, err
}

// found turns what a query has found into an answer.
func (a *api) found(r *http.Request, found *history.Result, err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	most, err := limit(r)
	if err != nil {
		found.Close()
		return nil, err
	}
	if shorten(found, most) {
		found.Warnings.Add(errCut)
	}
	warnings, infos := found.Warnings.AsStrings(r.Form.Get("query"), maxNotes, maxNotes)
	return &answer{result: found, stats: r.Form.Get("stats") != "", warnings: warnings, infos: infos}, nil
}

// shorten takes the series of a result beyond a number away, and tells whether
// there were any.
func shorten(found *history.Result, most int) bool {
	switch value := found.Value.(type) {
	case promql.Matrix:
		if len(value) > most {
			found.Value = value[:most]
			return true
		}
	case promql.Vector:
		if len(value) > most {
			found.Value = value[:most]
			return true
		}
	}
	return false
}

// maxNotes is the number of warnings in an answer.
const maxNotes = 10

// moment reads a time: seconds since 1970, or RFC 3339.
func moment(r *http.Request, name string, otherwise time.Time) (time.Time, error) {
	text := r.Form.Get(name)
	if text == "" && !otherwise.IsZero() {
		return otherwise, nil
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(seconds) < math.MaxInt64/1e9 {
		return time.UnixMilli(int64(math.Round(seconds * 1e3))).UTC(), nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at, nil
	}
	return time.Time{}, bad(fmt.Sprintf("parameter %q: %.80q is neither seconds since 1970 nor a time of RFC 3339", name, text))
}

// duration reads a length of time: seconds, or such as 5m.
func duration(r *http.Request, name string) (time.Duration, error) {
	text := r.Form.Get(name)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(seconds) < math.MaxInt64/1e9 {
		return time.Duration(seconds * float64(time.Second)), nil
	}
	if d, err := model.ParseDuration(text); err == nil {
		return time.Duration(d), nil
	}
	return 0, bad(fmt.Sprintf("parameter %q: %.80q is neither seconds nor a duration such as 5m", name, text))
}
