package promapi

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"
)

// maxPassed is the number of questions that are passed on at once; others are
// told to come again.
const maxPassed = 16

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
			reply(w, http.StatusServiceUnavailable, body{Status: "error", ErrorType: "unavailable", Error: "asking " + at.Redacted() + ": " + err.Error()})
		},
	}
	r := chi.NewRouter()
	pass := func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			reply(w, http.StatusServiceUnavailable, body{Status: "error", ErrorType: "unavailable", Error: "too many queries are under way"})
			return
		}
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/api/v1")
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		proxy.ServeHTTP(w, r)
	}
	for _, one := range (&api{}).routes() {
		r.Get(one.path, pass)
		r.Head(one.path, pass)
		r.Post(one.path, pass)
	}
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusNotFound, body{Status: "error", ErrorType: "not_found", Error: "there is no such path in this API"})
	})
	return r
}
