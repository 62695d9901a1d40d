package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
	"golang.org/x/sync/errgroup"
)

const (
	// maxAnswer is the size of one answer of another engine, in bytes.
	maxAnswer = 64 << 20
	// plainTime is the time over which numbers are asked for one by one.
	plainTime = 36 * time.Hour
)

// NewRemoteReader returns a reader of what is in another engine, by its
// [RemoteOptions.QueryURL].
func NewRemoteReader(o RemoteOptions) *Reader {
	return newReader(&remote{o.QueryURL, &http.Client{Transport: Authorized(o), Timeout: queryTimeout}})
}

// remote is the numbers in another engine. It implements [source].
type remote struct {
	at     *url.URL
	client *http.Client
}

// Querier reads what lies between two times.
func (r *remote) Querier(mint, maxt int64) (storage.Querier, error) {
	return &remoteQuerier{remote: r, mint: mint, maxt: maxt}, nil
}

// rolled has the other engine roll up.
func (r *remote) rolled(kind string, step time.Duration, mint, maxt int64) (storage.Querier, error) {
	return &remoteQuerier{r, mint, maxt, kind, step}, nil
}

// reach says that there are numbers and roll-ups of all time: the other engine
// decides what it has.
func (r *remote) reach() (first, until int64) { return math.MinInt64, math.MaxInt64 }

// moments asks for the samples' times where there can be few.
func (r *remote) moments(ctx context.Context, q storage.Querier, host string, start, end int64, most int) (moments []int64, all bool, err error) {
	if time.Duration(end-start)*time.Millisecond > plainTime {
		return nil, false, nil
	}
	all = true
	err = each(ctx, q, storage.SelectHints{Start: start, End: end}, host, upSeries, func(_ labels.Labels, at int64, up float64) bool {
		if all = len(moments) < most; all && up == 1 {
			moments = append(moments, at)
		}
		return all
	})
	return moments, all, err
}

// remoteQuerier reads a time.
type remoteQuerier struct {
	*remote
	mint, maxt int64
	kind       string // empty for the numbers themselves
	step       time.Duration
}

// functions are what rolls up, by kind.
var functions = map[string]string{rolledHigh: "max_over_time", rolledLow: "min_over_time", rolledMean: "avg_over_time"}

// Select returns the series that match.
func (q *remoteQuerier) Select(ctx context.Context, _ bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	kind, step := q.kind, q.step
	if over := time.Duration(q.maxt-q.mint) * time.Millisecond; kind == "" && over > plainTime {
		// Nobody reads a month of numbers one by one: what is asked for is what
		// has happened.
		kind, step = kindFor(hints), max(over/MaxPoints+time.Second, time.Minute).Truncate(time.Second)
	}
	names, rest := apart(matchers)
	if kind == "" {
		names, rest = []string{""}, matchers
	}
	found := make([][]storage.Series, len(names))
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.SetLimit(maxQueries)
	for i, name := range names {
		tasks.Go(func() (err error) {
			found[i], err = q.ask(ctx, name, rest, kind, step)
			return err
		})
	}
	if err := tasks.Wait(); err != nil {
		return storage.ErrSeriesSet(err)
	}
	return &seriesList{SeriesSet: storage.EmptySeriesSet(), rest: slices.Concat(found...)}
}

// apart takes the names of series out of matchers: functions drop them, so
// that each one has a query of its own.
func apart(matchers []*labels.Matcher) (names []string, rest []*labels.Matcher) {
	for _, m := range matchers {
		switch {
		case m.Name != model.MetricNameLabel:
			rest = append(rest, m)
		case m.Type == labels.MatchEqual:
			names = append(names, m.Value)
		default:
			names = append(names, m.SetMatches()...)
		}
	}
	return names, rest
}

