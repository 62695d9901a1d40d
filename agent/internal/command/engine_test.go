package command

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"systant/agent/internal/command/sshsig"
	"systant/pkg/schema"
)

// patience is how long a test waits for what should happen at once.
const patience = 20 * time.Second

// bench is an engine with a few commands, and what it sends.
type bench struct {
	*Engine
	folder  string
	answers chan Answer
	mu      sync.Mutex // guards the field below
	away    bool       // the broker is
}

// script writes a program and returns its path.
func script(t *testing.T, folder, name, text string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// newBench starts an engine, after adjust has changed its configuration. Its
// command "mark" appends its parameter to the file marks.
func newBench(t *testing.T, folder string, adjust func(*Config)) *bench {
	t.Helper()
	topics, err := schema.NewTopics("systant")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		Host: "h1", Topics: topics, OutputLimit: 1000, Concurrency: 2, Rate: 100, AuditFile: filepath.Join(folder, "audit.jsonl"),
		Commands: []Command{
			{Trigger: "mark", Argv: []string{script(t, folder, "mark.sh", `echo "$1" >> `+folder+"/marks; echo done\n")}, Params: []Param{
				{Name: "text", Type: schema.ParamMatch, Pattern: pattern(t, "[a-z0-9]*"), Default: new("x")},
			}},
			{Trigger: "sleep", Argv: []string{script(t, folder, "sleep.sh", "echo begun; exec sleep 60\n")}},
			{Trigger: "nap", Argv: []string{script(t, folder, "nap.sh", "exec sleep 60\n")}},
			{Trigger: "fail", Argv: []string{script(t, folder, "fail.sh", "exit 3\n")}, Cooldown: time.Hour},
			{Trigger: "pin", Argv: []string{script(t, folder, "pin.sh", "exit 0\n")}, Params: []Param{
				{Name: "pin", Type: schema.ParamMatch, Pattern: pattern(t, "[a-z]+"), Secret: true},
			}},
		},
	}
	for i := range c.Commands {
		c.Commands[i].Timeout, c.Commands[i].Dir = time.Minute, "/"
	}
	if adjust != nil {
		adjust(&c)
	}
	b := &bench{folder: folder, answers: make(chan Answer, 1000)}
	b.Engine, err = New(c, slog.New(slog.DiscardHandler), io.Discard, b.send)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.close(t) })
	return b
}

// send takes an answer, unless the broker is away.
func (b *bench) send(_ context.Context, a Answer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errors.New("away")
	}
	b.answers <- a
	return nil
}

// close ends the engine.
func (b *bench) close(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Error(err)
	}
}

// next waits for the next answer.
func (b *bench) next(t *testing.T) schema.Response {
	t.Helper()
	select {
	case a := <-b.answers:
		var r schema.Response
		if err := json.Unmarshal(a.Payload, &r); err != nil {
			t.Fatalf("%v in %s", err, a.Payload)
		}
		return r
	case <-time.After(patience):
		t.Fatal("no answer")
		return schema.Response{}
	}
}

// final waits for the next answer of something that does not run any more.
func (b *bench) final(t *testing.T) schema.Response {
	t.Helper()
	for {
		if r := b.next(t); r.Status != schema.StatusRunning {
			return r
		}
	}
}

// check handles a request and looks at the answer.
func (b *bench) check(t *testing.T, payload string, status schema.Status, want string) schema.Response {
	t.Helper()
	b.Handle(Message{Payload: []byte(payload), Arrived: time.Now()})
	r := b.final(t)
	if r.Status != status || !strings.Contains(r.Error+r.Output, want) {
		t.Errorf("%s: got %+v, want %s with %q", payload, r, status, want)
	}
	return r
}

