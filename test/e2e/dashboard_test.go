package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// dashboard is a running dashboard.
type dashboard struct {
	*program
	url string
}

// startDashboard starts a dashboard on a broker, and waits until it takes
// messages.
func startDashboard(t *testing.T, broker *mosquitto) *dashboard {
	t.Helper()
	return startDashboardAt(t, broker, t.TempDir())
}

// startDashboardAt is startDashboard with the history in a folder, and further
// lines about it.
func startDashboardAt(t *testing.T, broker *mosquitto, folder string, lines ...string) *dashboard {
	t.Helper()
	d := launchDashboard(t, broker, folder, lines...)
	d.listens(t)
	return d
}

// launchDashboard is startDashboardAt with a broker that may come later.
func launchDashboard(t *testing.T, broker *mosquitto, folder string, lines ...string) *dashboard {
	t.Helper()
	port := freePort(t)
	d := &dashboard{url: fmt.Sprintf("http://127.0.0.1:%d", port)}
	d.program = start(t, "systant-dashboard", nil, "-config", write(t, "systant-dashboard.toml", fmt.Sprintf(`
[http]
listen = "127.0.0.1:%d"
[mqtt]
host = "127.0.0.1"
port = %d
[history]
path = %q
%s
`, port, broker.port, folder, strings.Join(lines, "\n"))))
	eventually(t, "the dashboard answers", func() bool {
		d.alive(t)
		response, err := http.Get(d.url + "/healthz")
		if err != nil {
			return false
		}
		response.Body.Close()
		return true
	})
	return d
}

// listens waits until the dashboard takes messages.
func (d *dashboard) listens(t *testing.T) {
	t.Helper()
	eventually(t, "the dashboard listens to the broker", func() bool {
		var health struct{ Broker struct{ Connected bool } }
		d.get(t, "/healthz", &health)
		return health.Broker.Connected
	})
}

// host is what the tests read of a host in the dashboard's answers.
type host struct {
	Name     string `json:"name"`
	State    string `json:"state"`
	Readings []struct {
		Metric string  `json:"metric"`
		Value  float64 `json:"value"`
	} `json:"readings"`
}

// hosts returns what /api/hosts says, by name.
func (d *dashboard) hosts(t *testing.T) map[string]host {
	t.Helper()
	var answer struct {
		Hosts []host `json:"hosts"`
	}
	d.get(t, "/api/hosts", &answer)
	byName := make(map[string]host)
	for _, h := range answer.Hosts {
		byName[h.Name] = h
	}
	return byName
}

// get decodes an answer.
func (d *dashboard) get(t *testing.T, path string, into any) {
	t.Helper()
	status, text := d.text(t, path)
	if status != http.StatusOK {
		t.Fatalf("%s: %d: %.200s", path, status, text)
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%s: %v in %.200s", path, err, text)
	}
}

// text returns the status of an answer, and what it says.
func (d *dashboard) text(t *testing.T, path string) (int, string) {
	t.Helper()
	response, err := http.Get(d.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// event is one event of the stream.
type event struct {
	kind string
	data []byte
}

// events returns the stream of a dashboard.
func (d *dashboard) events(t *testing.T, query string) <-chan event {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url+"/events"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	events := make(chan event, 1000)
	go func() {
		defer response.Body.Close()
		defer close(events)
		lines := bufio.NewReader(response.Body)
		var e event
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return // the test has ended
			}
			key, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
			value = strings.TrimPrefix(value, " ")
			switch {
			case key == "event":
				e.kind = value
			case key == "data":
				e.data = append(e.data, value...)
			case key == "" && value == "" && e.kind != "":
				events <- e
				e = event{}
			}
		}
	}()
	return events
}

// next waits for an event of a kind whose data a test accepts.
func next(t *testing.T, events <-chan event, kind string, accept func(data []byte) bool) {
	t.Helper()
	deadline := time.After(patience)
	var seen []string
	for {
		select {
		case e, open := <-events:
			if !open {
				t.Fatalf("the stream ended; seen %v", seen)
			}
			if e.kind == kind && (accept == nil || accept(e.data)) {
				return
			}
			seen = append(seen, e.kind)
		case <-deadline:
			t.Fatalf("no such event %q after %v; seen %v", kind, patience, seen)
		}
	}
}

// connected returns a test for broker events.
func connected(want bool) func([]byte) bool {
	return func(data []byte) bool {
		var b struct {
			Connected bool `json:"connected"`
		}
		return json.Unmarshal(data, &b) == nil && b.Connected == want
	}
}

// TestDashboard follows a sample from the kernel to the page's stream, and an
// outage of the broker.
func TestDashboard(t *testing.T) {
	broker := startMosquitto(t, open)
	d := startDashboard(t, broker)
	events := d.events(t, "?host=testhost")
	next(t, events, "snapshot", nil)
	agent := start(t, "systant-agent", nil, "-config", agentConfig(t, fmt.Sprintf("port = %d", broker.port)))
	next(t, events, "hosts", func(data []byte) bool { return strings.Contains(string(data), `"testhost"`) })
	next(t, events, "detail", func(data []byte) bool { return strings.Contains(string(data), `"boot_id"`) })
	eventually(t, "/api/hosts shows the host online", func() bool {
		h := d.hosts(t)["testhost"]
		return h.State == "online" && len(h.Readings) > 5
	})

	broker.signal(t, syscall.SIGKILL)
	broker.wait(t)
	next(t, events, "broker", connected(false))
	d.alive(t)
	broker.restart(t)
	next(t, events, "broker", connected(true))
	next(t, events, "detail", nil)
	agent.alive(t)

	agent.signal(t, syscall.SIGTERM)
	eventually(t, "/api/hosts shows the host offline", func() bool { return d.hosts(t)["testhost"].State == "offline" })
	d.signal(t, syscall.SIGTERM)
	if got := d.wait(t); got != 0 {
		t.Errorf("the dashboard's exit status is %d, want 0", got)
	}
}

// TestDashboardBeforeBroker starts a dashboard whose broker comes later.
func TestDashboardBeforeBroker(t *testing.T) {
	broker := startMosquitto(t, open)
	broker.signal(t, syscall.SIGKILL)
	broker.wait(t)
	d := launchDashboard(t, broker, t.TempDir())
	events := d.events(t, "")
	next(t, events, "snapshot", nil)
	broker.restart(t)
	next(t, events, "broker", connected(true))
	link, _ := broker.connect(t)
	send(t, link, "systant/late/status", schema.Online)
	eventually(t, "the host is there", func() bool { return d.hosts(t)["late"].State == "online" })
}

// send publishes a retained message.
func send(t *testing.T, link *mqtt.Link, topic, payload string) {
	t.Helper()
	if err := link.Publish(t.Context(), mqtt.Message{Topic: topic, Payload: []byte(payload), QoS: 1, Retain: true}); err != nil {
		t.Fatal(err)
	}
}
