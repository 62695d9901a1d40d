package web

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/pkg/schema"
)

// fixed is a state that does not change.
type fixed struct{}

// Hosts returns one row that is hostile text, and long enough to compress.
func (fixed) Hosts() any {
	return []string{"<script>alert(1)</script>" + strings.Repeat("x", 5000)}
}

// Host knows nas.
func (fixed) Host(name string) (any, bool) { return map[string]string{"name": name}, name == "nas" }

// Health is fine.
func (fixed) Health() any { return map[string]string{"status": "ok"} }

// Chart returns what it was asked for, and fails for pc.
func (fixed) Chart(_ context.Context, host string, metrics []string, start, end time.Time, points int) (any, error) {
	if host == "pc" {
		return nil, errors.New("not open")
	}
	return fmt.Sprint(host, metrics, start.Unix(), end.Unix(), points), nil
}

// Events returns what it was asked for.
func (fixed) Events(_ context.Context, host string, start, end time.Time) (any, error) {
	return fmt.Sprint(host, start.Unix(), end.Unix()), nil
}

// Moment returns what it was asked for, and has nothing of pc.
func (fixed) Moment(_ context.Context, host string, at time.Time) (any, error) {
	if host == "pc" {
		return nil, fmt.Errorf("%w: never", ErrNothing)
	}
	return fmt.Sprint(host, at.UnixMilli()), nil
}

// Metrics returns one of each kind.
func (fixed) Metrics() []Metric {
	return []Metric{
		{Name: "a_total", Type: "counter", Help: "A.", Label: "kind", Values: []Value{{"x", 1}, {"y", 2.5}}},
		{Name: "b", Type: "gauge", Help: "B.", Values: []Value{{"", 1e9}}},
	}
}

// handler returns the server's handler for tests.
func handler(t *testing.T) http.Handler {
	t.Helper()
	s, err := New(Options{
		State:        fixed{},
		Events:       http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "events") }),
		Queries:      http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.FormValue("query")) }),
		Past:         fixed{},
		Version:      "1.2.3",
		AllowedHosts: []string{"Systant.example.org"},
		Log:          slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.http.Handler
}

// get asks the handler, with header lines such as "Host: x".
func get(t *testing.T, h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Host = "localhost:4000"
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	local := net.Addr(&net.TCPAddr{IP: net.ParseIP("192.0.2.7"), Port: 4000})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local)))
	return w
}

// TestRoutes asks for each path and holds status and media type.
func TestRoutes(t *testing.T) {
	h := handler(t)
	tests := []struct {
		method, path, kind string
		status             int
	}{
		{"GET", "/", "text/html; charset=utf-8", 200},
		{"HEAD", "/", "text/html; charset=utf-8", 200},
		{"GET", "/host/nas", "text/html; charset=utf-8", 200},
		{"GET", "/static/app.js", "text/javascript; charset=utf-8", 200},
		{"GET", "/static/none.js", "application/json", 404},
		{"GET", "/static/", "application/json", 404},
		{"GET", "/static/../web.go", "application/json", 404},
		{"GET", "/static/%2e%2e/web.go", "application/json", 404},
		{"GET", "//static/app.js", "application/json", 404},
		{"GET", "/api/catalogue", "application/json", 200},
		{"GET", "/api/hosts", "application/json", 200},
		{"HEAD", "/api/hosts", "application/json", 200},
		{"GET", "/api/hosts/nas", "application/json", 200},
		{"GET", "/api/hosts/pc", "application/json", 404},
		{"GET", "/api/hosts/%3Cimg%20src=x%3E", "application/json", 404},
		{"GET", "/events", "text/plain; charset=utf-8", 200},
		{"GET", "/healthz", "application/json", 200},
		{"GET", "/metrics", "text/plain; version=0.0.4; charset=utf-8", 200},
		{"GET", "/debug/pprof/", "application/json", 404},
		{"GET", "/api/v1/query", "", 200},
		{"POST", "/api/v1/query", "", 200},
		{"POST", "/api/v1", "application/json", 405},
		{"POST", "/api/v1x", "application/json", 405},
		{"POST", "/api/hosts", "application/json", 405},
		{"DELETE", "/api/hosts/nas", "application/json", 405},
		{"OPTIONS", "/api/hosts", "application/json", 405},
		{"TRACE", "/", "application/json", 405},
	}
	for _, test := range tests {
		w := get(t, h, test.method, test.path)
		if got := w.Header().Get("Content-Type"); w.Code != test.status || got != test.kind {
			t.Errorf("%s %s: got %d %s, want %d %s", test.method, test.path, w.Code, got, test.status, test.kind)
		}
		for _, header := range headers {
			if got := w.Header().Get(header.name); got != header.value {
				t.Errorf("%s %s: %s: got %q, want %q", test.method, test.path, header.name, got, header.value)
			}
		}
		if strings.HasPrefix(test.path, "/api") && w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s may be kept: %q", test.method, test.path, w.Header().Get("Cache-Control"))
		}
		if strings.Contains(w.Body.String(), "package web") {
			t.Errorf("%s %s: got a file outside the page", test.method, test.path)
		}
	}
}