// marks returns how often mark has run.
func (b *bench) marks(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(b.folder, "marks"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return bytes.Count(text, []byte("\n"))
}

// log returns the audit records.
func (b *bench) log(t *testing.T) []Record {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(b.folder, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all []Record
	for line := range bytes.Lines(text) {
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			t.Errorf("%v in %s", err, line)
		}
		all = append(all, r)
	}
	return all
}

func TestCommandsRun(t *testing.T) {
	b := newBench(t, t.TempDir(), nil)
	r := b.check(t, `{"command":"mark","params":["a"],"request_id":"1"}`, schema.StatusOK, "done\n")
	if r.ExitCode == nil || *r.ExitCode != 0 || r.RequestID != "1" || r.StartedAt == nil || r.DurationSeconds == nil {
		t.Errorf("got %+v", r)
	}
	r = b.check(t, `{"command":"fail"}`, schema.StatusFailed, "ended with exit status 3")
	if *r.ExitCode != 3 || len(r.RequestID) != 32 {
		t.Errorf("got %+v, want exit code 3 and an id", r)
	}
	b.check(t, `{"command":"fail","request_id":"2"}`, schema.StatusBusy, "fail has just run; it may again in ")
	b.check(t, `{"command":"nothing"}`, schema.StatusRefused, `command: "nothing" is not offered`)
	b.check(t, `{"command":"mark","params":["A"]}`, schema.StatusRefused, `params[0] (text): "A" does not match [a-z0-9]*`)
	b.check(t, `{"command":"list","params":["x"]}`, schema.StatusRefused, "list takes no parameters")
	if r := b.check(t, `{"command":"list"}`, schema.StatusOK, "mark [text=/[a-z0-9]*/]"); len(r.Commands) != 5 {
		t.Errorf("list: got %+v", r.Commands)
	}
	log := b.log(t)
	if len(log) != 9 || log[0].Event != EventStart || log[0].Params[0] != "a" || log[1].Event != EventEnd || *log[1].ExitCode != 0 {
		t.Errorf("audit log: got %+v", log)
	}
}

func TestDuplicatesRunOnce(t *testing.T) {
	folder := t.TempDir()
	b := newBench(t, folder, nil)
	first := b.check(t, `{"command":"mark","request_id":"1"}`, schema.StatusOK, "done")
	if again := b.check(t, `{"command":"mark","request_id":"1"}`, schema.StatusOK, "done"); !again.StartedAt.Equal(*first.StartedAt) {
		t.Errorf("got %+v, want the first answer again", again)
	}
	b.check(t, `{"command":"mark","params":["b"],"request_id":"1"}`, schema.StatusDuplicate, "was used for another request")
	b.check(t, `{"command":"mark"}`, schema.StatusOK, "done")
	b.check(t, `{"command":"mark"}`, schema.StatusDuplicate, "less than 2s ago")
	b.Handle(Message{Payload: []byte(`{"command":"sleep","request_id":"2"}`)})
	b.check(t, `{"command":"sleep","request_id":"2"}`, schema.StatusDuplicate, "2 is running")
	b.close(t)
	if r := b.final(t); r.Status != schema.StatusFailed || !strings.Contains(r.Error, "the agent stopped") {
		t.Errorf("at the end: got %+v", r)
	}
	b = newBench(t, folder, nil)
	if r := b.check(t, `{"command":"mark","request_id":"1"}`, schema.StatusOK, ""); !r.Truncated || *r.ExitCode != 0 {
		t.Errorf("after a restart: got %+v, want the answer without its output", r)
	}
	b.check(t, `{"command":"sleep","request_id":"2"}`, schema.StatusFailed, "the agent stopped")
	if n := b.marks(t); n != 2 {
		t.Errorf("mark ran %d times, want twice", n)
	}
}

func TestKilledAgentRunsNothingAgain(t *testing.T) {
	folder := t.TempDir()
	start := fmt.Sprintf(`{"time":%q,"event":"start","request_id":"1","command":"mark","content":%q}`+"\n", time.Now().UTC().Format(time.RFC3339Nano), digest("mark\x00"))
	torn := strings.Repeat("\x00", 100_000) + "\n{\"time\":\"20"
	if err := os.WriteFile(filepath.Join(folder, "audit.jsonl"), []byte(start+torn), 0o600); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, folder, nil)
	b.check(t, `{"command":"mark","request_id":"1"}`, schema.StatusDuplicate, "the agent ended before it did")
	b.check(t, `{"command":"mark","request_id":"2"}`, schema.StatusOK, "done")
	if n := b.marks(t); n != 1 {
		t.Errorf("mark ran %d times, want once", n)
	}
}

