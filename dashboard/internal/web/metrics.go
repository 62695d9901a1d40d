package web

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
)

// Metric is one of the dashboard's own numbers, in Prometheus's terms.
type Metric struct {
	Name string
	// Type is "counter" or "gauge".
	Type string
	// Help is one sentence.
	Help string
	// Label is the name of the label that tells the values apart; it is
	// empty where there is one value.
	Label  string
	Values []Value
}

// Value is one value of a [Metric].
type Value struct {
	// Label is the label's value; it is empty where the metric has no label.
	Label  string
	Number float64
}

// metrics answers in Prometheus's text format, version 0.0.4. There are a
// dozen numbers, all known when they are asked for, so that the client library
// with its registry would only add weight.
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	var out bytes.Buffer
	for _, m := range s.options.State.Metrics() {
		fmt.Fprintf(&out, "# HELP %s %s\n# TYPE %s %s\n", m.Name, m.Help, m.Name, m.Type)
		for _, v := range m.Values {
			out.WriteString(m.Name)
			if m.Label != "" {
				// Label values come from constants, which %q quotes as the format does.
				fmt.Fprintf(&out, "{%s=%q}", m.Label, v.Label)
			}
			out.WriteByte(' ')
			out.WriteString(strconv.FormatFloat(v.Number, 'g', -1, 64))
			out.WriteByte('\n')
		}
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(out.Bytes())
}
