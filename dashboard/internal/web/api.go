package web

import (
	"encoding/json"
	"net/http"

	"github.com/go-chi/chi/v5"

	"systant/pkg/schema"
)

// problem is the body of every error.
type problem struct {
	Error string `json:"error"`
}

// catalogue answers with every metric there is, and the build of the page: one
// that is open knows by it that its own scripts are gone.
func (s *Server) catalogue(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, struct {
		Version string         `json:"version"`
		Build   string         `json:"build"`
		Groups  []schema.Group `json:"groups"`
	}{s.options.Version, s.build, schema.Catalogue()})
}

// hosts answers with the rows of all hosts.
func (s *Server) hosts(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, struct {
		Hosts any `json:"hosts"`
	}{s.options.State.Hosts()})
}

// host answers with all about one host.
func (s *Server) host(w http.ResponseWriter, r *http.Request) {
	detail, ok := s.options.State.Host(chi.URLParam(r, "host"))
	if !ok {
		fail(w, http.StatusNotFound, "no host of this name has been heard of")
		return
	}
	write(w, http.StatusOK, detail)
}

// health answers 200 for as long as the server serves; what the dashboard
// thinks of its broker is in the body.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, s.options.State.Health())
}

// fail answers with an error. No copy of it is kept, as the page may come.
func fail(w http.ResponseWriter, status int, reason string) {
	w.Header().Set("Cache-Control", "no-store")
	write(w, status, problem{reason})
}

// write answers with a value as JSON.
func write(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer could not be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A browser that went away is no fault of the server's.
	_, _ = w.Write(append(body, '\n'))
}
