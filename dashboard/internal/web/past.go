package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
)

// The bounds of one chart.
const (
	maxChartMetrics = 64
	maxChartPoints  = 4000
	chartPoints     = 400 // where the request does not say
	// maxPast is the number of answers of the past that are made and sent at
	// once, of some megabytes each; others wait.
	maxPast  = 8
	pastWait = 10 * time.Second
)

// ErrNothing is returned by a [Past] where nothing is kept of what was asked
// for.
var ErrNothing = errors.New("nothing is kept of that moment")

// Past reads the past of a host. An error is shown to whoever asks.
type Past interface {
	// Chart returns what metrics of a host were between two moments, with
	// room for a number of points.
	Chart(ctx context.Context, host string, metrics []string, start, end time.Time, points int) (any, error)
	// Events returns what happened to a host between two moments.
	Events(ctx context.Context, host string, start, end time.Time) (any, error)
	// Moment returns all about a host as it was, or [ErrNothing].
	Moment(ctx context.Context, host string, at time.Time) (any, error)
}

// remembered wraps a handler that asks for the past.
func (s *Server) remembered(next http.HandlerFunc) http.HandlerFunc {
	return answer(func(w http.ResponseWriter, r *http.Request) {
		if s.options.Past == nil {
			fail(w, http.StatusNotFound, "nothing is remembered: history is switched off in the dashboard's configuration")
			return
		}
		select {
		case s.past <- struct{}{}:
			defer func() { <-s.past }()
			next(w, r)
		case <-r.Context().Done():
		case <-time.After(pastWait):
			fail(w, http.StatusServiceUnavailable, "too many questions of the past are under way")
		}
	})
}

// tell answers with what the past has, or the error instead.
func tell(w http.ResponseWriter, value any, err error) {
	switch {
	case errors.Is(err, ErrNothing):
		fail(w, http.StatusNotFound, err.Error())
	case err != nil:
		fail(w, http.StatusServiceUnavailable, err.Error())
	default:
		write(w, http.StatusOK, value)
	}
}

// moment answers with all about a host as it was.
func (s *Server) moment(w http.ResponseWriter, r *http.Request) {
	at, err := moment(r.URL.Query(), "at")
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	value, err := s.options.Past.Moment(r.Context(), chi.URLParam(r, "host"), at)
	tell(w, value, err)
}

// events answers with what happened to a host.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	start, end, err := span(r.URL.Query())
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	value, err := s.options.Past.Events(r.Context(), chi.URLParam(r, "host"), start, end)
	tell(w, value, err)
}

// chart answers with what metrics of a host were.
func (s *Server) chart(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	metrics := strings.Split(query.Get("metrics"), ",")
	if query.Get("metrics") == "" || len(metrics) > maxChartMetrics {
		fail(w, http.StatusBadRequest, fmt.Sprintf("metrics: 1 to %d IDs of the catalogue, with commas between them", maxChartMetrics))
		return
	}
	start, end, err := span(query)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	points := chartPoints
	if text := query.Get("points"); text != "" {
		points, err = strconv.Atoi(text)
	}
	if err != nil || points < 1 || points > maxChartPoints {
		fail(w, http.StatusBadRequest, fmt.Sprintf("points: 1 to %d", maxChartPoints))
		return
	}
	value, err := s.options.Past.Chart(r.Context(), chi.URLParam(r, "host"), metrics, start, end, points)
	tell(w, value, err)
}

// span reads the parameters start and end.
func span(query url.Values) (start, end time.Time, err error) {
	if start, err = moment(query, "start"); err != nil {
		return start, end, err
	}
	if end, err = moment(query, "end"); err == nil && !start.Before(end) {
		err = errors.New("start: not before end")
	}
	return start, end, err
}

// moment reads a parameter that is a time in seconds since 1970.
func moment(query url.Values, name string) (time.Time, error) {
	seconds, err := strconv.ParseFloat(query.Get(name), 64)
	const most = 1 << 33                                  // the year 2242
	if err != nil || !(seconds >= 0 && seconds <= most) { // not a number is neither
		return time.Time{}, fmt.Errorf("%s: %.80q is not seconds since 1970", name, query.Get(name))
	}
	return time.UnixMilli(int64(seconds * 1000)).UTC(), nil
}
