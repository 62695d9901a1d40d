// Package web is the dashboard's HTTP server: the page, the API that the page
// reads, and what monitoring asks for. It only reads; nothing that arrives by
// HTTP changes anything. What it shows comes from a [State] and the live
// events from a handler that it is given, so that it knows neither the fleet
// nor MQTT.
//
// Every request passes the same gates before it is routed: the Host header
// must be one that this server goes by, and the method GET or HEAD.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// The limits of one connection. There is no timeout for a whole response,
// since the events' lasts for hours; inTime sets one for all others.
const (
	headerTimeout  = 5 * time.Second
	answerTimeout  = 30 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 16 << 10
	closeTimeout   = 3 * time.Second
	// sendBuffer is the kernel's buffer for each connection. By default it
	// grows to megabytes, which a browser that went to sleep would hold.
	sendBuffer = 64 << 10
)

// State is what the server shows. Each value is encoded as JSON.
type State interface {
	// Hosts returns the rows of all hosts.
	Hosts() any
	// Host returns all about one host, and false for an unknown one.
	Host(name string) (any, bool)
	// Health returns the state of the dashboard itself.
	Health() any
	// Metrics returns the dashboard's own numbers.
	Metrics() []Metric
}

// Options says what to serve.
type Options struct {
	State State
	// Events serves the live events.
	Events http.Handler
	// Queries serves everything below /api/v1; nil where nothing is remembered.
	Queries http.Handler
	// Past reads what was; nil where nothing is remembered.
	Past Past
	// Version is the dashboard's.
	Version string
	// AllowedHosts are names, beside localhost and the address of the
	// connection, that a Host header may hold.
	AllowedHosts []string
	Log          *slog.Logger
}

// Server is the HTTP server. See [New].
type Server struct {
	options Options
	assets  map[string]*asset // by path
	build   string            // the folder of this build's files
	pages   map[string]*asset // documents, by the module that draws the page
	past    chan struct{}     // the answers of the past under way
	http    *http.Server
}

// New returns a server that is ready to serve.
func New(o Options) (*Server, error) {
	assets, build, err := loadAssets(static)
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, assets: assets, build: build, pages: map[string]*asset{}, past: make(chan struct{}, maxPast)}
	for _, one := range pages {
		if s.pages[one.module], err = s.document(one.module); err != nil {
			return nil, fmt.Errorf("preparing the page %s: %w", one.pattern, err)
		}
	}
	s.http = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetWriteBuffer(sendBuffer) // the default works too
			}
			return ctx
		},
	}
	return s, nil
}

// Run serves l until ctx ends, then lets answers under way finish for a
// moment. It owns l.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		err := s.http.Shutdown(grace)
		if err != nil {
			err = s.http.Close()
		}
		stopped <- err
	})
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serving http on %s: %w", l.Addr(), err)
	}
	if err := <-stopped; err != nil {
		return fmt.Errorf("closing the http server: %w", err)
	}
	return nil
}

// queryPath is where queries are served, by GET and POST.
const queryPath = "/api/v1"

// route is one row of the server's paths.
type route struct {
	pattern string
	serve   http.HandlerFunc
}

// pages are the paths at which there is a page, and the modules that draw them.
var pages = []struct{ pattern, module string }{
	{"/", "fleet.js"},
	{"/host/{host}", "host.js"},
	{"/compare", "compare.js"},
	{"/explore", "explore.js"},
}

// routes are all paths that are served. None needs a login, and none writes.
func (s *Server) routes() []route {
	all := []route{
		{"/static/*", s.static},
		{"/api/catalogue", answer(s.catalogue)},
		{"/api/hosts", answer(s.hosts)},
		{"/api/hosts/{host}", answer(s.host)},
		{"/api/hosts/{host}/history", s.remembered(s.chart)},
		{"/api/hosts/{host}/events", s.remembered(s.events)},
		{"/api/hosts/{host}/moment", s.remembered(s.moment)},
		{"/events", s.options.Events.ServeHTTP},
		{"/healthz", answer(s.health)},
		{"/metrics", answer(s.metrics)},
	}
	for _, one := range pages {
		all = append(all, route{one.pattern, s.page(one.module)})
	}
	return all
}

// handler returns the gates and the routes behind them.
func (s *Server) handler() http.Handler {
	r := chi.NewRouter()
	r.Use(s.told, inTime, secure, s.knownHost, fromHere, readOnly)
	r.NotFound(s.nowhere)
	for _, route := range s.routes() {
		r.Get(route.pattern, route.serve)
		r.Head(route.pattern, route.serve)
	}
	if s.options.Queries != nil {
		r.Mount(queryPath, answer(s.options.Queries.ServeHTTP))
	}
	return r
}

// nowhere answers where there is no page: whoever reads HTML gets a page that says
// so.
func (s *Server) nowhere(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept")
	if strings.HasPrefix(r.URL.Path, "/api/") || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		fail(w, http.StatusNotFound, "no such page")
		return
	}
	page := s.pages[pages[0].module]
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", page.kind)
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write(page.body) // a browser that went away is no fault
}

// inTime limits how long one answer may take to write. The server has no limit
// of its own, because of the events, which set one for each write instead. It
// must be set for every request: it outlives the one before on a kept
// connection.
func inTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Where there is no connection, as in a test, there is no deadline.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTimeout))
		next.ServeHTTP(w, r)
	})
}

// answer wraps a handler whose answer is made for this request: it is
// compressed, and nobody keeps a copy.
func answer(next http.HandlerFunc) http.HandlerFunc {
	const level = 5
	compressed := middleware.Compress(level, "application/json", "text/plain")(next)
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		compressed.ServeHTTP(w, r)
	}
}
