package promapi

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"systant/dashboard/internal/history"
)

// maxFound is the number of series or labels in an answer.
const maxFound = 50_000

// The times that stand for the beginning and the end.
var (
	beginning = time.Unix(0, 0).UTC()
	theEnd    = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// selection is what a request for series or labels asks for.
type selection struct {
	start, end time.Time
	selectors  []string
	limit      int
}

// selection reads a request.
func (a *api) selection(r *http.Request) (*selection, error) {
	s := &selection{selectors: r.Form["match[]"]}
	var err error
	if s.start, err = moment(r, "start", beginning); err != nil {
		return nil, err
	}
	if s.end, err = moment(r, "end", theEnd); err != nil {
		return nil, err
	}
	most, err := limit(r)
	s.limit = min(most, maxFound)
	return s, err
}

// matchers reads the selectors, which is some work: it is done where there is room
// for a query.
func (a *api) matchers(s *selection) ([][]*labels.Matcher, error) {
	fault := func(err error) error { return bad(fmt.Sprintf("parameter %q: %v", "match[]", err)) }
	if err := history.CheckSize(s.selectors...); err != nil {
		return nil, fault(err)
	}
	all := make([][]*labels.Matcher, 0, len(s.selectors))
	for _, text := range s.selectors {
		matchers, err := a.parser.ParseMetricSelector(text)
		if err != nil {
			return nil, fault(err)
		}
		all = append(all, matchers)
	}
	return all, nil
}

// limit reads how many results are wanted, of which 0 is all.
func limit(r *http.Request) (int, error) {
	text := r.Form.Get("limit")
	if text == "" {
		return math.MaxInt, nil
	}
	most, err := strconv.Atoi(text)
	switch {
	case err != nil || most < 0:
		return 0, bad(fmt.Sprintf("parameter %q: %.80q is no number of results", "limit", text))
	case most == 0:
		return math.MaxInt, nil
	}
	return most, nil
}

// errCut is the warning where there are more results than are sent.
var errCut = errors.New("there are more results than were asked for, or are sent at once")

// cut bounds what was found.
func cut[T any](s *selection, found []T) *answer {
	if found == nil {
		found = []T{}
	}
	if len(found) > s.limit {
		return &answer{data: found[:s.limit], warnings: []string{errCut.Error()}}
	}
	return &answer{data: found}
}

// series answers with the series that match.
func (a *api) series(r *http.Request) (*answer, error) {
	s, err := a.selection(r)
	if err != nil {
		return nil, err
	}
	if len(s.selectors) == 0 {
		return nil, bad(`parameter "match[]": it must be given`)
	}
	var found []labels.Labels
	err = a.engine.Select(r.Context(), s.start, s.end, func(ctx context.Context, q storage.Querier) error {
		all, err := a.matchers(s)
		if err != nil {
			return err
		}
		hints := &storage.SelectHints{Start: s.start.UnixMilli(), End: s.end.UnixMilli(), Func: "series", Limit: s.limit + 1}
		sets := make([]storage.SeriesSet, 0, len(all))
		for _, matchers := range all {
			sets = append(sets, q.Select(ctx, true, hints, matchers...))
		}
		set := storage.NewMergeSeriesSet(sets, 0, storage.ChainedSeriesMerge)
		for set.Next() && len(found) <= s.limit {
			found = append(found, set.At().Labels())
		}
		return set.Err()
	})
	return cut(s, found), err
}

// labels answers with the names of labels.
func (a *api) labels(r *http.Request) (*answer, error) {
	return a.names(r, func(ctx context.Context, q storage.Querier, hints *storage.LabelHints, m []*labels.Matcher) ([]string, error) {
		found, _, err := q.LabelNames(ctx, hints, m...)
		return found, err
	})
}

// values answers with the values of a label.
func (a *api) values(r *http.Request) (*answer, error) {
	name := chi.URLParam(r, "name")
	if !model.UTF8Validation.IsValidLabelName(name) {
		return nil, bad(fmt.Sprintf("%.80q is no name of a label", name))
	}
	return a.names(r, func(ctx context.Context, q storage.Querier, hints *storage.LabelHints, m []*labels.Matcher) ([]string, error) {
		found, _, err := q.LabelValues(ctx, name, hints, m...)
		return found, err
	})
}

// find reads names of what matches.
type find func(context.Context, storage.Querier, *storage.LabelHints, []*labels.Matcher) ([]string, error)

// names answers with what find finds for any of the selectors.
func (a *api) names(r *http.Request, find find) (*answer, error) {
	s, err := a.selection(r)
	if err != nil {
		return nil, err
	}
	var lists [][]string
	err = a.engine.Select(r.Context(), s.start, s.end, func(ctx context.Context, q storage.Querier) error {
		all, err := a.matchers(s)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			all = [][]*labels.Matcher{nil}
		}
		for _, matchers := range all {
			found, err := find(ctx, q, &storage.LabelHints{Limit: s.limit + 1}, matchers)
			if err != nil {
				return err
			}
			list := make([]string, len(found))
			for i, text := range found {
				list[i] = strings.Clone(text) // it lies in a file that may go when the querier is closed
			}
			lists = append(lists, list)
		}
		return nil
	})
	return cut(s, union(lists)), err
}
