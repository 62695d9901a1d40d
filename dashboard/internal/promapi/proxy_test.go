package promapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-chi/chi/v5"
)

// engine is a transport that stands for another engine.
type engine func(*http.Request) (*http.Response, error)

// RoundTrip answers a request.
func (e engine) RoundTrip(r *http.Request) (*http.Response, error) { return e(r) }

// passed asks a proxy to an engine below /prometheus.
func passed(t *testing.T, to engine, address string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	at := &url.URL{Scheme: "http", Host: "engine", Path: "/prometheus"}
	r := chi.NewRouter()
	r.Mount("/api/v1", NewProxy(at, to))
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
	return w
}

// Questions are passed on below the engine's address, and nowhere else.
func TestProxyPath(t *testing.T) {
	for address, want := range map[string]string{
		"/api/v1/query?query=1":                               "/prometheus/api/v1/query?query=1",
		"/api/v1/label/__name__/values":                       "/prometheus/api/v1/label/__name__/values",
		"/api/v1/label/..%2f..%2f..%2f..%2fadmin/values":      "",
		"/api/v1/label/%2e%2e/values":                         "",
		"/api/v1/admin/tsdb/snapshot":                         "",
		"/api/v1/status/config":                               "",
		"/api/v1/label/a%2f..%2f..%2fstatus%2fconfig/values/": "",
	} {
		got := ""
		w := passed(t, func(r *http.Request) (*http.Response, error) {
			got = r.URL.RequestURI()
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
		}, address)
		if got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
		if want == "" && w.Code != http.StatusNotFound {
			t.Errorf("%s: got %d, want %d", address, w.Code, http.StatusNotFound)
		}
	}
}

// An engine that does not answer is not waited for without end.
func TestProxyHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := passed(t, func(r *http.Request) (*http.Response, error) {
			select {
			case <-r.Context().Done():
				return nil, r.Context().Err()
			case <-time.After(time.Hour):
				return nil, context.Canceled
			}
		}, "/api/v1/query?query=1")
		if took := time.Since(began); took != passTimeout || w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), `"errorType":"timeout"`) {
			t.Errorf("after %v: got %d %s, want %d after %v", took, w.Code, w.Body, http.StatusServiceUnavailable, passTimeout)
		}
	})
}