// ask asks for series: the numbers of all that match, or what those of a name
// are rolled up to.
func (q *remoteQuerier) ask(ctx context.Context, name string, matchers []*labels.Matcher, kind string, step time.Duration) ([]storage.Series, error) {
	texts := make([]string, len(matchers))
	for i, m := range matchers {
		texts[i] = m.String()
	}
	expr := name + "{" + strings.Join(texts, ",") + "}"
	path, form := "query", url.Values{}
	if kind == "" {
		form.Set("query", fmt.Sprintf("%s[%dms]", expr, q.maxt-q.mint+1))
		form.Set("time", stamp(q.maxt))
	} else {
		path = "query_range"
		width := step.Milliseconds()
		first := q.mint - q.mint%width + width - 1 // the last moment of the first step
		form.Set("query", fmt.Sprintf("%s(%s[%dms])", functions[kind], expr, width))
		form.Set("start", stamp(first))
		form.Set("end", stamp(first+(max(q.maxt-first, 0)+width-1)/width*width))
		form.Set("step", stamp(width))
		form.Set("nocache", "1") // without it, VictoriaMetrics moves the steps
	}
	return q.fetch(ctx, path, form, name)
}

// stamp returns milliseconds as seconds.
func stamp(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', 3, 64) }

// matrix is an answer of Prometheus' HTTP API
// (https://prometheus.io/docs/prometheus/latest/querying/api).
type matrix struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		Result []struct {
			Metric map[string]string `json:"metric"`
			Values []point           `json:"values"`
		} `json:"result"`
	} `json:"data"`
}

// point is a number and its time.
type point promql.FPoint

// UnmarshalJSON reads a pair of seconds and a number in quotes.
func (p *point) UnmarshalJSON(text []byte) error {
	var at float64
	var number string
	pair := []any{&at, &number}
	if err := json.Unmarshal(text, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return errors.New("a point is not a pair")
	}
	v, err := strconv.ParseFloat(number, 64)
	*p = point{T: int64(math.Round(at * 1000)), F: v}
	return err
}

// fetch sends a question and returns the series of the answer, under a name
// where that is not empty.
func (q *remoteQuerier) fetch(ctx context.Context, path string, form url.Values, name string) ([]storage.Series, error) {
	address := q.at.JoinPath("api", "v1", path)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := q.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", address.Redacted(), cause(err))
	}
	defer answer.Body.Close()
	var found matrix
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&found); err != nil {
		return nil, fmt.Errorf("asking %s: %s: %w", address.Redacted(), answer.Status, err)
	}
	if found.Status != "success" {
		return nil, fmt.Errorf("asking %s: %s: %s", address.Redacted(), answer.Status, found.Error)
	}
	all := make([]storage.Series, len(found.Data.Result))
	for i, one := range found.Data.Result {
		of := labels.NewBuilder(labels.FromMap(one.Metric))
		if name != "" {
			of.Set(model.MetricNameLabel, name)
		}
		floats := make([]promql.FPoint, 0, len(one.Values))
		for _, p := range one.Values {
			if !math.IsNaN(p.F) { // a series that ended, as VictoriaMetrics has it
				floats = append(floats, promql.FPoint(p))
			}
		}
		all[i] = promql.NewStorageSeries(promql.Series{Metric: of.Labels(), Floats: floats})
	}
	return all, nil
}

// errNoLabels is returned where labels are asked for: the other engine's API
// answers that.
var errNoLabels = errors.New("labels are not read from another engine")

// LabelValues returns an error.
func (q *remoteQuerier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errNoLabels
}

// LabelNames returns an error.
func (q *remoteQuerier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errNoLabels
}

// Close does nothing.
func (q *remoteQuerier) Close() error { return nil }

// seriesList is a set of series that are there.
type seriesList struct {
	storage.SeriesSet // of none, for the errors
	now               storage.Series
	rest              []storage.Series
}

// Next goes to the next series.
func (l *seriesList) Next() bool {
	if len(l.rest) == 0 {
		return false
	}
	l.now, l.rest = l.rest[0], l.rest[1:]
	return true
}

// At returns the series.
func (l *seriesList) At() storage.Series { return l.now }
