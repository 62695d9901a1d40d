package systemd

import (
	"bytes"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// environment returns variables as os.Getenv does.
func environment(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

// manager listens as the service manager does, at an address of either kind.
func manager(t *testing.T, address string) *net.UnixConn {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// receive returns the next message.
func receive(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	buffer := make([]byte, 100)
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	n, err := conn.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	return string(buffer[:n])
}

func TestMessages(t *testing.T) {
	for _, address := range []string{filepath.Join(t.TempDir(), "notify"), "@systant-test-" + strconv.Itoa(os.Getpid())} {
		conn := manager(t, address)
		n := New(environment(map[string]string{"NOTIFY_SOCKET": address}), slog.New(slog.DiscardHandler))
		for want, say := range map[string]func(){"READY=1": n.Ready, "WATCHDOG=1": n.Alive, "STOPPING=1": n.Stopping} {
			say()
			if got := receive(t, conn); got != want {
				t.Errorf("%s: got %q, want %q", address, got, want)
			}
		}
	}
}

func TestNobodyListens(t *testing.T) {
	n := New(environment(nil), slog.New(slog.DiscardHandler))
	n.Ready()
	n.Alive()
	n.Stopping()
	ticks, stop := n.Ticker()
	stop()
	if n != nil || ticks != nil {
		t.Errorf("got %v and ticks %v, want neither", n, ticks)
	}
}

func TestFailureIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	address := filepath.Join(t.TempDir(), "notify")
	n := New(environment(map[string]string{"NOTIFY_SOCKET": address}), slog.New(slog.NewTextHandler(&log, nil)))
	n.Alive()
	n.Alive()
	if got := strings.Count(log.String(), "not notified"); got != 1 {
		t.Errorf("got %d warnings, want 1", got)
	}
	manager(t, address)
	n.Alive()
	if err := os.Remove(address); err != nil {
		t.Fatal(err)
	}
	n.Alive()
	if got := strings.Count(log.String(), "not notified"); got != 2 {
		t.Errorf("after it was there: got %d warnings, want 2", got)
	}
}

func TestWatchdog(t *testing.T) {
	own, other := strconv.Itoa(os.Getpid()), strconv.Itoa(os.Getpid()+1)
	for _, test := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"60000000", "", time.Minute},
		{"60000000", own, time.Minute},
		{"60000000", other, 0},
		{"1", "", time.Microsecond},
		{"", "", 0},
		{"0", "", 0},
		{"-1", "", 0},
		{"soon", "", 0},
		{"9223372036854775807", "", 0},
		{"99999999999999999999", "", 0},
	} {
		got := watchdog(environment(map[string]string{"WATCHDOG_USEC": test.usec, "WATCHDOG_PID": test.pid}), slog.New(slog.DiscardHandler))
		if got != test.want {
			t.Errorf("%q for %q: got %v, want %v", test.usec, test.pid, got, test.want)
		}
	}
}

func TestTickerIsTwiceAsFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(environment(map[string]string{"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "60000000"}), slog.New(slog.DiscardHandler))
		started := time.Now()
		ticks, stop := n.Ticker()
		defer stop()
		for want := 30 * time.Second; want <= 2*time.Minute; want += 30 * time.Second {
			if got := (<-ticks).Sub(started); got != want {
				t.Errorf("got a tick after %v, want %v", got, want)
			}
		}
	})
}
