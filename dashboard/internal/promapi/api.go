package promapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"

	"systant/dashboard/internal/history"
	"systant/pkg/schema"
)

// maxForm is the size of a form, in bytes.
const maxForm = 64 << 10

// Engine is what answers: see [history.Engine].
type Engine interface {
	Instant(ctx context.Context, expr string, at time.Time, l history.Limits) (*history.Result, error)
	Range(ctx context.Context, expr string, start, end time.Time, step time.Duration, l history.Limits) (*history.Result, error)
	Select(ctx context.Context, start, end time.Time, use func(context.Context, storage.Querier) error) error
}

// api is the API of one engine.
type api struct {
	engine  Engine
	parser  parser.Parser
	version string
}

// New returns a handler of everything below /api/v1.
func New(engine Engine, version string) http.Handler {
	a := &api{engine: engine, parser: parser.NewParser(parser.Options{}), version: version}
	r := chi.NewRouter()
	for _, one := range a.routes() {
		r.Get(one.path, a.serve(one.serve))
		r.Head(one.path, a.serve(one.serve))
		r.Post(one.path, a.serve(one.serve))
	}
	r.NotFound(a.serve(func(*http.Request) (*answer, error) {
		return nil, &fault{http.StatusNotFound, "not_found", "there is no such path in this API"}
	}))
	r.MethodNotAllowed(a.serve(func(*http.Request) (*answer, error) {
		return nil, &fault{http.StatusMethodNotAllowed, "bad_data", "GET and POST are served"}
	}))
	return r
}

// route is one path of the API.
type route struct {
	path  string
	serve endpoint
}

// routes are all that is served.
func (a *api) routes() []route {
	return []route{
		{"/query", a.instant},
		{"/query_range", a.over},
		{"/series", a.series},
		{"/labels", a.labels},
		{"/label/{name}/values", a.values},
		{"/metadata", a.metadata},
		{"/status/buildinfo", a.build},
	}
}

// endpoint answers a request whose form has been read.
type endpoint func(*http.Request) (*answer, error)

// answer is what an endpoint has found.
type answer struct {
	data     any
	result   *history.Result // of a query, instead of data
	stats    bool            // its statistics too
	warnings []string
	infos    []string
}

// fault is an error in Prometheus' form.
type fault struct {
	status int
	kind   string
	text   string
}

// Error returns the text.
func (f *fault) Error() string { return f.text }

// bad is a fault of the request.
func bad(text string) error { return &fault{http.StatusBadRequest, "bad_data", text} }

// body is what is sent.
type body struct {
	Status    string   `json:"status"`
	Data      any      `json:"data,omitempty"`
	ErrorType string   `json:"errorType,omitempty"`
	Error     string   `json:"error,omitempty"`
	Warnings  []string `json:"warnings,omitempty"`
	Infos     []string `json:"infos,omitempty"`
}

// serve wraps an endpoint.
func (a *api) serve(next endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		var found *answer
		err := r.ParseForm()
		if err != nil {
			err = bad("reading the form: " + err.Error())
		} else {
			found, err = next(r)
		}
		switch {
		case err != nil:
			f := classify(err)
			reply(w, f.status, body{Status: "error", ErrorType: f.kind, Error: f.text})
			return
		case found.result != nil:
			defer found.result.Close()
			stream(w, found)
			return
		}
		reply(w, http.StatusOK, body{Status: "success", Data: found.data, Warnings: found.warnings, Infos: found.infos})
	}
}

// reply sends an answer.
func reply(w http.ResponseWriter, status int, b body) {
	text, err := json.Marshal(b)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"status":"error","errorType":"internal","error":"the answer could not be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // who asked may be gone
}

// statusGone is what Prometheus answers where nobody waits for it any more.
const statusGone = 499

// classify turns an error into Prometheus' form.
func classify(err error) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	text := err.Error()
	switch {
	case errors.Is(err, history.ErrBusy), errors.Is(err, history.ErrClosed):
		return &fault{http.StatusServiceUnavailable, "unavailable", text}
	case is[promql.ErrQueryTimeout](err), errors.Is(err, context.DeadlineExceeded):
		return &fault{http.StatusServiceUnavailable, "timeout", text}
	case is[promql.ErrQueryCanceled](err), errors.Is(err, context.Canceled):
		return &fault{statusGone, "canceled", text}
	case is[promql.ErrStorage](err):
		return &fault{http.StatusInternalServerError, "internal", text}
	case is[*history.ExpressionError](err):
		return &fault{http.StatusBadRequest, "bad_data", `parameter "query": ` + text}
	}
	return &fault{http.StatusUnprocessableEntity, "execution", text}
}

// is tells whether an error is of a type.
func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// metadata answers with what the catalogue knows of each metric.
func (a *api) metadata(r *http.Request) (*answer, error) {
	type row struct {
		Type string `json:"type"`
		Help string `json:"help"`
		Unit string `json:"unit"`
	}
	only := r.Form.Get("metric")
	most, err := limit(r)
	if err != nil {
		return nil, err
	}
	found := map[string][]row{}
	for _, g := range schema.Catalogue() {
		for _, m := range g.Metrics {
			if only != "" && only != m.Series() || len(found) >= most {
				continue
			}
			kind := "gauge"
			if m.Counter() {
				kind = "counter"
			}
			found[m.Series()] = []row{{kind, strings.TrimSpace(m.Help), string(m.Unit)}}
		}
	}
	return &answer{data: found}, nil
}

// build answers with what Grafana asks to learn what it may use.
func (a *api) build(*http.Request) (*answer, error) {
	return &answer{data: map[string]string{"application": "Systant", "version": a.version}}, nil
}
