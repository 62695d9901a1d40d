package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"systant/pkg/mqtt"
)

// engine is another engine that remembers.
type engine struct {
	*program
	name      string
	url       string
	write     string // where it takes remote write
	arguments []string
}

// engines are how those that Debian has are started on a port, with a folder.
var engines = map[string]func(port int, folder string) []string{
	"prometheus": func(port int, folder string) []string {
		return []string{
			fmt.Sprintf("--web.listen-address=127.0.0.1:%d", port), "--storage.tsdb.path=" + folder,
			"--config.file=" + filepath.Join(folder, "prometheus.yml"), "--web.enable-remote-write-receiver",
		}
	},
	"victoria-metrics": func(port int, folder string) []string {
		return []string{
			fmt.Sprintf("-httpListenAddr=127.0.0.1:%d", port), "-storageDataPath=" + folder,
			"-search.latencyOffset=0s", "-memory.allowedBytes=64MB",
		}
	},
}

// startEngine starts another engine.
func startEngine(t *testing.T, name string) *engine {
	t.Helper()
	port, folder := freePort(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "prometheus.yml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	e := &engine{name: name, url: fmt.Sprintf("http://127.0.0.1:%d", port), arguments: engines[name](port, folder)}
	e.write = e.url + "/api/v1/write"
	e.restart(t)
	return e
}

// restart starts the engine; one that runs must be stopped before.
func (e *engine) restart(t *testing.T) {
	t.Helper()
	path, err := exec.LookPath(e.name)
	if err != nil {
		lacking(t, e.name+" is not installed")
	}
	e.program = launch(t, path, nil, e.arguments...)
	eventually(t, e.name+" answers", func() bool {
		e.alive(t)
		response, err := http.Get(e.url + "/api/v1/query?query=1")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// TestEngines keeps the history in another engine, and reads it there: charts,
// events and questions, as with the embedded one.
func TestEngines(t *testing.T) {
	for name := range engines {
		t.Run(name, func(t *testing.T) { testEngine(t, name) })
	}
}

// elsewhere is a dashboard whose history is in another engine.
type elsewhere struct {
	*dashboard
	engine *engine
	link   *mqtt.Link
	first  time.Time // of the samples
}

// samples is how many elsewhere begins with, one each minute.
const samples = 150

// send publishes a sample of so many minutes after the first.
func (e *elsewhere) send(t *testing.T, minute, usage int, kernel string) {
	t.Helper()
	at := e.first.Add(time.Duration(minute) * time.Minute)
	payload := fmt.Sprintf(`{"hostname":"nas","timestamp":%q,"interval_seconds":30,"cpu":{"usage_percent":%d},"disk":{"/":{"usage_percent":50}},"system":{"kernel":%q,"boot_time":%d}}`,
		at.UTC().Format(time.RFC3339Nano), usage, kernel, e.first.Unix()-1000)
	if err := e.link.Publish(t.Context(), mqtt.Message{Topic: "systant/nas/stats", Payload: []byte(payload), QoS: 1}); err != nil {
		t.Fatal(err)
	}
}

// chart is what the page draws.
type chart struct {
	Step  int
	Times []float64
	Lines []struct {
		Metric, Instance string
		Mean, Low, High  []*float64
	}
}

// draw returns a chart of two metrics until now.
func (e *elsewhere) draw(t *testing.T, start time.Time, points int) (c chart) {
	t.Helper()
	e.get(t, fmt.Sprintf("/api/hosts/nas/history?metrics=cpu.usage_percent,disk.usage_percent&start=%d&end=%d&points=%d", start.Unix(), time.Now().Unix(), points), &c)
	return c
}

// testEngine is TestEngines with one of them.
func testEngine(t *testing.T, name string) {
	other := startEngine(t, name)
	broker := startMosquitto(t, open)
	e := &elsewhere{engine: other, first: time.Now().Add(-3 * time.Hour).Truncate(10 * time.Minute)}
	e.link, _ = broker.connect(t)
	e.dashboard = startDashboardAt(t, broker, t.TempDir(), "embedded = false", `remote_write_url = "`+other.write+`"`, `query_url = "`+other.url+`"`)
	for i := range samples {
		kernel := "6.12.1"
		if i >= samples/2 {
			kernel = "6.12.2"
		}
		e.send(t, i, i%10, kernel)
	}
	eventually(t, "all samples are there", func() bool {
		c := e.draw(t, e.first, 1000)
		return len(c.Lines) == 2 && len(c.Times) == samples && *c.Lines[0].Mean[samples-1] == (samples-1)%10
	})
	e.charts(t)
	e.happened(t)
	// Prometheus' own client asks the dashboard.
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		lacking(t, "promtool is not installed")
	}
	last := e.first.Add((samples - 1) * time.Minute)
	output, err := exec.Command(promtool, "query", "instant", "--time", fmt.Sprint(last.Unix()), e.url, "systant_cpu_usage_percent").CombinedOutput()
	if want := fmt.Sprintf(`systant_cpu_usage_percent{host="nas"} => %d @`, (samples-1)%10); err != nil || !strings.Contains(string(output), want) {
		t.Errorf("promtool: got %s, %v; want %s", output, err, want)
	}
	e.away(t)
}

// charts compares charts of samples, of buckets, and of a long time.
func (e *elsewhere) charts(t *testing.T) {
	c := e.draw(t, e.first, 1000)
	if c.Step != 0 || c.Lines[0].Metric != "cpu.usage_percent" || c.Lines[1].Instance != "/" || c.Times[0] != float64(e.first.Unix()) {
		t.Errorf("the chart of samples: got %+v", c)
	}
	c = e.draw(t, e.first, 20)
	if c.Step != 600 || len(c.Lines) != 2 || *c.Lines[0].Mean[0] != 4.5 || *c.Lines[0].Low[0] != 0 || *c.Lines[0].High[0] != 9 || *c.Lines[1].Mean[3] != 50 {
		t.Errorf("the chart of buckets: got %+v", c)
	}
	c = e.draw(t, e.first.Add(-60*24*time.Hour), 400)
	if len(c.Lines) != 2 || len(c.Times) > 401 {
		t.Errorf("the chart of two months: got %d lines, %d moments", len(c.Lines), len(c.Times))
	}
}

// happened compares events.
func (e *elsewhere) happened(t *testing.T) {
	var events struct {
		Events []struct{ Kind, From, To string }
	}
	for _, days := range []int{1, 30} {
		e.get(t, fmt.Sprintf("/api/hosts/nas/events?start=%d&end=%d", e.first.Add(-time.Duration(days)*24*time.Hour).Unix(), time.Now().Unix()), &events)
		if len(events.Events) != 1 || events.Events[0].Kind != "kernel" || events.Events[0].To != "6.12.2" {
			t.Errorf("the events of %d days: got %+v", days, events)
		}
	}
}

// away stops the engine for a while: the page goes on and says so, and nothing
// is lost.
func (e *elsewhere) away(t *testing.T) {
	e.engine.signal(t, syscall.SIGTERM)
	e.engine.wait(t)
	fault := func() string {
		var health struct{ History struct{ Error string } }
		e.get(t, "/healthz", &health)
		return health.History.Error
	}
	const more = 5
	for i := range more {
		e.send(t, samples+i, 77, "6.12.2")
	}
	eventually(t, "the page names the engine that is away", func() bool {
		return strings.Contains(fault(), e.engine.write) && strings.Contains(fault(), "connection refused")
	})
	if status, text := e.text(t, "/api/v1/query?query=1"); status != http.StatusServiceUnavailable || !strings.Contains(text, `"errorType":"unavailable"`) {
		t.Errorf("a question while it is away: got %d %s", status, text)
	}
	if h := e.hosts(t)["nas"]; h.Readings[0].Value != 77 {
		t.Errorf("the page: got %+v", h)
	}
	e.engine.restart(t)
	eventually(t, "what came meanwhile is there", func() bool {
		c := e.draw(t, e.first, 1000)
		return fault() == "" && len(c.Times) == samples+more && *c.Lines[0].Mean[samples+more-1] == 77
	})
}

// TestTwoEngines keeps the history in both.
func TestTwoEngines(t *testing.T) {
	e := startEngine(t, "prometheus")
	broker := startMosquitto(t, open)
	link, _ := broker.connect(t)
	d := startDashboardAt(t, broker, t.TempDir(), `remote_write_url = "`+e.write+`"`)
	payload := fmt.Sprintf(`{"hostname":"nas","timestamp":%q,"interval_seconds":30,"cpu":{"usage_percent":42}}`, time.Now().UTC().Format(time.RFC3339Nano))
	if err := link.Publish(t.Context(), mqtt.Message{Topic: "systant/nas/stats", Payload: []byte(payload), QoS: 1}); err != nil {
		t.Fatal(err)
	}
	for _, at := range []*dashboard{d, {program: e.program, url: e.url}} {
		eventually(t, at.url+" has the sample", func() bool {
			_, text := at.text(t, "/api/v1/query?query=systant_cpu_usage_percent")
			return strings.Contains(text, `"42"]`)
		})
	}
}