func TestRoomIsBounded(t *testing.T) {
	b := newBench(t, t.TempDir(), func(c *Config) { c.Rate = 3 })
	b.Handle(Message{Payload: []byte(`{"command":"sleep","request_id":"1"}`)})
	b.check(t, `{"command":"sleep","request_id":"2"}`, schema.StatusBusy, "sleep is running")
	limit := 2
	if !b.runner.Contained() {
		limit = 1
	} else {
		b.Handle(Message{Payload: []byte(`{"command":"nap","request_id":"3"}`)})
	}
	b.check(t, `{"command":"mark","request_id":"4"}`, schema.StatusBusy, fmt.Sprintf("no more than %d may run", limit))
	if list := b.check(t, `{"command":"list"}`, schema.StatusOK, "mark"); list.Error != "" {
		t.Errorf("list: got %+v", list)
	}
	b = newBench(t, t.TempDir(), func(c *Config) { c.Rate = 3 })
	for i := range 3 {
		b.check(t, fmt.Sprintf(`{"command":"mark","request_id":"%d"}`, i), schema.StatusOK, "done")
	}
	b.check(t, `{"command":"mark","request_id":"3"}`, schema.StatusBusy, "no more than 3 may be started within a minute")
}

func TestProgressAndTimeout(t *testing.T) {
	b := newBench(t, t.TempDir(), func(c *Config) { c.Commands[1].Timeout = time.Second })
	b.Handle(Message{Payload: []byte(`{"command":"sleep","request_id":"1"}`)})
	if r := b.next(t); r.Status != schema.StatusRunning || r.Output != "begun\n" || r.StartedAt == nil || *r.DurationSeconds < 0.4 {
		t.Errorf("progress: got %+v", r)
	}
	if r := b.final(t); r.Status != schema.StatusTimeout || r.Output != "begun\n" || r.ExitCode != nil || !strings.Contains(r.Error, "timeout of 1s") {
		t.Errorf("at last: got %+v", r)
	}
}

func TestMessagesAreChecked(t *testing.T) {
	b := newBench(t, t.TempDir(), nil)
	check := func(m Message, topic string, status schema.Status, want string) {
		t.Helper()
		m.Payload, m.Arrived = []byte(`{"command":"mark"}`), time.Now().Add(-time.Millisecond)
		b.Handle(m)
		a := <-b.answers
		var r schema.Response
		if err := json.Unmarshal(a.Payload, &r); err != nil {
			t.Fatal(err)
		}
		if a.Topic != topic || r.Status != status || !strings.Contains(r.Error, want) || len(m.Correlation) <= maxCorrelation && !bytes.Equal(a.Correlation, m.Correlation) {
			t.Errorf("%+v: got %+v on %s with %x", m, r, a.Topic, a.Correlation)
		}
	}
	const usual = "systant/h1/responses"
	check(Message{Retained: true}, usual, schema.StatusRefused, "the message is retained")
	check(Message{Expiry: 1}, usual, schema.StatusExpired, "expired before it was read")
	check(Message{ResponseTopic: "systant/h2/commands"}, usual, schema.StatusRefused, `the response topic "systant/h2/commands"`)
	check(Message{ResponseTopic: "homeassistant/x/y"}, usual, schema.StatusRefused, "the response topic")
	check(Message{Correlation: make([]byte, 2000)}, usual, schema.StatusRefused, "correlation data have 2000 bytes")
	if n := b.marks(t); n != 0 {
		t.Errorf("mark ran %d times", n)
	}
	check(Message{ResponseTopic: "systant/h1/responses/me", Correlation: []byte{1, 2}, Expiry: time.Minute}, "systant/h1/responses/me", schema.StatusOK, "")
	b.Handle(Message{}) // who clears a retained message is not answered
	b.check(t, `{"command":"mark","expires_at":"2001-01-01T00:00:00Z"}`, schema.StatusExpired, "expires_at: the request expired")
	b.check(t, `{"command":"mark","expires_at":"`+time.Now().Add(time.Hour).Format(time.RFC3339)+`"}`, schema.StatusRefused, "at most 5m0s are allowed")
	b.check(t, `{"command":"mark","issued_at":"`+time.Now().Add(time.Hour).Format(time.RFC3339)+`"}`, schema.StatusRefused, "ahead by the host's clock")
	b.check(t, `{"command":"mark","host":"h2"}`, schema.StatusRefused, `host: the request is for "h2", not for h1`)
}

