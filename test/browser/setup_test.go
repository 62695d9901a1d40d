package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"

	"systant/pkg/schema"
	"systant/test/chromium"
)

// patience is how long a test waits for what should happen at once.
const patience = 60 * time.Second

// lacking skips a test for want of something that CI has.
func lacking(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// broker is an MQTT broker on a port of its own.
type broker struct {
	server *mochi.Server
	port   int
	closed sync.Once
}

// close stops the broker, if it runs.
func (b *broker) close() {
	b.closed.Do(func() { _ = b.server.Close() }) // nothing is left to do about it
}

// startBroker starts a broker on a port, or on a free one for 0.
func startBroker(t *testing.T, port int) *broker {
	t.Helper()
	b := &broker{server: mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})}
	if err := b.server.AddHook(new(auth.AllowHook), nil); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	b.port = l.Addr().(*net.TCPAddr).Port
	if err := b.server.AddListener(listeners.NewNet("loopback", l)); err != nil {
		t.Fatal(err)
	}
	if err := b.server.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	return b
}

// sample publishes that a host is online, and a sample of it as if taken now.
func (b *broker) sample(t *testing.T, stats schema.Stats) {
	t.Helper()
	stats.Timestamp = time.Now().UTC()
	payload, err := json.Marshal(stats)
	if err != nil {
		t.Fatal(err)
	}
	b.publish(t, "systant/"+stats.Hostname+"/status", []byte(schema.Online))
	b.publish(t, "systant/"+stats.Hostname+"/stats", payload)
}

// publish publishes a retained message.
func (b *broker) publish(t *testing.T, topic string, payload []byte) {
	t.Helper()
	if err := b.server.Publish(topic, payload, true, 0); err != nil {
		t.Fatal(err)
	}
}

// program returns the path of a built dashboard.
var program = sync.OnceValues(func() (string, error) {
	const name = "systant-dashboard"
	if folder := os.Getenv("SYSTANT_BIN"); folder != "" {
		return filepath.Abs(filepath.Join(folder, name))
	}
	folder, err := os.MkdirTemp("", "systant-browser-")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", folder, "./dashboard/cmd/systant-dashboard")
	build.Dir = "../.."
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the dashboard: %w\n%s", err, output)
	}
	return filepath.Join(folder, name), nil
})

// TestMain removes what was built.
func TestMain(m *testing.M) {
	status := m.Run()
	if os.Getenv("SYSTANT_BIN") == "" {
		if path, err := program(); err == nil {
			os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(status)
}

// startDashboard starts a dashboard on a broker and returns its address.
func startDashboard(t *testing.T, b *broker) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := free.Addr().String()
	free.Close()
	folder := t.TempDir()
	conf := filepath.Join(folder, "dashboard.toml")
	text := fmt.Sprintf("[http]\nlisten = %q\n[mqtt]\nhost = \"127.0.0.1\"\nport = %d\n", listen, b.port)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(path, "-config", conf)
	command.Stderr = t.Output()
	command.Env = []string{"HOME=" + folder}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	url := "http://" + listen
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if response, err := http.Get(url + "/healthz"); err == nil {
			response.Body.Close()
			return url
		}
		if time.Now().After(end) {
			t.Fatal("the dashboard does not answer")
		}
	}
}

// complaints collects what the browser has to say against a page.
type complaints struct {
	mu   sync.Mutex // guards list
	list []string
}

// add notes a complaint.
func (c *complaints) add(format string, values ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, fmt.Sprintf(format, values...))
}

// allow drops what the browser says of answers of a status that the test has
// asked for.
func (c *complaints) allow(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = slices.DeleteFunc(c.list, func(one string) bool {
		return strings.Contains(one, fmt.Sprintf("the server responded with a status of %d", status))
	})
}

// expectNone fails the test for each complaint.
func (c *complaints) expectNone(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, complaint := range c.list {
		t.Errorf("the browser complains: %s", complaint)
	}
}

// startBrowser starts a browser with one page, and listens to its errors:
// uncaught exceptions, console.error, and what the browser itself logs, such
// as refusals of the content security policy.
func startBrowser(t *testing.T) (context.Context, *complaints) {
	t.Helper()
	c := &complaints{}
	ctx, cancel, err := chromium.Start(t.Context(), t.TempDir(), patience, chromedp.WithListener(func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			c.add("exception: %v", e.ExceptionDetails)
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
				for _, arg := range e.Args {
					c.add("console: %s", arg.Value)
				}
			}
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
				c.add("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
			}
		}
	}))
	if err != nil {
		lacking(t, err.Error())
	}
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*patience)
	t.Cleanup(cancel)
	return ctx, c
}

// do runs actions and fails the test if one does.
func do(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// holds waits until an expression is true in the page. It asks again and again
// from outside: the page's policy forbids what polls from inside.
func holds(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		// An exception counts as false: the page may be about to be replaced.
		if yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression)); err == nil && yes {
			return
		}
	}
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText")) // for what it is worth
	t.Fatalf("never true in the page: %s\nthe page says: %.1000s", expression, text)
}

// openDesk opens the page of the host desk, of which nothing has come yet, and waits
// until the dashboard listens.
func openDesk(t *testing.T, ctx context.Context, url string) {
	t.Helper()
	do(t, ctx, chromedp.Navigate(url+"/host/desk"))
	holds(t, ctx, `document.body.innerText.includes("No host named desk")`)
}

// evaluate returns the value of an expression in the page.
func evaluate[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return value
}
