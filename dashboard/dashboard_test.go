package dashboard

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"systant/dashboard/internal/broker"
	"systant/dashboard/internal/fleet"
)

// patience bounds each wait for something that should be quick.
const patience = 15 * time.Second

// start runs a dashboard with further lines of configuration, on free ports,
// until the test ends.
func start(t *testing.T, text string) *Dashboard {
	t.Helper()
	c, err := Parse("test.toml", []byte(text), environment("HOME", t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	c.Listen, c.Broker.Listen = "127.0.0.1:0", "127.0.0.1:0"
	d, err := New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("running: %v", err)
			}
		case <-time.After(patience):
			t.Error("the dashboard did not stop")
		}
	})
	return d
}

// client is an MQTT client that publishes what it is told to.
type client struct {
	t *testing.T
	*paho.Client
}

// connect returns a client of a broker.
func connect(t *testing.T, address, id string) client {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := paho.NewClient(paho.ClientConfig{Conn: conn})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := c.Connect(ctx, &paho.Connect{ClientID: id, CleanStart: true, KeepAlive: 30}); err != nil {
		t.Fatal(err)
	}
	return client{t, c}
}

// send publishes a retained message at QoS 1.
func (c client) send(topic, payload string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	_, err := c.Publish(ctx, &paho.Publish{Topic: topic, Payload: []byte(payload), QoS: 1, Retain: true})
	if err != nil {
		c.t.Errorf("publishing on %.80q: %v", topic, err)
	}
}

// stats returns the payload of a host's sample of now.
func stats(host, fields string) string {
	return fmt.Sprintf(`{"hostname":%q,"timestamp":%q,"interval_seconds":1%s}`,
		host, time.Now().UTC().Format(time.RFC3339Nano), fields)
}

// get returns an answer's status and body.
func get(t *testing.T, address string) (int, string) {
	t.Helper()
	response, err := http.Get(address)
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

// events returns the events of a session, as "name data".
func events(t *testing.T, address string) <-chan string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	out := make(chan string, 1000)
	go func() {
		defer close(out)
		data := ""
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if rest, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				data = rest
			}
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				out <- name + " " + data
			}
		}
	}()
	return out
}

// await returns the first event that holds all the texts.
func await(t *testing.T, from <-chan string, texts ...string) string {
	t.Helper()
	limit := time.After(patience)
	for last := ""; ; {
		select {
		case event, open := <-from:
			missing := !open
			for _, text := range texts {
				missing = missing || !strings.Contains(event, text)
			}
			if !missing {
				return event
			}
			if last = event; !open {
				t.Fatalf("the events ended before one with %q", texts)
			}
		case <-limit:
			t.Fatalf("no event with %q; the last was %.300q", texts, last)
		}
	}
}

// TestWay follows a host from the broker to the browser and the API: sample,
// another sample, silence, offline, removal.
func TestWay(t *testing.T) {
	d := start(t, "")
	page := events(t, d.URL()+"/events?host=nas")
	await(t, page, "snapshot ", `"hosts":[]`, `"detail":null`, `"stale_after_intervals":3`)
	agent := connect(t, d.BrokerAddr().String(), "nas")
	agent.send("systant/nas/stats", stats("nas", `,"cpu":{"usage_percent":12.5},"news":{"x":1}`))
	await(t, page, "hosts ", `"name":"nas","state":"online"`, `{"metric":"cpu.usage_percent","value":12.5}`)
	await(t, page, "detail ", `"news":{"x":1}`)
	agent.send("systant/nas/stats", stats("nas", `,"disk":{"/":{"total_bytes":9,"usage_percent":98}}`))
	await(t, page, "hosts ", `"severity":"critical"`, `/ 98`)
	await(t, page, "hosts ", `"state":"stale"`)

	if status, body := get(t, d.URL()+"/api/hosts"); status != 200 || !strings.Contains(body, `"name":"nas","state":"stale"`) {
		t.Errorf("/api/hosts: got %d %.300s", status, body)
	}
	status, body := get(t, d.URL()+"/api/hosts/nas")
	var detail fleet.Detail
	if err := json.Unmarshal([]byte(body), &detail); status != 200 || err != nil || len(detail.Stats) < 50 {
		t.Errorf("/api/hosts/nas: got %d %.300s (%v)", status, body, err)
	}

	agent.send("systant/nas/stats", stats("nas", ""))
	await(t, page, "hosts ", `"state":"online"`)
	agent.send("systant/nas/status", "offline")
	await(t, page, "hosts ", `"state":"offline"`)
	agent.send("systant/nas/status", "")
	await(t, page, "gone ", `{"hosts":["nas"]}`)
	if status, body := get(t, d.URL()+"/api/hosts/nas"); status != 404 || !strings.Contains(body, `"error"`) {
		t.Errorf("removed host: got %d %s", status, body)
	}
	if _, body := get(t, d.URL()+"/healthz"); !strings.Contains(body, `"connected":true,"embedded":true`) {
		t.Errorf("/healthz: got %s", body)
	}
}

