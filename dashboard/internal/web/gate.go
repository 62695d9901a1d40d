package web

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// policy lets the page run its own scripts and styles and nothing else: no
// inline code, no other site, no frames, and no text that becomes markup.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; manifest-src 'self'; " +
	"font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'"

// header is one field of every response.
type header struct {
	name, value string
}

// headers are set on every response, errors included.
var headers = []header{
	{"Content-Security-Policy", policy},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
}

// secure sets the security headers.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, h := range headers {
			w.Header().Set(h.name, h.value)
		}
		next.ServeHTTP(w, r)
	})
}

// told logs a panic of what answers, which is a fault of ours, and answers for it.
func (s *Server) told(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(fault)
			}
			s.options.Log.Error("answering a request failed", "path", r.URL.Path, "panic", fault, "stack", string(debug.Stack()))
			fail(w, http.StatusInternalServerError, "this is a fault of the dashboard; its log tells more")
		}()
		next.ServeHTTP(w, r)
	})
}

// fromHere refuses what a page of another site asks for behind its reader's back,
// such as a query that takes long, in the place of an image. To follow a link to a
// page is no such thing. Browsers say so themselves (W3C Fetch Metadata), but to
// localhost and by https alone; of a form they always name the origin.
func fromHere(next http.Handler) http.Handler {
	forms := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		link := r.Header.Get("Sec-Fetch-Mode") == "navigate" && !strings.HasPrefix(r.URL.Path, "/api/")
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" && !link || forms.Check(r) != nil {
			fail(w, http.StatusForbidden, "another site may only link to a page")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// knownHost refuses requests for a host name that this server does not go by.
// Without it, a page elsewhere could have its own name resolve to this
// address and read everything as its own (DNS rebinding).
func (s *Server) knownHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		if !goesBy(hostOf(r.Host), local, s.options.AllowedHosts) {
			fail(w, http.StatusMisdirectedRequest,
				"this host name is not served here; add it to allowed_hosts in [http]")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// goesBy tells whether a request may name host: localhost, a loopback
// address, the address that the connection came in by, or a configured name.
// An address can't be rebound, but one that isn't ours has no business here.
func goesBy(host string, local net.Addr, allowed []string) bool {
	if host == "localhost" || slices.ContainsFunc(allowed, func(name string) bool {
		return strings.EqualFold(name, host)
	}) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	if ip.IsLoopback() {
		return true
	}
	tcp, ok := local.(*net.TCPAddr)
	return ok && tcp.AddrPort().Addr().Unmap().WithZone("") == ip.Unmap()
}

// hostOf returns the name or address in a Host header, without port, brackets
// and the root's dot, in lower case.
func hostOf(header string) string {
	host, _, err := net.SplitHostPort(header)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(header, "["), "]")
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// readOnly refuses every method that could change something, and bodies:
// nothing here reads one, and the server would wait for it. Queries are the
// exception: data sources send long ones as forms.
func readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, queryPath+"/") {
			// A form that does not arrive would be waited for without end.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(answerTimeout))
			next.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			w.Header().Set("Connection", "close")
			fail(w, http.StatusMethodNotAllowed, "only GET and HEAD are served")
			return
		}
		if r.ContentLength != 0 {
			w.Header().Set("Connection", "close")
			fail(w, http.StatusBadRequest, "a request has no body here")
			return
		}
		next.ServeHTTP(w, r)
	})
}
