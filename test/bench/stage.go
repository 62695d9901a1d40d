package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// ready is how long a program may take until it answers.
const ready = 60 * time.Second

// build builds a program into a folder and returns its path.
func build(ctx context.Context, folder, name string) (string, error) {
	c := exec.CommandContext(ctx, "go", "build", "-o", folder+"/", name)
	if output, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s in the repository's folder: %w\n%s", name, err, output)
	}
	return filepath.Join(folder, filepath.Base(name)), nil
}

// freeAddress returns an address of the loopback interface that nothing
// listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// stage is a dashboard with a broker, and what a fleet is simulated with.
type stage struct {
	folder    string
	simulate  string // the program
	http      string // addresses
	mqtt      string
	dashboard *subject
	others    []*subject
}

// stageOptions say what a stage has.
type stageOptions struct {
	dashboard string // a program; empty: it is built
	mosquitto bool   // instead of the embedded broker
	maxHosts  int
	history   string // what stands in [history], beside the path
}

// setUp builds what is needed and starts a broker and the dashboard. The stage
// is to be torn down, also after an error.
func setUp(ctx context.Context, o stageOptions) (*stage, error) {
	s := &stage{}
	var err error
	if s.folder, err = os.MkdirTemp("", "bench"); err != nil {
		return s, err
	}
	if s.simulate, err = build(ctx, s.folder, "./test/simulate"); err != nil {
		return s, err
	}
	if o.dashboard == "" {
		if o.dashboard, err = build(ctx, s.folder, "./dashboard/cmd/systant-dashboard"); err != nil {
			return s, err
		}
	}
	if s.http, err = freeAddress(); err != nil {
		return s, err
	}
	if s.mqtt, err = freeAddress(); err != nil {
		return s, err
	}
	which := fmt.Sprintf("[broker]\nlisten = %q\n", s.mqtt)
	if o.mosquitto {
		if err := s.mosquitto(ctx); err != nil {
			return s, err
		}
		which = fmt.Sprintf("[mqtt]\nhost = %q\n", "mqtt://"+s.mqtt)
	}
	text := fmt.Sprintf("[http]\nlisten = %q\n%s[fleet]\nmax_hosts = %d\n[history]\npath = %q\n%s\n[log]\nlevel = \"error\"\n",
		s.http, which, max(o.maxHosts, 100), filepath.Join(s.folder, "history"), o.history)
	config := filepath.Join(s.folder, "dashboard.toml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return s, err
	}
	if s.dashboard, err = start(ctx, o.dashboard, "run", "-config", config); err != nil {
		return s, fmt.Errorf("starting the dashboard: %w", err)
	}
	return s, await(ctx, "the dashboard", func() bool {
		answer, err := s.get(ctx, "/healthz")
		return err == nil && answer.Body.Close() == nil
	})
}

// mosquitto starts Mosquitto on the stage's address.
func (s *stage) mosquitto(ctx context.Context) error {
	_, port, err := net.SplitHostPort(s.mqtt)
	if err != nil {
		return err
	}
	config := filepath.Join(s.folder, "mosquitto.conf")
	text := fmt.Sprintf("listener %s 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type error\n", port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	broker, err := start(ctx, "mosquitto", "-c", config)
	if err != nil {
		return fmt.Errorf("starting mosquitto: %w", err)
	}
	s.others = append(s.others, broker)
	return await(ctx, "mosquitto", func() bool {
		c, err := dial(ctx, s.mqtt)
		return err == nil && c.Close() == nil
	})
}

// dial connects to an address.
func dial(ctx context.Context, address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}

// get reads an address of the dashboard.
func (s *stage) get(ctx context.Context, path string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.http+path, nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(request)
}

// await waits until something is so, and names it where it never is.
func await(ctx context.Context, what string, so func() bool) error {
	for end := time.Now().Add(ready); !so(); {
		if time.Now().After(end) {
			return fmt.Errorf("%s: not within %v", what, ready)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// tearDown ends everything and removes what was written.
func (s *stage) tearDown() {
	if s.dashboard != nil {
		s.dashboard.stop()
	}
	for _, one := range s.others {
		one.stop()
	}
	if s.folder != "" {
		os.RemoveAll(s.folder)
	}
}