// TestGarbage sends a thousand hostile messages from several clients; the
// dashboard lives on, shows none of it, and has not grown.
func TestGarbage(t *testing.T) {
	d := start(t, "")
	broker := d.BrokerAddr().String()
	page := events(t, d.URL()+"/events")
	await(t, page, "snapshot ")
	good := connect(t, broker, "good")
	good.send("systant/good/stats", stats("good", ""))
	await(t, page, `"name":"good"`)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)

	random := rand.New(rand.NewPCG(1, 2))
	hosts := []string{"<img src=x onerror=alert(1)>", "a\u202eb", "NAS", "..", "a b", strings.Repeat("a", 5000), "evil"}
	bad := connect(t, broker, "bad")
	for n := range 1000 {
		host := hosts[random.IntN(len(hosts))]
		payload := ""
		switch n % 5 {
		case 0:
			noise := make([]byte, random.IntN(5000)+1)
			for i := range noise {
				noise[i] = byte(random.Uint32())
			}
			payload = string(noise)
		case 1:
			payload = strings.Repeat(`{"a":[`, 20_000)
		case 2:
			payload = stats("other", "")
		case 3:
			payload = stats("evil", `,"cpu":{"load_1m":"</script><script>"}`)
		case 4:
			payload = stats("evil", `,"system":{"os":"`+strings.Repeat("x", 200_000)+`"}`)
		}
		bad.send("systant/"+host+"/stats", payload)
	}
	flood := connect(t, broker, "flood")
	go func() {
		_, _ = flood.Publish(t.Context(), &paho.Publish{Topic: "systant/evil/stats", QoS: 0, Payload: make([]byte, 10<<20)})
	}()
	<-flood.Done()

	good.send("systant/good/stats", stats("good", `,"cpu":{"usage_percent":77}`))
	await(t, page, `"name":"good"`, `"value":77`)
	if _, body := get(t, d.URL()+"/api/hosts"); strings.Contains(body, "evil") || strings.Contains(body, "other") {
		t.Errorf("hosts: got %.500s", body)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("heap %d KiB before, %d KiB after", before.HeapAlloc>>10, after.HeapAlloc>>10)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
		t.Errorf("heap grew by %d bytes", grown)
	}
}

// TestBrokerRestart shows the loss of an external broker and its return, and
// hears of hosts again.
func TestBrokerRestart(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	stop := serveBroker(t, l)
	host, port, _ := net.SplitHostPort(address)
	d := start(t, fmt.Sprintf("[mqtt]\nhost = %q\nport = %s\n", host, port))
	if d.BrokerAddr() != nil {
		t.Error("an embedded broker runs beside the configured one")
	}
	page := events(t, d.URL()+"/events")
	if first := await(t, page, "snapshot "); !strings.Contains(first, `"connected":true`) {
		await(t, page, "broker ", `"connected":true,"embedded":false`)
	}
	stop()
	await(t, page, "broker ", `"connected":false`, `"error":"`)
	if status, body := get(t, d.URL()+"/healthz"); status != 200 || !strings.Contains(body, `"connected":false`) {
		t.Errorf("/healthz: got %d %s", status, body)
	}
	if l, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	defer serveBroker(t, l)()
	await(t, page, "broker ", `"connected":true`)
	agent := connect(t, address, "nas")
	agent.send("systant/nas/stats", stats("nas", ""))
	await(t, page, `"name":"nas"`)
}