func TestSecretsAreNotRecorded(t *testing.T) {
	b := newBench(t, t.TempDir(), nil)
	b.check(t, `{"command":"pin","params":["canary"],"request_id":"1"}`, schema.StatusOK, "")
	b.check(t, `{"command":"pin","params":["canary;"]}`, schema.StatusRefused, "params[0] (pin): the value holds a character")
	b.check(t, `{"command":"pin","params":["x","canary"]}`, schema.StatusRefused, "takes 1 at most, not 2")
	text, err := os.ReadFile(filepath.Join(b.folder, "audit.jsonl"))
	if err != nil || bytes.Contains(text, []byte("canary")) || !bytes.Contains(text, []byte("[hidden]")) {
		t.Errorf("%v: the audit log has\n%s", err, text)
	}
}

func TestBrokerAway(t *testing.T) {
	b := newBench(t, t.TempDir(), nil)
	b.mu.Lock()
	b.away = true
	b.mu.Unlock()
	for i := range 5 {
		b.Handle(Message{Payload: fmt.Appendf(nil, `{"command":"list","request_id":"%d"}`, i)})
	}
	b.mu.Lock()
	b.away = false
	b.mu.Unlock()
	b.Resume()
	for i := range 5 {
		if r := b.next(t); r.RequestID != fmt.Sprint(i) {
			t.Errorf("answer %d: got %+v", i, r)
		}
	}
}

func TestFloodIsCounted(t *testing.T) {
	b := newBench(t, t.TempDir(), nil)
	const flood = 5000
	for range flood {
		b.Handle(Message{Payload: []byte("x")})
		for len(b.answers) > 900 {
			<-b.answers
		}
	}
	b.close(t)
	log := b.log(t)
	answered, last := len(log)-1, log[len(log)-1]
	if answered > answersAtOnce+100 || last.Event != EventSuppressed || int(last.Count)+answered != flood {
		t.Errorf("%d answered, and at last %+v, of %d", answered, last, flood)
	}
}

// signedBench returns an engine that knows the key of alice, who may run all,
// and of bob, who may only list.
func signedBench(t *testing.T) (*bench, map[string]ssh.Signer) {
	t.Helper()
	keys, lines := make(map[string]ssh.Signer), ""
	for _, name := range []string{"alice", "bob", "mallory"} {
		_, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		if keys[name], err = ssh.NewSignerFromKey(private); err != nil {
			t.Fatal(err)
		}
		if name != "mallory" {
			lines += name + " " + string(ssh.MarshalAuthorizedKey(keys[name].PublicKey()))
		}
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "allowed_signers")
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	return newBench(t, folder, func(c *Config) {
		c.SignersFile, c.RequireSignature, c.Allow = file, true, map[string][]string{"bob": {schema.List}}
	}), keys
}

