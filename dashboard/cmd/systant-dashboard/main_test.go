package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// write puts a configuration into a file and returns its name.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dashboard.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRun holds exit status and output of each word.
func TestRun(t *testing.T) {
	t.Chdir(t.TempDir())
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	good := write(t, "[http]\nlisten = \"127.0.0.1:0\"\n[broker]\nlisten = \"127.0.0.1:0\"\n")
	bad := write(t, "[http]\n\nlisen = \"x\"\n")
	taken := write(t, "[http]\nlisten = \""+busy.Addr().String()+"\"\n")
	getenv := func(name string) string { return map[string]string{"HOME": home}[name] }
	tests := []struct {
		args           []string
		status         int
		stdout, stderr string
	}{
		{[]string{"version"}, 0, "systant-dashboard ", ""},
		{[]string{"init"}, 0, "[http]", ""},
		{[]string{"-h"}, 0, "usage: ", ""},
		{[]string{"check"}, 0, "good", ""},
		{[]string{"check", "-config", good}, 0, "good", ""},
		{[]string{"-config", good, "check"}, 0, "good", ""},
		{[]string{"check", "-config", bad}, 78, "", bad + ":3: http.lisen"},
		{[]string{"-config", bad}, 78, "", bad + ":3: http.lisen"},
		{[]string{"check", "-config", "/none/there"}, 78, "", "/none/there"},
		{[]string{"-config", taken}, 1, "", "address already in use"},
		{[]string{"dance"}, 1, "", `unknown word "dance"`},
		{[]string{"check", "run"}, 1, "", `unexpected "run"`},
		{[]string{"-x"}, 1, "", "usage: "},
		{[]string{"-config", good}, 0, "", "dashboard ready"},
		{[]string{"run", "-config", good}, 0, "", "url=http://127.0.0.1:"},
	}
	for _, test := range tests {
		// What would run for ever is stopped once it is ready.
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		var stdout bytes.Buffer
		stderr := &stopper{on: "dashboard ready", stop: cancel}
		status := run(ctx, test.args, getenv, &stdout, stderr)
		cancel()
		if status != test.status || !strings.Contains(stdout.String(), test.stdout) || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%q: got status %d, output %.200q, errors %.300q, want %d, %q, %q",
				test.args, status, stdout.String(), stderr.String(), test.status, test.stdout, test.stderr)
		}
	}
}

// stopper is an output that stops the program at a text.
type stopper struct {
	bytes.Buffer
	on   string
	stop func()
}

// Write keeps the output. Loggers write a line at a time, one after another.
func (s *stopper) Write(p []byte) (int, error) {
	n, err := s.Buffer.Write(p)
	if bytes.Contains(s.Bytes(), []byte(s.on)) {
		s.stop()
	}
	return n, err
}

// TestNotify tells a service manager that the dashboard is ready, alive, and
// about to end.
func TestNotify(t *testing.T) {
	t.Chdir(t.TempDir())
	socket := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "100000", "STATE_DIRECTORY": t.TempDir()}
	config := write(t, "[http]\nlisten = \"127.0.0.1:0\"\n[broker]\nlisten = \"127.0.0.1:0\"\n")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"-config", config}, func(name string) string { return env[name] }, io.Discard, io.Discard)
	}()
	got := make([]byte, 100)
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if n, err := conn.Read(got); err != nil || string(got[:n]) != want {
			t.Errorf("got %q, %v, want %s", got[:n], err, want)
		}
	}
	stop()
	for said := ""; said != "STOPPING=1"; {
		n, err := conn.Read(got)
		if said = string(got[:n]); err != nil || said != "WATCHDOG=1" && said != "STOPPING=1" {
			t.Fatalf("got %q, %v, want STOPPING=1", said, err)
		}
	}
	if status := <-ended; status != exitOK {
		t.Errorf("got status %d, want %d", status, exitOK)
	}
}
