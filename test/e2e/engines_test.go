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

// testEngine is TestEngines with one of them.
func testEngine(t *testing.T, name string) {
	e := startEngine(t, name)
	broker := startMosquitto(t, open)
	link, _ := broker.connect(t)
	first := time.Now().Add(-3 * time.Hour).Truncate(10 * time.Minute)
	send := func(d *dashboard, at time.Time, usage int, kernel string) {
		t.Helper()
		payload := fmt.Sprintf(`{"hostname":"nas","timestamp":%q,"interval_seconds":30,"cpu":{"usage_percent":%d},"disk":{"/":{"usage_percent":50}},"system":{"kernel":%q,"boot_time":%d}}`,
			at.UTC().Format(time.RFC3339Nano), usage, kernel, first.Unix()-1000)
		if err := link.Publish(t.Context(), mqtt.Message{Topic: "systant/nas/stats", Payload: []byte(payload), QoS: 1}); err != nil {
			t.Fatal(err)
		}
	}
	lines := []string{"embedded = false", `remote_write_url = "` + e.write + `"`, `query_url = "` + e.url + `"`}
	d := startDashboardAt(t, broker, t.TempDir(), lines...)
	const n = 150 // each minute
	for i := range n {
		kernel := "6.12.1"
		if i >= n/2 {
			kernel = "6.12.2"
		}
		send(d, first.Add(time.Duration(i)*time.Minute), i%10, kernel)
	}
	// chart returns how many moments have a number, and the least and greatest.
	type chart struct {
		Step  int
		Times []float64
		Lines []struct {
			Metric, Instance string
			Mean, Low, High  []*float64
		}
	}
	draw := func(start time.Time, points int) (c chart) {
		t.Helper()
		d.get(t, fmt.Sprintf("/api/hosts/nas/history?metrics=cpu.usage_percent,disk.usage_percent&start=%d&end=%d&points=%d", start.Unix(), time.Now().Unix(), points), &c)
		return c
	}
	eventually(t, "all samples are there", func() bool {
		c := draw(first, 1000)
		return len(c.Lines) == 2 && len(c.Times) == n && *c.Lines[0].Mean[n-1] == (n-1)%10
	})
	c := draw(first, 1000)
	if c.Step != 0 || c.Lines[0].Metric != "cpu.usage_percent" || c.Lines[1].Instance != "/" || c.Times[0] != float64(first.Unix()) {
		t.Errorf("the chart of samples: got %+v", c)
	}
	c = draw(first, 20)
	if c.Step != 600 || len(c.Lines) != 2 || *c.Lines[0].Mean[0] != 4.5 || *c.Lines[0].Low[0] != 0 || *c.Lines[0].High[0] != 9 || *c.Lines[1].Mean[3] != 50 {
		t.Errorf("the chart of buckets: got %+v", c)
	}
	c = draw(first.Add(-60*24*time.Hour), 400)
	if len(c.Lines) != 2 || len(c.Times) > 401 {
		t.Errorf("the chart of two months: got %d lines, %d moments", len(c.Lines), len(c.Times))
	}
	var events struct {
		Events []struct {
			Kind, From, To string
			At             float64
		}
	}
	for _, days := range []int{1, 30} {
		d.get(t, fmt.Sprintf("/api/hosts/nas/events?start=%d&end=%d", first.Add(-time.Duration(days)*24*time.Hour).Unix(), time.Now().Unix()), &events)
		if len(events.Events) != 1 || events.Events[0].Kind != "kernel" || events.Events[0].To != "6.12.2" {
			t.Errorf("the events of %d days: got %+v", days, events)
		}
	}
	// Prometheus' own client asks the dashboard.
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		lacking(t, "promtool is not installed")
	}
	last := first.Add((n - 1) * time.Minute)
	output, err := exec.Command(promtool, "query", "instant", "--time", fmt.Sprint(last.Unix()), d.url, "systant_cpu_usage_percent").CombinedOutput()
	if want := fmt.Sprintf(`systant_cpu_usage_percent{host="nas"} => %d @`, (n-1)%10); err != nil || !strings.Contains(string(output), want) {
		t.Errorf("promtool: got %s, %v; want %s", output, err, want)
	}
	// While the engine is away the page goes on and says so; nothing is lost.
	e.signal(t, syscall.SIGTERM)
	e.wait(t)
	fault := func() string {
		var health struct{ History struct{ Error string } }
		d.get(t, "/healthz", &health)
		return health.History.Error
	}
	for i := range 5 {
		send(d, last.Add(time.Duration(i+1)*time.Minute), 77, "6.12.2")
	}
	eventually(t, "the page names the engine that is away", func() bool {
		return strings.Contains(fault(), e.write) && strings.Contains(fault(), "connection refused")
	})
	if status, text := d.text(t, "/api/v1/query?query=1"); status != http.StatusServiceUnavailable || !strings.Contains(text, `"errorType":"unavailable"`) {
		t.Errorf("a question while it is away: got %d %s", status, text)
	}
	if h := d.hosts(t)["nas"]; h.Readings[0].Value != 77 {
		t.Errorf("the page: got %+v", h)
	}
	e.restart(t)
	eventually(t, "what came meanwhile is there", func() bool {
		c := draw(first, 1000)
		return fault() == "" && len(c.Times) == n+5 && *c.Lines[0].Mean[n+4] == 77
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
