package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"systant/pkg/mqtt"
)

// chronicle is a dashboard whose history is under attack, and what it was
// given to remember.
type chronicle struct {
	*dashboard
	broker *mosquitto
	link   *mqtt.Link
	folder string
	last   time.Time // of the newest sample
	sent   int
}

// newChronicle starts a dashboard with its history in a folder.
func newChronicle(t *testing.T, folder string) *chronicle {
	t.Helper()
	c := &chronicle{broker: startMosquitto(t, open), folder: folder, last: time.Now().Add(-time.Hour)}
	c.link, _ = c.broker.connect(t)
	c.dashboard = startDashboardAt(t, c.broker, folder)
	return c
}

// send publishes samples, each a moment after the one before; the CPU's usage
// counts them.
func (c *chronicle) send(t *testing.T, n int) {
	t.Helper()
	for range n {
		c.sent++
		c.last = c.last.Add(50 * time.Millisecond)
		payload := fmt.Sprintf(`{"hostname":"nas","timestamp":%q,"interval_seconds":30,"cpu":{"usage_percent":%d},"memory":{"used_bytes":%d}}`,
			c.last.UTC().Format(time.RFC3339Nano), c.sent, c.sent)
		if err := c.link.Publish(t.Context(), mqtt.Message{Topic: "systant/nas/stats", Payload: []byte(payload), QoS: 1}); err != nil {
			t.Fatal(err)
		}
	}
}

// ask returns the one number that an expression gives now, or -1 for none.
func (c *chronicle) ask(t *testing.T, expr string) int {
	t.Helper()
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	c.get(t, "/api/v1/query?query="+url.QueryEscape(expr), &answer)
	if len(answer.Data.Result) != 1 {
		return -1
	}
	text, _ := answer.Data.Result[0].Value[1].(string)
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return n
}

// newest is the number of the newest sample that is remembered.
const newest = `max_over_time(systant_cpu_usage_percent[2h])`

// remembered is how many samples are remembered.
const remembered = `count_over_time(systant_cpu_usage_percent[2h])`

// opened waits until the history can be asked.
func (c *chronicle) opened(t *testing.T) {
	t.Helper()
	eventually(t, "the history is open", func() bool {
		var health struct{ History struct{ Open bool } }
		c.get(t, "/healthz", &health)
		return health.History.Open
	})
}

// TestHistoryKilled kills the dashboard in the middle of writing, again and
// again: what could be asked for before is there after.
func TestHistoryKilled(t *testing.T) {
	c := newChronicle(t, t.TempDir())
	rounds := scale(5, 100)
	for round := range rounds {
		c.opened(t)
		c.send(t, 50)
		eventually(t, "samples are remembered", func() bool { return c.ask(t, newest) == c.sent })
		before := c.ask(t, remembered)
		c.send(t, rand.N(100))
		c.signal(t, syscall.SIGKILL)
		c.wait(t)
		c.dashboard = startDashboardAt(t, c.broker, c.folder)
		c.opened(t)
		if after := c.ask(t, remembered); after < before {
			t.Fatalf("round %d: %d samples were remembered before the kill, and %d after", round, before, after)
		}
	}
	t.Logf("torture: history: killed %d times while writing, opened each time, nothing lost that could be asked for; %d of %d samples remembered", rounds, c.ask(t, remembered), c.sent)
}

// TestHistoryDiskFull fills the disk under the history: the page goes on and
// says so, and when there is room again, so does the history.
func TestHistoryDiskFull(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_NODEV|syscall.MS_NOSUID, "size=64m,mode=0755"); err != nil {
		lacking(t, fmt.Sprintf("mounting a small disk: %v", err))
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	c := newChronicle(t, filepath.Join(disk, "history"))
	c.opened(t)
	c.send(t, 20)
	eventually(t, "samples are remembered", func() bool { return c.ask(t, newest) == c.sent })
	before := c.ask(t, remembered)
	ballast := fillDisk(t, disk)
	fault := func() string {
		var health struct{ History struct{ Error string } }
		c.get(t, "/healthz", &health)
		return health.History.Error
	}
	eventually(t, "the page says that the disk is full", func() bool {
		c.send(t, 20)
		return fault() != ""
	})
	t.Logf("it says: %s", fault())
	c.send(t, 20)
	eventually(t, "the page goes on", func() bool { return c.hosts(t)["nas"].Readings[0].Value == float64(c.sent) })
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	eventually(t, "samples are remembered again", func() bool {
		c.send(t, 1)
		return fault() == "" && c.ask(t, newest) == c.sent
	})
	full := c.ask(t, remembered)
	c.signal(t, syscall.SIGTERM)
	c.wait(t)
	c.dashboard = startDashboardAt(t, c.broker, c.folder)
	c.opened(t)
	if after := c.ask(t, remembered); after < full {
		t.Errorf("%d samples were remembered before a restart, and %d after", full, after)
	} else {
		t.Logf("%d samples before, %d with room again, %d after a restart", before, full, after)
	}
}

// fillDisk leaves no room on a disk, by a file that it returns.
func fillDisk(t *testing.T, disk string) string {
	t.Helper()
	path := filepath.Join(disk, "ballast")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for range 1 << 16 {
		if _, err = file.Write(make([]byte, 4096)); err != nil {
			break
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("filling the disk: %v", err)
	}
	return path
}
