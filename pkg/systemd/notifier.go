package systemd

import (
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// Notifier speaks to the service manager. A nil one has none to speak to. It is
// safe for concurrent use. See [New].
type Notifier struct {
	address string
	every   time.Duration // 0: no watchdog
	log     *slog.Logger
	silent  atomic.Bool // the last message could not be sent, which was logged
}

// New returns what speaks to the service manager that getenv's variables
// name: NOTIFY_SOCKET, and for the watchdog WATCHDOG_USEC and WATCHDOG_PID. It
// returns nil where there is none.
func New(getenv func(string) string, log *slog.Logger) *Notifier {
	address := getenv("NOTIFY_SOCKET")
	if address == "" {
		return nil
	}
	return &Notifier{address: address, every: watchdog(getenv, log) / 2, log: log}
}

// watchdog returns after what silence the service manager takes this process
// for dead, or 0 where it never does. See sd_watchdog_enabled(3).
func watchdog(getenv func(string) string, log *slog.Logger) time.Duration {
	text := getenv("WATCHDOG_USEC")
	if pid := getenv("WATCHDOG_PID"); text == "" || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	usec, err := strconv.ParseInt(text, 10, 64)
	if err != nil || usec <= 0 || usec > int64(maxWatchdog/time.Microsecond) {
		log.Warn("watchdog ignored", "variable", "WATCHDOG_USEC", "value", text)
		return 0
	}
	return time.Duration(usec) * time.Microsecond
}

// maxWatchdog is the longest watchdog that is heeded: a longer one is a mistake,
// or as good as none.
const maxWatchdog = 30 * 24 * time.Hour

// Ready says that the program does what it is there for.
func (n *Notifier) Ready() { n.send("READY=1") }

// Alive says that the program makes progress.
func (n *Notifier) Alive() { n.send("WATCHDOG=1") }

// Stopping says that the program is about to end.
func (n *Notifier) Stopping() { n.send("STOPPING=1") }

// Ticker returns a channel that delivers whenever [Notifier.Alive] is due, twice
// in each time that the service manager waits, and a function that ends it. The
// channel never delivers where nobody waits.
func (n *Notifier) Ticker() (<-chan time.Time, func()) {
	if n == nil || n.every <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(n.every)
	return t.C, t.Stop
}

// send sends one message. A failure is logged when it starts: nothing depends
// on the answer, and there is none.
func (n *Notifier) send(message string) {
	if n == nil {
		return
	}
	conn, err := net.Dial("unixgram", n.address)
	if err == nil {
		_, err = conn.Write([]byte(message))
		conn.Close()
	}
	if err == nil {
		n.silent.Store(false)
	} else if !n.silent.Swap(true) {
		n.log.Warn("service manager not notified", "message", message, "err", err)
	}
}