// sign returns a request in an envelope.
func sign(t *testing.T, key ssh.Signer, namespace string, r schema.Request) string {
	t.Helper()
	inner, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := sshsig.Sign(key, namespace, inner)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(schema.Signed{Signed: string(inner), Sig: sig})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSignatures(t *testing.T) {
	b, keys := signedBench(t)
	request := func(change func(*schema.Request)) schema.Request {
		now := time.Now()
		r := schema.Request{Command: "mark", RequestID: randomID(), Host: "h1", IssuedAt: &now, ExpiresAt: new(now.Add(time.Minute))}
		if change != nil {
			change(&r)
		}
		return r
	}
	by := func(name string, change func(*schema.Request)) string {
		t.Helper()
		return sign(t, keys[name], schema.SignatureNamespace, request(change))
	}
	good := by("alice", nil)
	b.check(t, good, schema.StatusOK, "done")
	b.check(t, good, schema.StatusOK, "done") // the stored answer
	b.check(t, `{"command":"mark"}`, schema.StatusRefused, "unauthorized: the request must be signed")
	b.check(t, `{"command":"list"}`, schema.StatusRefused, "unauthorized")
	b.check(t, by("bob", nil), schema.StatusRefused, "unauthorized: bob may not run mark")
	b.check(t, by("bob", func(r *schema.Request) { r.Command = "list" }), schema.StatusOK, "mark")
	b.check(t, by("mallory", nil), schema.StatusRefused, "sig: the key is none of an allowed signer")
	b.check(t, sign(t, keys["alice"], "git", request(nil)), schema.StatusRefused, "sig: the signature is not for this purpose")
	b.check(t, strings.Replace(by("alice", nil), "h1", "h2", 1), schema.StatusRefused, "sig: the signature is not good")
	b.check(t, by("alice", func(r *schema.Request) { r.Host = "h2" }), schema.StatusRefused, `host: the request is for "h2"`)
	b.check(t, by("alice", func(r *schema.Request) { r.Host = "" }), schema.StatusRefused, "host: is missing")
	b.check(t, by("alice", func(r *schema.Request) { r.RequestID = "" }), schema.StatusRefused, "request_id: is missing")
	b.check(t, by("alice", func(r *schema.Request) { r.IssuedAt = nil }), schema.StatusRefused, "issued_at: is missing")
	b.check(t, by("alice", func(r *schema.Request) { r.ExpiresAt = nil }), schema.StatusRefused, "expires_at: is missing")
	b.check(t, by("alice", func(r *schema.Request) { r.ExpiresAt = new(time.Now().Add(6 * time.Minute)) }), schema.StatusRefused, "more than 5m0s after issued_at")
	b.check(t, by("alice", func(r *schema.Request) { r.IssuedAt = new(time.Now().Add(-time.Minute)) }), schema.StatusExpired, "only what is signed after")
	if n := b.marks(t); n != 1 {
		t.Errorf("mark ran %d times, want once", n)
	}
	if log := b.log(t); log[0].Signer != "alice" || !strings.HasPrefix(log[0].Key, "SHA256:") {
		t.Errorf("audit log: got %+v", log[0])
	}
	if err := os.WriteFile(b.config.SignersFile, []byte("# nobody\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.check(t, by("alice", nil), schema.StatusRefused, "sig: the key is none of an allowed signer")
	if err := os.Remove(b.config.SignersFile); err != nil {
		t.Fatal(err)
	}
	b.check(t, by("alice", nil), schema.StatusRefused, "can't read its allowed signers")
}

func TestLongRefusalsAreRecorded(t *testing.T) {
	b := newBench(t, t.TempDir(), nil)
	b.check(t, `{"command":"mark","params":["`+strings.Repeat("\u2039", 2600)+`"]}`, schema.StatusRefused, "params[0] (text): ")
	if log := b.log(t); len(log) != 1 || len(log[0].Params[0]) > 2*maxValue {
		t.Errorf("audit log: got %+v, want the refusal, with the parameter cut", log)
	}
}
