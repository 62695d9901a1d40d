package command

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"systant/agent/internal/command/process"
	"systant/pkg/schema"
)

// The pace of answers that run nothing. Beyond it requests are only counted, so
// that who floods a host gets neither its processor nor its disk.
const (
	answersPerSecond = 10
	answersAtOnce    = 300
	suppressedFor    = 10 * time.Second // how often their count is written down
)

// Config says what the engine may run, and how.
type Config struct {
	// Host is the host's name in topics.
	Host   string
	Topics schema.Topics
	// Commands are the allowed ones; their [Command.Check] must have passed.
	Commands []Command
	// OutputLimit is how many bytes of a command's output are sent.
	OutputLimit int
	// Concurrency is how many commands run at the same time.
	Concurrency int
	// Rate is how many are started in a minute.
	Rate int
	// ProcessLimit and MemoryLimit bound each command, where the host can: a
	// number of processes and threads, and bytes.
	ProcessLimit int
	MemoryLimit  int64
	// RequireSignature refuses every unsigned request.
	RequireSignature bool
	// SignersFile is the allowed_signers file (ssh-keygen(1)); empty for none.
	SignersFile string
	// Allow limits what a signer may run, by principal. Signers that are not
	// in it may run everything.
	Allow map[string][]string
	// AuditFile is where audit records go besides the journal.
	AuditFile string
}

// Message is a message on the host's topic for commands.
type Message struct {
	Payload []byte
	// Retained says that it was sent to be kept, or had been kept.
	Retained bool
	// Arrived is when it came, and Expiry for how long it was good then; 0 is
	// for ever.
	Arrived time.Time
	Expiry  time.Duration
	// ResponseTopic and Correlation are what the sender wants its answer to
	// have (MQTT 5.0, section 4.10).
	ResponseTopic string
	Correlation   []byte
}

// Engine runs commands. Its methods are safe for concurrent use.
type Engine struct {
	config  Config
	log     *slog.Logger
	runner  *process.Runner
	signers *signers
	audit   *audit
	outbox  *outbox
	byName  map[string]*Command
	answers *rate.Limiter // of requests that run nothing
	starts  *rate.Limiter
	work    context.Context // of what runs
	stop    context.CancelFunc
	end     context.CancelFunc // of sending
	sender  sync.WaitGroup
	runs    sync.WaitGroup

	mu         sync.Mutex // guards the fields below
	closed     bool
	memory     *memory
	running    map[string]bool      // triggers
	ended      map[string]time.Time // when a trigger's last run ended
	unnamed    map[string]time.Time // when a request without id was accepted, by content
	suppressed uint64
	flush      *time.Timer // writes the count of suppressed requests down
}

// New returns an engine that answers by send, which must return an error only
// where the same answer may be sent later: once [Engine.Resume] is called. It
// fails where the audit log or the signers can't be read. [Engine.Close] must
// be called. Audit records go to stream where there is neither a journal nor a
// file for them.
func New(c Config, log *slog.Logger, stream io.Writer, send func(context.Context, Answer) error) (*Engine, error) {
	s, err := newSigners(c.SignersFile)
	if err != nil {
		return nil, err
	}
	a, err := openAudit(c.AuditFile, JournalSocket, stream)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		config: c, log: log, signers: s, audit: a,
		outbox:  newOutbox(send),
		byName:  make(map[string]*Command),
		answers: rate.NewLimiter(answersPerSecond, answersAtOnce),
		starts:  rate.NewLimiter(rate.Every(time.Minute/time.Duration(c.Rate)), c.Rate),
		memory:  newMemory(time.Now(), c.Rate),
		running: make(map[string]bool),
		ended:   make(map[string]time.Time),
		unnamed: make(map[string]time.Time),
	}
	if err := e.recall(time.Now()); err != nil {
		return nil, errors.Join(err, a.close())
	}
	e.verify()
	e.runner = process.Open(log)
	e.work, e.stop = context.WithCancel(context.Background())
	sending, end := context.WithCancel(context.Background())
	e.end = end
	e.sender.Go(func() { e.outbox.run(sending) })
	return e, nil
}

