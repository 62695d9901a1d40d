package collect

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/pkg/schema"
)

// netDevHead is what every /proc/net/dev starts with.
const netDevHead = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`

// collectNetwork takes a sample.
func collectNetwork(t *testing.T, c Collector, now time.Time) map[string]schema.Network {
	t.Helper()
	var s schema.Stats
	if err := c.Collect(t.Context(), &s, now); err != nil && !errors.Is(err, ErrAbsent) {
		t.Fatal(err)
	}
	return s.Network
}

func TestNetwork(t *testing.T) {
	host := writeHost(t, map[string]string{
		"proc/net/dev": netDevHead + `    lo: 100 10 0 0 0 0 0 0 100 10 0 0 0 0 0 0
  eth0: 88123456789 70123456    2   14    0     0          0     51000 9876543210 31234567    1    3    0     0       0          0
  tun0:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
vethabc: 5 5 0 0 0 0 0 0 5 5 0 0 0 0 0 0
 wlan0: 500 50 0 0 0 0 0 0 500 50 0 0 0 0 0 0
`,
		"sys/class/net/eth0/operstate": "up\n",
		"sys/class/net/eth0/speed":     "2500\n",
		"sys/class/net/tun0/operstate": "unknown\n",
		"sys/class/net/tun0/tun_flags": "0x1001\n",
		"sys/class/net/tun0/speed":     "10\n",
		"sys/class/net/wlan0/speed":    "-1\n",
	})
	c, err := newNetwork(Config{Host: host, Network: filter(t, nil, []string{"enp*"})})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	want := map[string]schema.Network{
		"eth0": {
			State: "up", SpeedBitsPerSecond: new(2.5e9), RxBytesTotal: 88123456789, TxBytesTotal: 9876543210,
			RxErrorsTotal: 2, TxErrorsTotal: 1, RxDropsTotal: 14, TxDropsTotal: 3,
		},
		"tun0":  {State: "unknown"},
		"wlan0": {RxBytesTotal: 500, TxBytesTotal: 500},
	}
	if diff := cmp.Diff(collectNetwork(t, c, now), want); diff != "" {
		t.Errorf("first sample: got -, want +\n%s", diff)
	}
	for file, content := range map[string]string{
		"/proc/net/dev": netDevHead + `  eth0: 88123457789 70123476    2   14    0     0          0     51000 9876543260 31234568    1    3    0     0       0          0
 wlan0: 40 4 0 0 0 0 0 0 600 60 0 0 0 0 0 0
`,
		"/sys/class/net/eth0/operstate": "down\n",
	} {
		if err := os.WriteFile(host.Path(file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want = map[string]schema.Network{
		"eth0": {
			State: "down", RxBytesTotal: 88123457789, TxBytesTotal: 9876543260,
			RxErrorsTotal: 2, TxErrorsTotal: 1, RxDropsTotal: 14, TxDropsTotal: 3,
			RxBytesPerSecond: new(100.0), TxBytesPerSecond: new(5.0), RxPacketsPerSecond: new(2.0), TxPacketsPerSecond: new(0.1),
		},
		"wlan0": {RxBytesTotal: 40, TxBytesTotal: 600},
	}
	if diff := cmp.Diff(collectNetwork(t, c, now.Add(10*time.Second)), want); diff != "" {
		t.Errorf("second sample: got -, want +\n%s", diff)
	}
}

func TestNetworkChooses(t *testing.T) {
	names := []string{"eth0", "lo", "docker0", "br-0a1b2c3d4e5f", "br-lan", "veth12ab", "tailscale0", "wg0", "tap0", "tap100i0", "bond0.20"}
	var table strings.Builder
	table.WriteString(netDevHead)
	for _, name := range names {
		table.WriteString(name + ": 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n")
	}
	host := writeHost(t, map[string]string{"proc/net/dev": table.String()})
	check := func(chosen Filter, want ...string) {
		t.Helper()
		c, _ := newNetwork(Config{Host: host, Network: chosen})
		got := slices.Sorted(maps.Keys(collectNetwork(t, c, time.Now())))
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("got -, want +\n%s", diff)
		}
	}
	check(Filter{}, "bond0.20", "br-lan", "eth0", "tailscale0", "tap0", "wg0")
	check(filter(t, []string{"docker0", "e*"}, nil), "docker0", "eth0")
	check(filter(t, nil, []string{"t*", "b*"}), "eth0", "wg0")
}

// TestNetworkFacts checks when speed is read anew: after a change of state, or
// a minute.
func TestNetworkFacts(t *testing.T) {
	host := writeHost(t, map[string]string{
		"proc/net/dev":                 netDevHead + "eth0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n",
		"sys/class/net/eth0/operstate": "up\n",
		"sys/class/net/eth0/speed":     "1000\n",
	})
	c, _ := newNetwork(Config{Host: host})
	started := time.Now()
	check := func(after time.Duration, file, content string, want float64) {
		t.Helper()
		if err := os.WriteFile(host.Path("/sys/class/net/eth0/"+file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		got := collectNetwork(t, c, started.Add(after))["eth0"].SpeedBitsPerSecond
		if got == nil || *got != want {
			t.Errorf("after %v: got %v, want %v", after, got, want)
		}
	}
	check(0, "speed", "1000\n", 1e9)
	check(time.Second, "speed", "100\n", 1e9)
	check(linkFactsFor, "speed", "100\n", 1e8)
	check(linkFactsFor+time.Second, "speed", "10\n", 1e8)
	check(linkFactsFor+2*time.Second, "operstate", "dormant\n", 1e7)
}

func TestNetworkAbsent(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no interfaces": {"proc/net/dev": netDevHead},
		"no networking": {"proc/stat": ""},
	} {
		c, err := newNetwork(Config{Host: writeHost(t, files)})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Collect(t.Context(), &schema.Stats{}, time.Now()); !errors.Is(err, ErrAbsent) {
			t.Errorf("%s: got %v, want %v", name, err, ErrAbsent)
		}
	}
}

// TestNetworkLive compares with /proc/net/dev of the machine that the test
// runs on.
func TestNetworkLive(t *testing.T) {
	c, err := newNetwork(Config{Network: filter(t, []string{"*"}, nil)})
	if err != nil {
		t.Fatal(err)
	}
	got := collectNetwork(t, c, time.Now())
	data, err := os.ReadFile("/proc/net/dev")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(data)) {
		if name, _, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	if lo, ok := got["lo"]; ok && len(lo.Addresses) > 0 && !strings.HasPrefix(lo.Addresses[0], "127.") {
		t.Errorf("got %q, want the address of lo", lo.Addresses)
	}
}

func BenchmarkNetwork(b *testing.B) {
	c, err := newNetwork(Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Collect(b.Context(), &schema.Stats{}, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
