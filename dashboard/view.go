package dashboard

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"systant/dashboard/internal/fleet"
	"systant/dashboard/internal/history"
	"systant/dashboard/internal/ingest"
	"systant/dashboard/internal/live"
	"systant/dashboard/internal/web"
	"systant/pkg/schema"
)

// view is what the web and live packages see of everything else. It is safe
// for concurrent use.
type view struct {
	fleet   *fleet.Fleet
	ingest  *ingest.Ingest
	hub     *live.Hub
	broker  *brokerState
	memory  *memory // nil where nothing is remembered
	version string
	log     *slog.Logger

	// mu guards rows.
	mu sync.Mutex
	// rows is the encoded list of hosts, for the sessions that start before
	// the next pass of changes: with thousands of hosts it is megabytes, and
	// after a restart all browsers come at once.
	rows json.RawMessage
}

// Hosts returns the rows of all hosts.
func (v *view) Hosts() any { return v.fleet.Hosts() }

// Host returns all about one host.
func (v *view) Host(name string) (any, bool) { return v.fleet.Host(name) }

// Health returns the state of the dashboard itself.
func (v *view) Health() any {
	return struct {
		Status   string              `json:"status"`
		Version  string              `json:"version"`
		Broker   Broker              `json:"broker"`
		History  *history.Status     `json:"history"`
		Hosts    map[fleet.State]int `json:"hosts"`
		Sessions int                 `json:"sessions"`
	}{"ok", v.version, v.broker.now(), v.remembered(), v.fleet.States(), v.hub.Sessions()}
}

// remembered returns the state of the history, or nil where there is none.
func (v *view) remembered() *history.Status {
	if v.memory == nil {
		return nil
	}
	return v.memory.status()
}

// Snapshot returns the first event of a browser's session.
func (v *view) Snapshot(host string) ([]byte, error) {
	rows, err := v.encodedRows()
	if err != nil {
		return nil, err
	}
	var detail *fleet.Detail
	if d, ok := v.fleet.Host(host); ok {
		detail = &d
	}
	head, err := json.Marshal(struct {
		Now        time.Time       `json:"now"`
		Version    string          `json:"version"`
		StaleAfter int             `json:"stale_after_intervals"`
		Broker     Broker          `json:"broker"`
		History    *history.Status `json:"history"`
		Detail     *fleet.Detail   `json:"detail"`
	}{time.Now().UTC(), v.version, fleet.StaleAfter, v.broker.now(), v.remembered(), detail})
	if err != nil {
		return nil, v.unencodable(err)
	}
	// The rows are put in as they are: encoding them once more for each
	// session would cost more than all the rest.
	return bytes.Join([][]byte{head[:len(head)-1], []byte(`,"hosts":`), rows, []byte("}")}, nil), nil
}

// outdated drops the shared rows. The feed calls it between taking changes and
// sending them, so that a session either starts from newer rows or is sent the
// changes.
func (v *view) outdated() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rows = nil
}

// encodedRows returns the rows of all hosts as a JSON list.
func (v *view) encodedRows() (json.RawMessage, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.rows != nil {
		return v.rows, nil
	}
	rows, err := json.Marshal(v.fleet.Hosts())
	if err != nil {
		return nil, v.unencodable(err)
	}
	v.rows = rows
	return rows, nil
}

// unencodable logs what can't be: everything shown has come through JSON.
func (v *view) unencodable(err error) error {
	v.log.Error("state not encoded", "err", err)
	return err
}

// Metrics returns the dashboard's own numbers.
func (v *view) Metrics() []web.Metric {
	counters := v.ingest.Counters()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	connected := 0.0
	if v.broker.now().Connected {
		connected = 1
	}
	metrics := []web.Metric{
		counter("systant_messages_accepted_total", "Messages that reached the fleet.", "kind",
			labelled(counters.Accepted, schema.KindStats, schema.KindStatus)),
		counter("systant_messages_refused_total", "Messages that did not, by reason.", "reason",
			labelled(counters.Refused, ingest.Reasons()...)),
		gauge("systant_hosts", "Hosts known, by state.", "state",
			labelled(v.fleet.States(), fleet.Online, fleet.Stale, fleet.Offline)),
		gauge("systant_sessions", "Browsers connected for live events.", "", single(float64(v.hub.Sessions()))),
		gauge("systant_broker_connected", "1 while the link to the broker is up.", "", single(connected)),
		gauge("go_goroutines", "Goroutines.", "", single(float64(runtime.NumGoroutine()))),
		gauge("go_memstats_heap_inuse_bytes", "Bytes in heap spans in use.", "", single(float64(memory.HeapInuse))),
		gauge("go_memstats_sys_bytes", "Bytes obtained from the system.", "", single(float64(memory.Sys))),
	}
	if v.memory == nil {
		return metrics
	}
	return append(metrics, v.memory.metrics()...)
}

// counter returns a metric that only grows.
func counter(name, help, label string, values []web.Value) web.Metric {
	return web.Metric{Name: name, Type: "counter", Help: help, Label: label, Values: values}
}

// gauge returns a metric that goes up and down.
func gauge(name, help, label string, values []web.Value) web.Metric {
	return web.Metric{Name: name, Type: "gauge", Help: help, Label: label, Values: values}
}

// single returns the value of a metric without labels.
func single(number float64) []web.Value { return []web.Value{{Number: number}} }

// labelled returns a map's values in the order of keys, those it lacks too: a
// counter that appears with its first increment hides that increment.
func labelled[K ~string, N int | uint64](numbers map[K]N, keys ...K) []web.Value {
	values := make([]web.Value, 0, len(keys))
	for _, key := range keys {
		values = append(values, web.Value{Label: string(key), Number: float64(numbers[key])})
	}
	return values
}