// serveBroker runs a broker on l until the returned function is called.
func serveBroker(t *testing.T, l net.Listener) (stop func()) {
	t.Helper()
	b, err := broker.New(l, broker.Options{MaxClients: 10, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Wait(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestNoBroker serves the page although the broker was never there.
func TestNoBroker(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	d := start(t, "[mqtt]\nhost = \"127.0.0.1\"\nport = "+port)
	page := events(t, d.URL()+"/events")
	if first := await(t, page, "snapshot "); !strings.Contains(first, "refused") {
		await(t, page, "broker ", `"connected":false`, "refused")
	}
}

// TestRemembered follows a sample into the history: it can be asked for, and
// that the host is away too.
func TestRemembered(t *testing.T) {
	d := start(t, "")
	agent := connect(t, d.BrokerAddr().String(), "nas")
	agent.send("systant/nas/stats", stats("nas", `,"cpu":{"usage_percent":12.5},"disk":{"/":{"usage_percent":50}}`))
	expect := func(expr, want string) {
		t.Helper()
		got := ""
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			response, err := http.PostForm(d.URL()+"/api/v1/query", url.Values{"query": {expr}})
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			if got = string(body); err == nil && strings.Contains(got, want) {
				return
			}
		}
		t.Errorf("%s: got %s, want %s in it", expr, got, want)
	}
	expect(`systant_disk_usage_percent`, `"metric":{"__name__":"systant_disk_usage_percent","host":"nas","mount_point":"/"},`)
	expect(`systant_cpu_usage_percent`, `"12.5"]`)
	expect(`systant_up`, `"1"]`)
	agent.send("systant/nas/status", "offline")
	expect(`systant_up`, `"0"]`)
	of := func(what string) string {
		t.Helper()
		status, body := get(t, d.URL()+"/api/hosts/nas/"+what)
		return fmt.Sprint(status, " ", body)
	}
	later := time.Now().Unix() + 10
	if got := of(fmt.Sprintf("moment?at=%d", later)); !strings.HasPrefix(got, "200 ") || !strings.Contains(got, `"stats":{"hostname":"nas"`) {
		t.Errorf("got the moment %s", got)
	}
	if got := of("moment?at=0"); !strings.HasPrefix(got, "404 ") || !strings.Contains(got, "kept since 20") {
		t.Errorf("got the first moment %s", got)
	}
	if got := of(fmt.Sprintf("events?start=0&end=%d", later)); !strings.Contains(got, `"kind":"offline"`) {
		t.Errorf("got the events %s", got)
	}
	expect(`systant_cpu_usage_percent`, `"result":[]`)
	agent.send("systant/nas/stats", "")
	expect(`systant_up`, `"result":[]`)
	if _, body := get(t, d.URL()+"/healthz"); !strings.Contains(body, `"history":{"open":true,"since"`) {
		t.Errorf("got the health %s", body)
	}
	if _, body := get(t, d.URL()+"/metrics"); !strings.Contains(body, `systant_history_refused_total{reason="late"} 0`) {
		t.Errorf("got the metrics %s", body)
	}
}

// TestRecalled restarts a dashboard whose broker has forgotten everything: the
// fleet is known as it was, without hosts that were removed.
func TestRecalled(t *testing.T) {
	config := fmt.Sprintf("[history]\npath = %q", t.TempDir())
	count := func(d *Dashboard, want int) string {
		t.Helper()
		body := ""
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			if _, body = get(t, d.URL()+"/api/hosts"); strings.Count(body, `"name"`) == want {
				return body
			}
		}
		t.Fatalf("got the hosts %s, want %d", body, want)
		return ""
	}
	for round, want := range []int{3, 2, 2} {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			d := start(t, config)
			if round == 0 {
				agents := connect(t, d.BrokerAddr().String(), "agents")
				for _, host := range []string{"nas", "pi", "old"} {
					agents.send("systant/"+host+"/stats", stats(host, `,"cpu":{"usage_percent":12.5}`))
				}
				count(d, want)
				agents.send("systant/old/stats", "")
				count(d, want-1)
				return
			}
			if body := count(d, want); strings.Contains(body, `"old"`) || !strings.Contains(body, "12.5") {
				t.Errorf("got the hosts %s, want nas and pi as they were", body)
			}
		})
	}
}

// TestNoHistory has no queries where nothing is remembered.
func TestNoHistory(t *testing.T) {
	d := start(t, "[history]\nenabled = false")
	if _, body := get(t, d.URL()+"/healthz"); !strings.Contains(body, `"history":null`) {
		t.Errorf("got the health %s", body)
	}
	if status, body := get(t, d.URL()+"/api/hosts/nas/moment?at=0"); status != http.StatusNotFound {
		t.Errorf("got %d %s", status, body)
	}
	if status, body := get(t, d.URL()+"/api/v1/query?query=1"); status != http.StatusNotFound {
		t.Errorf("got %d %s", status, body)
	}
}

// TestAddressInUse says in one line which address is taken, and what to do.
func TestAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().String()
	for section, want := range map[string]string{"http": "the page", "broker": "the embedded broker"} {
		c, err := Parse("test.toml", nil, environment("HOME", t.TempDir()))
		if err != nil {
			t.Fatal(err)
		}
		c.Listen, c.Broker.Listen = "127.0.0.1:0", "127.0.0.1:0"
		if section == "http" {
			c.Listen = taken
		} else {
			c.Broker.Listen = taken
		}
		_, err = New(c, slog.New(slog.DiscardHandler))
		if err == nil {
			t.Fatalf("%s: no error", section)
		}
		for _, text := range []string{want, taken, "address already in use", "[" + section + "]"} {
			if !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: got %q, want %q in it", section, err, text)
			}
		}
	}
}