// TestNowhere asks as a browser does for what is not there.
func TestNowhere(t *testing.T) {
	h := handler(t)
	for path, want := range map[string]string{
		"/foo": "text/html; charset=utf-8", "/host/vm/": "text/html; charset=utf-8", "/host/": "text/html; charset=utf-8",
		"/api/foo": "application/json", "/static/none.js": "application/json",
	} {
		w := get(t, h, "GET", path, "Accept: text/html,application/xhtml+xml,*/*;q=0.8")
		if got := w.Header().Get("Content-Type"); w.Code != 404 || got != want || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %d %s %v, want 404 %s, and no copy kept", path, w.Code, got, w.Header(), want)
		}
	}
}

// TestHostAllowList refuses names that this server doesn't go by, on every
// route and before anything else.
func TestHostAllowList(t *testing.T) {
	h := handler(t)
	tests := map[string]int{
		"localhost": 200, "localhost:4000": 200, "LOCALHOST.": 200,
		"127.0.0.1": 200, "127.0.0.1:80": 200, "[::1]:4000": 200, "[::1]": 200,
		"192.0.2.7:4000": 200, "192.0.2.8": 421,
		"systant.example.org": 200, "SYSTANT.example.org:443": 200,
		"evil.example": 421, "systant.example.org.evil.example": 421, "127.0.0.1.evil.example": 421,
		"localhost.evil.example": 421, "": 421, "[": 421, "2130706433": 421, "0": 421,
	}
	for _, path := range []string{"/", "/host/nas", "/static/app.js", "/api/hosts", "/api/hosts/nas", "/events", "/healthz", "/metrics", "/none"} {
		for host, want := range tests {
			if path == "/none" && want == 200 {
				want = 404
			}
			if got := get(t, h, "GET", path, "Host: "+host).Code; got != want {
				t.Errorf("%s for %q: got %d, want %d", path, host, got, want)
			}
		}
	}
}

// TestOtherSites refuses what another site's page asks for by itself, and lets its
// links through.
func TestOtherSites(t *testing.T) {
	h := handler(t)
	for _, test := range []struct {
		site, mode, path string
		want             int
	}{
		{"cross-site", "no-cors", "/api/v1/query?query=1", 403},
		{"cross-site", "navigate", "/api/v1/query?query=1", 403},
		{"cross-site", "cors", "/api/hosts", 403},
		{"cross-site", "no-cors", "/events", 403},
		{"cross-site", "no-cors", "/static/app.js", 403},
		{"cross-site", "", "/", 403},
		{"cross-site", "navigate", "/", 200},
		{"cross-site", "navigate", "/host/nas", 200},
		{"same-origin", "cors", "/api/hosts", 200},
		{"same-origin", "no-cors", "/static/app.js", 200},
		{"same-site", "cors", "/api/hosts", 200},
		{"none", "navigate", "/api/hosts", 200},
		{"", "", "/api/hosts", 200},
	} {
		if got := get(t, h, "GET", test.path, "Sec-Fetch-Site: "+test.site, "Sec-Fetch-Mode: "+test.mode).Code; got != test.want {
			t.Errorf("%+v: got %d", test, got)
		}
	}
}

// TestForms refuses a form of another site.
func TestForms(t *testing.T) {
	h := handler(t)
	for origin, want := range map[string]int{"": 200, "http://localhost:4000": 200, "http://evil.example": 403, "null": 403} {
		if got := get(t, h, "POST", "/api/v1/query?query=1", "Origin: "+origin).Code; got != want {
			t.Errorf("from %q: got %d, want %d", origin, got, want)
		}
	}
}

