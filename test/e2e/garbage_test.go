package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"systant/pkg/schema"
)

// hostile are texts that a careless program would let do something.
var hostile = []string{
	`<script>document.title="pwned"</script>`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`,
	"\u202etxt.exe", "a\x00b", "line\nfeed", "data: x\n\nevent: gone\ndata: {}", `__proto__`, `../../etc/passwd`,
	strings.Repeat("A", 40_000), "\xff\xfe", `{{.}}`, "%s%n%d",
}

// garbage returns a payload that no agent sends.
func garbage(t *testing.T, random *rand.Rand, n int) []byte {
	t.Helper()
	noise := make([]byte, random.IntN(5000))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	text := hostile[n%len(hostile)]
	switch n % 8 {
	case 0:
		return noise
	case 1:
		return bytes.Repeat([]byte("["), 100_000)
	case 2:
		return []byte(strings.Repeat(`{"cpu":`, 5_000))
	case 3:
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Appendf(nil, `{"timestamp":"2026-01-01T00:00:00Z","hostname":"testhost","boot_id":"b","interval_seconds":30,"tags":[%[1]s],"system":{"os":%[1]s,"kernel":%[1]s},"disk":{%[1]s:{"device":%[1]s,"total_bytes":1}}}`, quoted)
	case 4:
		return []byte(`{"cpu":{"usage_percent":1e308,"load_1m":-1e308},"interval_seconds":-1,"timestamp":"9999-12-31T23:59:59Z"}`)
	case 5:
		return []byte(`{"timestamp":"0001-01-01T00:00:00Z","memory":{"total_bytes":18446744073709551615,"used_bytes":18446744073709551615}}`)
	case 6:
		var b bytes.Buffer
		b.WriteString(`{"hostname":"many","network":{`)
		for i := range 2000 {
			fmt.Fprintf(&b, `"if%d":{"rx_bytes_total":%d},`, i, i)
		}
		b.WriteString(`"last":{}}}`)
		return b.Bytes()
	default:
		return []byte(`null`)
	}
}

// resident returns the resident memory of a process, in bytes.
func resident(t *testing.T, pid int) int {
	t.Helper()
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// TestGarbage sends a dashboard what it does not expect, a thousand times and
// more, and looks whether it still does its work and has not grown.
func TestGarbage(t *testing.T) {
	broker := startMosquitto(t, open+"max_queued_messages 10000\n")
	d := startDashboard(t, broker)
	link, _ := broker.connect(t)
	random := rand.New(rand.NewPCG(1, 2))
	flood := func(from, to int) {
		for n := from; n < to; n++ {
			host := []string{"testhost", fmt.Sprintf("h%d", n), "UPPER", "-bad-", "a.b", "ünïcode", strings.Repeat("x", 200)}[n%7]
			kind := []string{"stats", "stats", "status", "responses", "no/such/kind"}[n%5]
			send(t, link, "systant/"+host+"/"+kind, string(garbage(t, random, n)))
		}
	}
	flood(0, 1000)
	before := resident(t, d.pid())
	flood(1000, 1600)
	huge(t, broker, 10<<20)
	send(t, link, "systant/good/status", schema.Online)
	send(t, link, "systant/good/stats", `{"timestamp":"2026-01-01T00:00:00Z","hostname":"good","boot_id":"b","sequence":1,"interval_seconds":30,"cpu":{"usage_percent":12.5,"count":1}}`)
	eventually(t, "a good host is seen after the bad ones", func() bool {
		d.alive(t)
		return d.hosts(t)["good"].State == "online"
	})
	for name := range d.hosts(t) {
		if schema.CheckHost(name) != nil {
			t.Errorf("a host is called %q", name)
		}
	}
	if after := resident(t, d.pid()); after > before+64<<20 || after > 300<<20 {
		t.Errorf("resident memory is %d MiB after %d MiB", after>>20, before>>20)
	}
	next(t, d.events(t, "?host=testhost"), "snapshot", nil)
	if said := d.said(); len(said) > 1<<20 {
		t.Errorf("the dashboard said %d bytes", len(said))
	}
}

// huge publishes a message of so many bytes, by another client than ours,
// which would refuse to.
func huge(t *testing.T, broker *mosquitto, size int) {
	t.Helper()
	path := write(t, "huge", strings.Repeat("x", size))
	if output, err := exec.Command("mosquitto_pub", "-p", strconv.Itoa(broker.port), "-t", "systant/testhost/stats", "-q", "1", "-f", path).CombinedOutput(); err != nil {
		lacking(t, fmt.Sprintf("mosquitto_pub: %v: %s", err, output))
	}
}
