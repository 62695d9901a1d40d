package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"systant/agent/internal/command/sshsig"
	"systant/pkg/schema"
)

// The times of requests.
const (
	maxAhead     = 5 * time.Minute  // how far ahead a request may expire
	maxSkew      = 30 * time.Second // how far the sender's clock may be off
	repeatWithin = 2 * time.Second  // in which the same request without id is a repetition
)

// maxCorrelation bounds what an answer has to carry back, in bytes.
const maxCorrelation = 1 << 10

// request is a request on its way through the engine.
type request struct {
	schema.Request
	message Message
	named   bool // the request had an id of its own
	signer  sshsig.Signer
	signed  bool
	command *Command // nil until it is found
	values  []string // of all its parameters, once they are checked
}

// refusal is why a request does not run.
type refusal struct {
	status  schema.Status
	problem string
	answer  *schema.Response // what was answered before, if anything was
}

// refuse returns a refusal.
func refuse(status schema.Status, problem string, args ...any) *refusal {
	return &refusal{status: status, problem: fmt.Sprintf(problem, args...)}
}

// Handle takes one message, and returns before anything has run.
func (e *Engine) Handle(m Message) {
	if len(m.Payload) == 0 {
		return // somebody clears a retained message
	}
	r := &request{message: m}
	no := e.read(r)
	if r.RequestID == "" {
		r.RequestID = randomID()
	}
	if no == nil && r.Command == schema.List {
		e.list(r)
		return
	}
	var started *run
	if no == nil {
		started, no = e.accept(r, time.Now())
	}
	if no != nil {
		e.turnDown(r, no)
		return
	}
	e.start(r, started)
}

// read checks everything about a request that does not depend on others.
func (e *Engine) read(r *request) *refusal {
	if no := e.checkMessage(&r.message); no != nil {
		return no
	}
	p, err := parse(r.message.Payload)
	if err == nil && p.signed != nil {
		if no := e.checkSignature(r, p); no != nil {
			return no
		}
		p.Request, err = parseRequest(p.signed)
	}
	if err != nil {
		return refuse(schema.StatusRefused, "%v", err)
	}
	r.Request = p.Request
	r.named = r.RequestID != ""
	for _, check := range []func(*request, time.Time) *refusal{e.checkHost, e.checkTimes, e.checkCommand} {
		if no := check(r, time.Now()); no != nil {
			return no
		}
	}
	return nil
}

// checkMessage checks what came around the payload. Where the answer may not
// go to the topic that the sender wants, it goes to the usual one.
func (e *Engine) checkMessage(m *Message) *refusal {
	topic := m.ResponseTopic
	if topic != "" && !e.config.Topics.IsReply(e.config.Host, topic) {
		m.ResponseTopic = ""
		return refuse(schema.StatusRefused, "the response topic %s is not one for answers, such as %s",
			shown(topic), e.config.Topics.Host(e.config.Host, schema.KindResponses))
	}
	switch {
	case len(m.Correlation) > maxCorrelation:
		n := len(m.Correlation)
		m.Correlation = nil
		return refuse(schema.StatusRefused, "the correlation data have %d bytes; at most %d are sent back", n, maxCorrelation)
	case m.Retained:
		return refuse(schema.StatusRefused, "the message is retained: it would run again and again; publish it without the retain flag, and clear the topic")
	case m.Expiry > 0 && time.Since(m.Arrived) >= m.Expiry:
		return refuse(schema.StatusExpired, "the message expired before it was read")
	}
	return nil
}

// checkSignature finds who signed a request.
func (e *Engine) checkSignature(r *request, p parsed) *refusal {
	signer, err := e.signers.verify(p.signed, p.signature, time.Now())
	if err != nil {
		return refuse(schema.StatusRefused, "sig: %v", err)
	}
	r.signer, r.signed = signer, true
	return nil
}

// checkHost makes sure that the request is for this host.
func (e *Engine) checkHost(r *request, _ time.Time) *refusal {
	switch {
	case r.Host != "" && r.Host != e.config.Host:
		return refuse(schema.StatusRefused, "host: the request is for %s, not for %s", shown(r.Host), e.config.Host)
	case r.signed && r.Host == "":
		return refuse(schema.StatusRefused, "host: is missing, as the request is signed")
	}
	return nil
}

// checkTimes makes sure that the request is neither old nor good for long.
func (e *Engine) checkTimes(r *request, now time.Time) *refusal {
	if r.signed {
		switch {
		case r.RequestID == "":
			return refuse(schema.StatusRefused, "request_id: is missing, as the request is signed")
		case r.IssuedAt == nil:
			return refuse(schema.StatusRefused, "issued_at: is missing, as the request is signed")
		case r.ExpiresAt == nil:
			return refuse(schema.StatusRefused, "expires_at: is missing, as the request is signed")
		case r.ExpiresAt.Sub(*r.IssuedAt) > maxAhead:
			return refuse(schema.StatusRefused, "expires_at: is more than %v after issued_at", maxAhead)
		}
	}
	switch {
	case r.ExpiresAt != nil && !now.Before(*r.ExpiresAt):
		return refuse(schema.StatusExpired, "expires_at: the request expired %v ago, by the host's clock", now.Sub(*r.ExpiresAt).Round(time.Millisecond))
	case r.ExpiresAt != nil && r.ExpiresAt.Sub(now) > maxAhead+maxSkew:
		return refuse(schema.StatusRefused, "expires_at: is %v ahead by the host's clock; at most %v are allowed", r.ExpiresAt.Sub(now).Round(time.Second), maxAhead)
	case r.IssuedAt != nil && r.IssuedAt.Sub(now) > maxSkew:
		return refuse(schema.StatusRefused, "issued_at: is %v ahead by the host's clock", r.IssuedAt.Sub(now).Round(time.Second))
	case r.IssuedAt != nil && now.Sub(*r.IssuedAt) > maxAhead+maxSkew:
		return refuse(schema.StatusExpired, "issued_at: the request was made %v ago, by the host's clock", now.Sub(*r.IssuedAt).Round(time.Second))
	}
	return nil
}