// TestPanic answers for a fault of its own, and logs it.
func TestPanic(t *testing.T) {
	var logged strings.Builder
	s, err := New(Options{
		State: fixed{}, Past: fixed{}, Events: http.NotFoundHandler(), Log: slog.New(slog.NewTextHandler(&logged, nil)),
		Queries: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") }),
	})
	if err != nil {
		t.Fatal(err)
	}
	w := get(t, s.http.Handler, "GET", "/api/v1/query?query=1")
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "its log tells more") {
		t.Errorf("got %d %s, want 500", w.Code, w.Body)
	}
	if got := logged.String(); !strings.Contains(got, "panic=oh") || !strings.Contains(got, "path=/api/v1/query") || !strings.Contains(got, "TestPanic") {
		t.Errorf("got the log %q, want the panic, its path and its stack", got)
	}
}

// TestBody refuses a request with a body.
func TestBody(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/api/hosts", strings.NewReader("hello"))
	r.Host = "localhost"
	w := httptest.NewRecorder()
	handler(t).ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest {
		t.Errorf("got %d, want 400", w.Code)
	}
}

// TestCatalogue hands out every group under the version.
func TestCatalogue(t *testing.T) {
	var got struct {
		Version string
		Groups  []schema.Group
	}
	if err := json.Unmarshal(get(t, handler(t), "GET", "/api/catalogue").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(schema.Catalogue(), got.Groups); diff != "" || got.Version != "1.2.3" {
		t.Errorf("version %q, groups (-want +got):\n%s", got.Version, diff)
	}
}

// TestEscaped keeps a host's text from looking like markup even where JSON is
// shown as a page.
func TestEscaped(t *testing.T) {
	if body := get(t, handler(t), "GET", "/api/hosts").Body.String(); strings.Contains(body, "<") {
		t.Errorf("got %.60s", body)
	}
}

// TestCompressed sends less to who takes gzip, of the API and of the page.
func TestCompressed(t *testing.T) {
	h := handler(t)
	for _, path := range []string{"/api/hosts", "/"} {
		plain := get(t, h, "GET", path)
		zipped := get(t, h, "GET", path, "Accept-Encoding: br, gzip")
		if got := zipped.Header().Get("Content-Encoding"); got != "gzip" || zipped.Body.Len() >= plain.Body.Len() {
			t.Errorf("%s: got %q, %d of %d bytes", path, got, zipped.Body.Len(), plain.Body.Len())
			continue
		}
		reader, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(reader)
		if err != nil || string(body) != plain.Body.String() {
			t.Errorf("%s: compressed body differs (%v)", path, err)
		}
	}
	if got := get(t, h, "GET", "/", "Accept-Encoding: gzip;q=0").Header().Get("Content-Encoding"); got != "" {
		t.Errorf("got %q for who refuses gzip", got)
	}
}

// TestNotModified lets browsers keep files, and asks them to ask.
func TestNotModified(t *testing.T) {
	h := handler(t)
	first := get(t, h, "GET", "/static/app.js")
	tag := first.Header().Get("ETag")
	if tag == "" || first.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("ETag %q, Cache-Control %q", tag, first.Header().Get("Cache-Control"))
	}
	for header, want := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
		w := get(t, h, "GET", "/static/app.js", "If-None-Match: "+header)
		if w.Code != want || (want == 304) != (w.Body.Len() == 0) {
			t.Errorf("If-None-Match %s: got %d with %d bytes, want %d", header, w.Code, w.Body.Len(), want)
		}
	}
}

