package e2e

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"systant/pkg/schema"
)

// once returns what the agent says of this host.
func once(t *testing.T) schema.Stats {
	t.Helper()
	agent := start(t, "systant-agent", nil, "once", "-config", write(t, "systant.toml", "[general]\nhostname = \"testhost\"\n"))
	if got := agent.wait(t); got != 0 {
		t.Fatalf("exit status %d, want 0", got)
	}
	var stats schema.Stats
	if err := json.Unmarshal(agent.stdout.Bytes(), &stats); err != nil {
		t.Fatal(err)
	}
	return stats
}

// tool returns what a program of the system says, as lines of fields.
func tool(t *testing.T, name string, arguments ...string) [][]string {
	t.Helper()
	command := exec.Command(name, arguments...)
	command.Env = append(os.Environ(), "LC_ALL=C")
	output, err := command.Output()
	if err != nil {
		lacking(t, name+": "+err.Error())
	}
	return fields(string(output))
}

// fields returns the lines of a text as fields.
func fields(text string) [][]string {
	var lines [][]string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.Fields(line))
	}
	return lines
}

// number parses a number of a tool.
func number(t *testing.T, text string) float64 {
	t.Helper()
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// near fails unless two numbers differ by at most so much.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s = %v, want %v within %v", what, got, want, tolerance)
	}
}

// TestOnceMemory compares with free(1). Other programs go on meanwhile.
func TestOnceMemory(t *testing.T) {
	stats := once(t)
	memory := tool(t, "free", "-b")[1]
	near(t, "memory.total_bytes", float64(stats.Memory.TotalBytes), number(t, memory[1]), 0)
	near(t, "memory.available_bytes", float64(stats.Memory.AvailableBytes), number(t, memory[6]), 1<<30)
	near(t, "memory.swap_total_bytes", float64(stats.Memory.SwapTotalBytes), number(t, tool(t, "free", "-b")[2][1]), 0)
}

// TestOnceDisk compares with df(1) every filesystem that the agent shows.
func TestOnceDisk(t *testing.T) {
	stats := once(t)
	if len(stats.Disk) == 0 {
		t.Fatal("no filesystems")
	}
	for mount, disk := range stats.Disk {
		line := tool(t, "df", "-B1", "--output=size,used,avail,pcent", mount)[1]
		near(t, mount+" total_bytes", float64(disk.TotalBytes), number(t, line[0]), 0)
		near(t, mount+" used_bytes", float64(disk.UsedBytes), number(t, line[1]), 1<<28)
		near(t, mount+" available_bytes", float64(disk.AvailableBytes), number(t, line[2]), 1<<28)
		// df rounds up.
		near(t, mount+" usage_percent", disk.UsagePercent, number(t, strings.TrimSuffix(line[3], "%")), 1.1)
	}
}

// TestOnceSystem compares with /proc/uptime, nproc(1) and uname(1).
func TestOnceSystem(t *testing.T) {
	stats := once(t)
	uptime, err := os.ReadFile("/proc/uptime")
	if err != nil {
		t.Fatal(err)
	}
	near(t, "system.uptime_seconds", stats.System.UptimeSeconds, number(t, fields(string(uptime))[0][0]), 10)
	near(t, "cpu.count", float64(stats.CPU.Count), number(t, tool(t, "nproc", "--all")[0][0]), 0)
	if got, want := stats.System.Kernel, tool(t, "uname", "-r")[0][0]; got != want {
		t.Errorf("kernel %q, want %q", got, want)
	}
	if got, want := stats.System.Architecture, tool(t, "uname", "-m")[0][0]; got != want {
		t.Errorf("architecture %q, want %q", got, want)
	}
	if usage := stats.CPU.UsagePercent; usage == nil || *usage < 0 || *usage > 100 {
		t.Errorf("cpu.usage_percent = %v", usage)
	}
}

// TestOnceNetwork compares with /proc/net/dev, whose counters only grow.
func TestOnceNetwork(t *testing.T) {
	read := func() map[string][]string {
		text, err := os.ReadFile("/proc/net/dev")
		if err != nil {
			t.Fatal(err)
		}
		lines := make(map[string][]string)
		for line := range strings.Lines(string(text)) {
			if name, rest, ok := strings.Cut(line, ":"); ok {
				lines[strings.TrimSpace(name)] = strings.Fields(rest)
			}
		}
		return lines
	}
	before := read()
	stats := once(t)
	after := read()
	if len(stats.Network) == 0 {
		lacking(t, "no network interface but the loopback")
	}
	for name, got := range stats.Network {
		for what, value := range map[string]struct {
			got    uint64
			column int
		}{"rx_bytes_total": {got.RxBytesTotal, 0}, "tx_bytes_total": {got.TxBytesTotal, 8}, "rx_drops_total": {got.RxDropsTotal, 3}} {
			low, high := number(t, before[name][value.column]), number(t, after[name][value.column])
			if float64(value.got) < low || float64(value.got) > high {
				t.Errorf("%s %s = %d, want %v to %v", name, what, value.got, low, high)
			}
		}
	}
}