// checkCommand finds the command, and checks who asks for it and with what.
func (e *Engine) checkCommand(r *request, _ time.Time) *refusal {
	c, known := e.byName[r.Command]
	if !known && r.Command != schema.List {
		return refuse(schema.StatusRefused, "command: %s is not offered; %q tells what is", shown(r.Command), schema.List)
	}
	r.command = c
	if no := e.checkSigner(r); no != nil || !known {
		if no == nil && len(r.Params) > 0 {
			return refuse(schema.StatusRefused, "params[0]: %s takes no parameters", schema.List)
		}
		return no
	}
	values, err := c.bind(r.Params)
	if err != nil {
		return refuse(schema.StatusRefused, "%v", err)
	}
	if err := c.Verify(); err != nil {
		return refuse(schema.StatusRefused, "the host can't run %s: %v", c.Trigger, err)
	}
	r.values = values
	return nil
}

// checkSigner makes sure that the request is signed where it must be, by
// somebody who may run the command.
func (e *Engine) checkSigner(r *request) *refusal {
	if !r.signed {
		if e.config.RequireSignature || r.command != nil && r.command.RequireSignature {
			return refuse(schema.StatusRefused, "unauthorized: the request must be signed")
		}
		return nil
	}
	allowed, limited := e.config.Allow[r.signer.Principal]
	if limited && !slices.Contains(allowed, r.Command) {
		return refuse(schema.StatusRefused, "unauthorized: %s may not run %s", r.signer.Principal, r.Command)
	}
	return nil
}

// errClosed is told to who asks while the agent stops.
var errClosed = errors.New("the agent stops")

// content tells requests apart: who repeats one must ask for the same thing.
// Secrets are not in it, as it stands in the audit log.
func (r *request) content() string {
	return digest(strings.Join(append([]string{r.Command, r.signer.Principal}, r.command.hidden(r.Params)...), "\x00"))
}

// accept decides whether a request that is good in itself runs now, and
// remembers it if it does.
func (e *Engine) accept(r *request, now time.Time) (*run, *refusal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if known := e.memory.find(r.RequestID); known != nil {
		return nil, repeated(known, r)
	}
	if r.signed && !r.IssuedAt.After(e.memory.issued) {
		return nil, refuse(schema.StatusExpired, "issued_at: only what is signed after %s is run: the agent was started then, or has forgotten what came before",
			e.memory.issued.UTC().Format(time.RFC3339))
	}
	if no := e.checkRepetition(r, now); no != nil {
		return nil, no
	}
	if no := e.checkRoom(r, now); no != nil {
		return nil, no
	}
	accepted := &run{id: r.RequestID, content: r.content(), until: now.Add(rememberFor), answer: schema.Response{
		RequestID: r.RequestID, Command: r.Command, Status: schema.StatusRunning,
	}}
	if r.signed {
		accepted.issued = *r.IssuedAt
	}
	if !e.memory.add(accepted, now) {
		return nil, refuse(schema.StatusBusy, "%d requests ran within %v: no more are taken", e.memory.most, rememberFor)
	}
	if !r.named {
		e.unnamed[accepted.content] = now
	}
	e.running[r.Command] = true
	e.runs.Add(1)
	return accepted, nil
}

// repeated returns what a request whose id is known is answered.
func repeated(known *run, r *request) *refusal {
	switch {
	case known.content != r.content():
		return refuse(schema.StatusDuplicate, "request_id: %s was used for another request", r.RequestID)
	case known.answer.Status == schema.StatusRunning:
		return refuse(schema.StatusDuplicate, "request_id: %s is running", r.RequestID)
	}
	answer := known.answer
	return &refusal{status: schema.StatusDuplicate, problem: "request_id: the request has run; its answer is sent again", answer: &answer}
}

// checkRepetition refuses what looks like the same message delivered twice.
func (e *Engine) checkRepetition(r *request, now time.Time) *refusal {
	for content, at := range e.unnamed {
		if now.Sub(at) >= repeatWithin {
			delete(e.unnamed, content)
		}
	}
	if _, repeats := e.unnamed[r.content()]; repeats && !r.named {
		return refuse(schema.StatusDuplicate, "the same request came less than %v ago; one that is meant needs a request_id", repeatWithin)
	}
	return nil
}

// checkRoom refuses what can't run now.
func (e *Engine) checkRoom(r *request, now time.Time) *refusal {
	limit := e.config.Concurrency
	if !e.runner.Contained() {
		limit = 1
	}
	ended, ran := e.ended[r.Command]
	switch wait := ended.Add(r.command.Cooldown).Sub(now); {
	case e.closed:
		return refuse(schema.StatusBusy, "%v", errClosed)
	case e.running[r.Command]:
		return refuse(schema.StatusBusy, "%s is running", r.Command)
	case ran && wait > 0:
		whole := (wait + time.Second - 1).Truncate(time.Second) // nobody who waits comes too early
		return refuse(schema.StatusBusy, "%s has just run; it may again in %v", r.Command, whole)
	case len(e.running) >= limit:
		return refuse(schema.StatusBusy, "no more than %d may run at the same time", limit)
	case !e.starts.AllowN(now, 1):
		return refuse(schema.StatusBusy, "no more than %d may be started within a minute", e.config.Rate)
	}
	return nil
}
