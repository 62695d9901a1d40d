package browser

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// front is a proxy before a dashboard, in which a test can have questions fail.
type front struct {
	*httptest.Server
	mu sync.Mutex // guards what follows
	// instead is the status of questions whose path has a part.
	instead map[string]int
	// held are parts of paths whose answers wait.
	held map[string]chan struct{}
	// build is what the catalogue says of the page's build, if not empty.
	build string
	// asked counts the questions by path.
	asked map[string]int
}

// startFront starts a proxy before a dashboard.
func startFront(t *testing.T, dashboard string) *front {
	t.Helper()
	to, err := url.Parse(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{instead: map[string]int{}, held: map[string]chan struct{}{}, asked: map[string]int{}}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Header.Del("Accept-Encoding") // the catalogue is read here
		},
		ModifyResponse: f.upgraded,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, wait := f.plan(r.URL.Path)
		if wait != nil {
			select {
			case <-wait:
			case <-r.Context().Done(): // the test is over
			}
		}
		if status != 0 {
			http.Error(w, `{"error": "not now"}`, status)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		f.CloseClientConnections()
		f.Close()
	})
	return f
}

// plan says what becomes of a question.
func (f *front) plan(path string) (status int, wait chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[path]++
	for part, one := range f.instead {
		if strings.Contains(path, part) {
			status = one
		}
	}
	for part, one := range f.held {
		if strings.Contains(path, part) {
			wait = one
		}
	}
	return status, wait
}

// upgraded changes the build in a catalogue.
func (f *front) upgraded(r *http.Response) error {
	f.mu.Lock()
	build := f.build
	f.mu.Unlock()
	if build == "" || r.Request.URL.Path != "/api/catalogue" {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	body = bytes.Replace(body, []byte(`"build":"/static/`), []byte(`"build":"`+build), 1)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Del("Content-Length")
	return err
}

// set changes what the proxy does.
func (f *front) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// count returns how often a path was asked for.
func (f *front) count(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[path]
}

// TestUpgrade keeps a page open while the dashboard becomes another one, which
// does not have the page's scripts.
func TestUpgrade(t *testing.T) {
	b := startBroker(t, 0)
	f := startFront(t, startDashboard(t, b))
	ctx, complaints := startBrowser(t)
	openDesk(t, ctx, f.URL)
	// Each script that is gone is missed aloud, wherever one is on the page.
	const missed = `document.querySelector(".unread button")?.getBoundingClientRect().bottom < innerHeight`
	f.set(func() { f.instead["/uplot.js"] = http.StatusNotFound })
	b.past(t, machine(t, "amd-desktop", "desk"), 5)
	holds(t, ctx, missed)
	for script, click := range map[string]string{
		"/csv.js":     ".chart figcaption button",
		"/palette.js": ".goto",
		"/compare.js": `.pages a[href="/compare"]`,
	} {
		f.set(func() { clear(f.instead) })
		do(t, ctx, chromedp.Navigate(f.URL+"/host/desk"))
		holds(t, ctx, `document.querySelector(".chart canvas") !== null && document.querySelector(".unread") === null`)
		f.set(func() { f.instead[script] = http.StatusNotFound })
		evaluate[bool](t, ctx, fmt.Sprintf("document.querySelector(%q).click(); scrollTo(0, 9999); true", click))
		holds(t, ctx, missed)
	}
	// One click loads the page that was asked for.
	f.set(func() { f.instead["/explore.js"] = http.StatusNotFound })
	do(t, ctx, chromedp.Navigate(f.URL))
	holds(t, ctx, `document.querySelector(".card") !== null`)
	do(t, ctx, chromedp.Click(chromedp.CSS(`.pages a[href="/explore"]`)))
	holds(t, ctx, missed)
	f.set(func() { clear(f.instead) })
	do(t, ctx, chromedp.Click(chromedp.CSS(".unread button")))
	holds(t, ctx, `location.pathname === "/explore" && document.querySelector("#expression") !== null && document.querySelector(".unread") === null`)

	// Once the page has heard of the other build, the next page is loaded.
	evaluate[bool](t, ctx, `window.before = true`)
	do(t, ctx, chromedp.Click(chromedp.CSS(`.pages a[href="/compare"]`)))
	holds(t, ctx, `window.before && document.querySelector(".head select") !== null`) // nothing has been upgraded
	before := f.count("/api/catalogue")
	f.set(func() { f.build = "/static/other" })
	f.CloseClientConnections()
	holds(t, ctx, `document.querySelector(".banner") !== null`)
	holds(t, ctx, `document.querySelector(".banner") === null`)
	for f.count("/api/catalogue") == before {
		holds(t, ctx, `window.before`)
	}
	do(t, ctx, chromedp.Click(chromedp.CSS(`.brand`)))
	holds(t, ctx, `location.pathname === "/" && window.before === undefined && document.querySelector(".card") !== null`)
	complaints.allow(404)
}

// TestReturn reads again what could not be read once the dashboard is back.
func TestReturn(t *testing.T) {
	b := startBroker(t, 0)
	f := startFront(t, startDashboard(t, b))
	ctx, _ := startBrowser(t)
	openDesk(t, ctx, f.URL)
	b.past(t, machine(t, "amd-desktop", "desk"), 5)
	holds(t, ctx, `document.querySelector(".chart canvas") !== null`)
	hour := fmt.Sprintf("from=%d&to=%d", time.Now().Unix()-3600, time.Now().Unix()+60)
	for path, shown := range map[string]string{
		"/host/desk?" + hour:              `document.querySelector(".chart canvas") !== null`,
		"/host/desk?at=1":                 `/kept since/.test(document.querySelector(".rewound")?.innerText)`,
		"/compare?" + hour:                `document.querySelector("tbody tr") !== null`,
		"/explore?expr=vector(1)&" + hour: `document.querySelector("tbody tr") !== null`,
	} {
		f.set(func() { f.instead["/desk/"], f.instead["/query_range"] = http.StatusBadGateway, http.StatusBadGateway })
		do(t, ctx, chromedp.Navigate(f.URL+path))
		holds(t, ctx, `/Not (read|shown|answered): /.test(document.body.innerText)`)
		f.set(func() { clear(f.instead) })
		f.CloseClientConnections()
		holds(t, ctx, shown)
	}
}