// verify logs what keeps a command from running on this host. The offer tells
// it too, and it is looked at again before each run.
func (e *Engine) verify() {
	for i := range e.config.Commands {
		c := &e.config.Commands[i]
		e.byName[c.Trigger] = c
		if err := c.Verify(); err != nil {
			e.log.Error("command refused", "command", c.Trigger, "place", c.Place, "err", err)
		}
	}
}

// recall learns from the audit log which requests have run lately, so that
// none runs again after a restart.
func (e *Engine) recall(now time.Time) error {
	return e.audit.recall(func(r Record) {
		known := e.memory.find(r.RequestID)
		switch {
		case r.Event == EventStart && known == nil:
			e.memory.add(&run{
				id: r.RequestID, content: r.Content, until: r.Time.Add(rememberFor),
				answer: schema.Response{RequestID: r.RequestID, Command: r.Command, Status: schema.StatusDuplicate, StartedAt: &r.Time,
					Error: "the request was run, but the agent ended before it did"},
			}, now)
		case r.Event == EventEnd && known != nil:
			known.answer.Status, known.answer.ExitCode, known.answer.Error = r.Status, r.ExitCode, r.Error
			known.answer.DurationSeconds, known.answer.Truncated = r.DurationSeconds, r.Truncated || r.OutputBytes > 0
		}
	})
}

// Offer returns what the host can be asked to do.
func (e *Engine) Offer() schema.Offer {
	o := schema.Offer{Enabled: true, Commands: []schema.Command{}}
	for i := range e.config.Commands {
		c := e.config.Commands[i].Offer()
		c.RequireSignature = c.RequireSignature || e.config.RequireSignature
		o.Commands = append(o.Commands, c)
	}
	return o
}

// OfferSize returns how many bytes commands take in an offer, if the host has
// a problem with each.
func OfferSize(commands []Command) int {
	size := 0
	for i := range commands {
		text, err := json.Marshal(commands[i].Offer())
		if err != nil {
			panic(err) // its fields are text and numbers
		}
		size += len(text) + maxProblem
	}
	return size
}

// maxProblem is about how long a problem is, in bytes.
const maxProblem = 128

// Resume sends the answers that wait, now that the broker is there again.
func (e *Engine) Resume() {
	e.outbox.poke()
}

// Close ends what runs, and waits until its answers are sent or ctx ends.
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock()
	e.closed = true
	if e.flush != nil {
		e.flush.Stop()
	}
	e.mu.Unlock()
	e.stop()
	e.runs.Wait()
	e.noteSuppressed()
	e.outbox.flush(ctx)
	e.end()
	e.sender.Wait()
	if err := e.runner.Close(); err != nil {
		e.log.Warn("closing the command runner", "err", err)
	}
	return e.audit.close()
}

// reply puts an answer into the outbox.
func (e *Engine) reply(m *Message, r *schema.Response, progress bool) {
	topic := m.ResponseTopic
	if topic == "" {
		topic = e.config.Topics.Host(e.config.Host, schema.KindResponses)
	}
	e.outbox.put(Answer{Topic: topic, Payload: encode(r), Correlation: m.Correlation, progress: progress})
}

// maxAnswer is the most bytes of an answer: what most programs take.
const maxAnswer = 60 << 10

// encode writes an answer as JSON. Where quoting makes it too long, the output
// is cut further, in its middle.
func encode(r *schema.Response) []byte {
	for {
		var b strings.Builder
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(r); err != nil {
			panic(err) // its fields are text and numbers
		}
		if b.Len() <= maxAnswer || r.Output == "" {
			return []byte(strings.TrimSuffix(b.String(), "\n"))
		}
		shorter := *r
		shorter.Output, shorter.Truncated = process.Shorten(r.Output, len(r.Output)*2/3), true
		r = &shorter
	}
}

// randomID returns 128 random bits as hexadecimal digits.
func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, as its documentation says
	return hex.EncodeToString(b[:])
}
