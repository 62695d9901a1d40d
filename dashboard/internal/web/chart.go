package web

import (
	"context"
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
)

// Charts reads the past of a host.
type Charts interface {
	// Chart returns what metrics of a host were between two moments, with
	// room for a number of points, or an error to show while it can't.
	Chart(ctx context.Context, host string, metrics []string, start, end time.Time, points int) (any, error)
}

// chart answers with what metrics of a host were.
func (s *Server) chart(w http.ResponseWriter, r *http.Request) {
	if s.options.Charts == nil {
		fail(w, http.StatusNotFound, "nothing is remembered: history is switched off in the dashboard's configuration")
		return
	}
	query := r.URL.Query()
	metrics := strings.Split(query.Get("metrics"), ",")
	if query.Get("metrics") == "" || len(metrics) > maxChartMetrics {
		fail(w, http.StatusBadRequest, fmt.Sprintf("metrics: 1 to %d IDs of the catalogue, with commas between them", maxChartMetrics))
		return
	}
	start, err := moment(query, "start")
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	end, err := moment(query, "end")
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	points := chartPoints
	if text := query.Get("points"); text != "" {
		points, err = strconv.Atoi(text)
	}
	if err != nil || points < 1 || points > maxChartPoints || !start.Before(end) {
		fail(w, http.StatusBadRequest, fmt.Sprintf("points: 1 to %d; start: before end", maxChartPoints))
		return
	}
	chart, err := s.options.Charts.Chart(r.Context(), chi.URLParam(r, "host"), metrics, start, end, points)
	if err != nil {
		fail(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	write(w, http.StatusOK, chart)
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