// TestLasting has browsers keep what a page refers to, under a name that
// another build does not have.
func TestLasting(t *testing.T) {
	h := handler(t)
	page := get(t, h, "GET", "/")
	if got := page.Header().Get("Cache-Control"); got != "no-cache" {
		t.Errorf("the page: got Cache-Control %q, want no-cache", got)
	}
	references := regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`).FindAllStringSubmatch(page.Body.String(), -1)
	if len(references) < 10 {
		t.Fatalf("got %d references, want more", len(references))
	}
	for _, one := range references {
		w := get(t, h, "GET", one[1])
		if got := w.Header().Get("Cache-Control"); w.Code != 200 || !strings.Contains(got, "immutable") {
			t.Errorf("%s: got %d with Cache-Control %q, want 200 and immutable", one[1], w.Code, got)
		}
	}
	if w := get(t, h, "GET", "/static/AAAAAAAAAAAA/app.js"); w.Code != 404 {
		t.Errorf("a script of another build: got %d, want 404", w.Code)
	}
}

// TestMetrics writes Prometheus's text format.
func TestMetrics(t *testing.T) {
	want := "# HELP a_total A.\n# TYPE a_total counter\na_total{kind=\"x\"} 1\na_total{kind=\"y\"} 2.5\n" +
		"# HELP b B.\n# TYPE b gauge\nb 1e+09\n"
	if diff := cmp.Diff(want, get(t, handler(t), "GET", "/metrics").Body.String()); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// TestRun serves on a listener until it is told to stop, and refuses a request
// whose header is too large.
func TestRun(t *testing.T) {
	s, err := New(Options{State: fixed{}, Events: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, l) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: %s\r\n\r\n", strings.Repeat("x", 64<<10))
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(line, "431") {
		t.Errorf("large header: got %q, %v, want 431", line, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("stopping: %v", err)
	}
}

// TestPast passes requests on, and says what is wrong with a bad one.
func TestPast(t *testing.T) {
	h := handler(t)
	for query, want := range map[string]string{
		"nas/history?metrics=a.b,c.d&start=10&end=20.5":                     `200 "nas[a.b c.d] 10 20 400"`,
		"nas/history?metrics=a.b&start=0&end=1&points=4000":                 `200 "nas[a.b] 0 1 4000"`,
		"nas/history?metrics=a.b&start=0&end=1&points=4001":                 `400 {"error":"points: 1 to 4000`,
		"nas/history?metrics=a.b&start=0&end=1&points=x":                    `400 {"error":"points`,
		"nas/history?metrics=a.b&start=1&end=1":                             `400 {"error":"start: not before end`,
		"nas/history?metrics=&start=0&end=1":                                `400 {"error":"metrics`,
		"nas/history?metrics=" + strings.Repeat(",", 64) + "&start=0&end=1": `400 {"error":"metrics`,
		"nas/history?metrics=a.b&end=1":                                     `400 {"error":"start: \"\" is not`,
		"nas/history?metrics=a.b&start=0&end=NaN":                           `400 {"error":"end: \"NaN\" is not`,
		"nas/history?metrics=a.b&start=0&end=1e300":                         `400 {"error":"end`,
		"nas/history?metrics=a.b&start=-1&end=1":                            `400 {"error":"start`,
		"nas/events?start=1&end=2":                                          `200 "nas1 2"`,
		"nas/events?start=2&end=1":                                          `400 {"error":"start: not before end`,
		"nas/moment?at=1.5":                                                 `200 "nas1500"`,
		"nas/moment":                                                        `400 {"error":"at: \"\" is not`,
		"pc/moment?at=1":                                                    `404 {"error":"nothing is kept of that moment: never`,
		"pc/history?metrics=a.b&start=0&end=1":                              `503 {"error":"not open"}`,
	} {
		w := get(t, h, "GET", "/api/hosts/"+query)
		if got := fmt.Sprint(w.Code, " ", w.Body); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
}

// limited is a connection with a limit for reading.
type limited struct {
	*httptest.ResponseRecorder
	until time.Time
}

// SetReadDeadline notes the limit.
func (l *limited) SetReadDeadline(until time.Time) error {
	l.until = until
	return nil
}

// A form that never arrives is not waited for without end; events are.
func TestReadLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handler(t)
		for path, want := range map[string]time.Time{"/api/v1/query": time.Now().Add(answerTimeout), "/events": {}} {
			w := &limited{ResponseRecorder: httptest.NewRecorder()}
			h.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+path, nil))
			if !w.until.Equal(want) {
				t.Errorf("%s is read until %v, want %v", path, w.until, want)
			}
		}
	})
}

// stuck is a connection whose other end reads nothing until it is told to.
type stuck struct {
	*httptest.ResponseRecorder
	read <-chan struct{}
}

// Write waits.
func (s *stuck) Write(p []byte) (int, error) {
	<-s.read
	return s.ResponseRecorder.Write(p)
}

// Answers of the past that nobody reads are few; others are refused, not
// gathered.
func TestPastUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const path = "http://localhost/api/hosts/nas/moment?at=1"
		h, read := handler(t), make(chan struct{})
		for range maxPast {
			go h.ServeHTTP(&stuck{httptest.NewRecorder(), read}, httptest.NewRequest("GET", path, nil))
		}
		synctest.Wait()
		if w := get(t, h, "GET", "/api/hosts/nas/moment?at=1"); w.Code != http.StatusServiceUnavailable {
			t.Errorf("got %d %s, want %d", w.Code, w.Body, http.StatusServiceUnavailable)
		}
		close(read)
		synctest.Wait()
		if w := get(t, h, "GET", "/api/hosts/nas/moment?at=1"); w.Code != http.StatusOK {
			t.Errorf("after they are read: got %d %s, want %d", w.Code, w.Body, http.StatusOK)
		}
	})
}
