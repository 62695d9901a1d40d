package e2e

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what should happen at once.
const patience = 30 * time.Second

// programs builds the agent and the dashboard once, and returns their folder.
var programs = sync.OnceValues(func() (string, error) {
	if folder := os.Getenv("SYSTANT_BIN"); folder != "" {
		return filepath.Abs(folder)
	}
	folder, err := os.MkdirTemp("", "systant-e2e-")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", folder, "./agent/cmd/systant-agent", "./dashboard/cmd/systant-dashboard")
	build.Dir = "../.."
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the programs: %w\n%s", err, output)
	}
	return folder, nil
})

// TestMain removes what was built.
func TestMain(m *testing.M) {
	status := m.Run()
	if folder, err := programs(); err == nil && os.Getenv("SYSTANT_BIN") == "" {
		os.RemoveAll(folder)
	}
	os.Exit(status)
}

// program is a running program.
type program struct {
	command *exec.Cmd
	ended   chan struct{} // closed when it has ended
	mu      sync.Mutex    // guards output
	output  bytes.Buffer  // standard error
	stdout  bytes.Buffer  // to be read when it has ended
}

// Write takes what the program says on standard error.
func (p *program) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(text)
}

// said returns what the program has said on standard error.
func (p *program) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// pid returns the program's process id.
func (p *program) pid() int {
	return p.command.Process.Pid
}

// start starts one of the programs, and kills it when the test ends.
func start(t *testing.T, name string, environment []string, arguments ...string) *program {
	t.Helper()
	folder, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return launch(t, filepath.Join(folder, name), environment, arguments...)
}

// launch starts any program, and kills it when the test ends.
func launch(t *testing.T, path string, environment []string, arguments ...string) *program {
	t.Helper()
	p := &program{command: exec.Command(path, arguments...), ended: make(chan struct{})}
	p.command.Stderr, p.command.Stdout = p, &p.stdout
	p.command.Dir = t.TempDir()
	// Nothing of the tester's own configuration must reach the program.
	p.command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.command.Dir}, environment...)
	p.command.WaitDelay = time.Second
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // to end what a script has started, too
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.command.Wait() // the status is in ProcessState
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL) // it may have ended
		<-p.ended
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(path), last(p.said(), 4000))
		}
	})
	return p
}

// last returns the last bytes of a text.
func last(text string, n int) string {
	return text[max(0, len(text)-n):]
}

// signal sends a signal to the program.
func (p *program) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// wait returns the exit status, once the program has ended.
func (p *program) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.command.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("%s has not ended after %v", filepath.Base(p.command.Path), patience)
		return 0
	}
}

// alive fails the test if the program has ended.
func (p *program) alive(t *testing.T) {
	t.Helper()
	select {
	case <-p.ended:
		t.Fatalf("%s has ended: %v", filepath.Base(p.command.Path), p.command.ProcessState)
	default:
	}
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if holds() {
			return
		}
		time.Sleep(50 * time.Millisecond) // there is no other sign to wait for
	}
	t.Fatalf("after %v still not: %s", patience, what)
}

// freePort returns a port on which nothing listens.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// write writes a file into a new folder and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// oneLine returns the only line of a text, and fails if there are others.
func oneLine(t *testing.T, text string) string {
	t.Helper()
	line := strings.TrimSuffix(text, "\n")
	if line == "" || strings.Contains(line, "\n") {
		t.Errorf("said %q, want one line", text)
	}
	return line
}
