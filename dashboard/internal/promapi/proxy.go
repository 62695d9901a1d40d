package promapi

import (
	"context"
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
)

// The bounds of questions that are passed on: how many at once, others are told
// to come again; and how long the engine may take to answer one.
const (
	maxPassed   = 16
	passTimeout = 30 * time.Second
)

// NewProxy returns a handler of everything below /api/v1 that passes questions
// on to another engine, whose own bounds hold for them.
func NewProxy(at *url.URL, transport http.RoundTripper) http.Handler {
	slots := make(chan struct{}, maxPassed)
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(at)
			p.Out.URL.Path = path.Join("/", at.Path, "api/v1", p.In.URL.Path)
			p.Out.URL.RawPath = ""
			// What a browser knows of the dashboard is none of the engine's business.
			p.Out.Header = http.Header{}
			for _, name := range []string{"Accept", "Content-Type"} {
				p.Out.Header.Set(name, p.In.Header.Get(name))
			}
		},
		ModifyResponse: func(r *http.Response) error {
			for name := range r.Header {
				if name != "Content-Type" && name != "Content-Encoding" && name != "Content-Length" {
					r.Header.Del(name)
				}
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			kind := "unavailable"
			if errors.Is(err, context.DeadlineExceeded) {
				kind = "timeout"
			}
			reply(w, http.StatusServiceUnavailable, body{Status: "error", ErrorType: kind, Error: "asking " + at.Redacted() + ": " + err.Error()})
		},
	}
	r := chi.NewRouter()
	none := func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusNotFound, body{Status: "error", ErrorType: "not_found", Error: "there is no such path in this API"})
	}
	pass := func(w http.ResponseWriter, r *http.Request) {
		// The name of a label must not lead out of the API.
		if r.URL.Path = strings.TrimPrefix(r.URL.Path, "/api/v1"); path.Clean(r.URL.Path) != r.URL.Path {
			none(w, r)
			return
		}
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			reply(w, http.StatusServiceUnavailable, body{Status: "error", ErrorType: "unavailable", Error: "too many queries are under way"})
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), passTimeout)
		defer cancel()
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		proxy.ServeHTTP(w, r.WithContext(ctx))
	}
	for _, one := range (&api{}).routes() {
		r.Get(one.path, pass)
		r.Head(one.path, pass)
		r.Post(one.path, pass)
	}
	r.NotFound(none)
	return r
}
