package command

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"systant/agent/internal/command/process"
	"systant/pkg/schema"
)

// digest shortens what was asked for, so that the audit log can tell requests
// apart without repeating secrets: eight bytes of SHA-256.
func digest(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:8])
}

// list answers with the offer.
func (e *Engine) list(r *request) {
	answer := schema.Response{RequestID: r.RequestID, Command: schema.List, Status: schema.StatusOK, Commands: e.Offer().Commands}
	answer.Output = table(answer.Commands)
	e.answerOnly(r, answer, "")
}

// turnDown answers a request that does not run.
func (e *Engine) turnDown(r *request, no *refusal) {
	answer := schema.Response{RequestID: r.RequestID, Command: r.Command, Status: no.status, Error: no.problem}
	if no.answer != nil {
		answer = *no.answer
	}
	e.answerOnly(r, answer, no.problem)
}

// answerOnly answers and audits a request that runs nothing, unless too many
// of them come.
func (e *Engine) answerOnly(r *request, answer schema.Response, problem string) {
	if !e.answers.Allow() {
		e.suppress()
		return
	}
	record := e.record(r, EventAnswered)
	record.Status, record.Error = answer.Status, problem
	if err := e.audit.write(record, false); err != nil {
		e.log.Error("audit record lost", "err", err)
	}
	e.reply(&r.message, &answer, false)
}

// suppress counts a request that is not answered.
func (e *Engine) suppress() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.suppressed++; e.suppressed == 1 && !e.closed {
		e.flush = time.AfterFunc(suppressedFor, e.noteSuppressed)
	}
}

// noteSuppressed writes down how many requests were not answered.
func (e *Engine) noteSuppressed() {
	e.mu.Lock()
	count := e.suppressed
	e.suppressed = 0
	e.mu.Unlock()
	if count == 0 {
		return
	}
	if err := e.audit.write(Record{Time: time.Now().UTC(), Event: EventSuppressed, Host: e.config.Host, Count: count}, false); err != nil {
		e.log.Error("audit record lost", "err", err)
	}
}

// record begins an audit record about a request.
func (e *Engine) record(r *request, event Event) Record {
	record := Record{
		Time: time.Now().UTC(), Event: event, Host: e.config.Host, RequestID: r.RequestID, Command: r.Command,
		Signer: r.signer.Principal, Key: r.signer.Fingerprint, Source: r.Source,
	}
	if r.command != nil {
		record.Params = r.command.hidden(r.Params)
	}
	return record
}

// start runs an accepted request in a goroutine of its own.
func (e *Engine) start(r *request, accepted *run) {
	go func() {
		defer e.runs.Done()
		answer := e.execute(r, accepted.content)
		e.mu.Lock()
		delete(e.running, r.Command)
		e.ended[r.Command] = time.Now()
		if answer.Status == schema.StatusRefused && !r.signed {
			e.memory.drop(accepted) // it may be sent again once the host is in order
		} else {
			e.memory.finish(accepted, answer)
		}
		e.mu.Unlock()
		e.reply(&r.message, &answer, false)
	}()
}

// execute runs a request between two audit records, and returns the answer.
func (e *Engine) execute(r *request, content string) schema.Response {
	answer := schema.Response{RequestID: r.RequestID, Command: r.Command, Status: schema.StatusRefused}
	record := e.record(r, EventStart)
	record.Content = content
	if err := e.audit.write(record, true); err != nil {
		answer.Error = err.Error()
		e.log.Error("command refused", "command", r.Command, "err", err)
		return answer
	}
	result := e.runner.Run(e.work, e.process(r))
	fill(&answer, result, r.command)
	e.finish(r, &answer)
	return answer
}

// process returns the process of a request.
func (e *Engine) process(r *request) process.Command {
	c := r.command
	began := time.Now()
	return process.Command{
		Path: c.Argv[0], Args: c.argv(r.values), Env: c.Env, Dir: c.Dir, User: c.User,
		Timeout: c.Timeout, OutputLimit: e.config.OutputLimit,
		MaxProcesses: e.config.ProcessLimit, MaxMemoryBytes: e.config.MemoryLimit,
		Progress: func(o process.Output) {
			so := schema.Response{RequestID: r.RequestID, Command: r.Command, Status: schema.StatusRunning, Output: o.Text, Truncated: o.Truncated}
			so.StartedAt, so.DurationSeconds = new(began.UTC()), new(time.Since(began).Seconds())
			e.reply(&r.message, &so, true)
		},
	}
}

// finish writes down how a request ended.
func (e *Engine) finish(r *request, answer *schema.Response) {
	record := e.record(r, EventEnd)
	record.Status, record.Error, record.ExitCode = answer.Status, answer.Error, answer.ExitCode
	record.DurationSeconds, record.OutputBytes, record.Truncated = answer.DurationSeconds, len(answer.Output), answer.Truncated
	if err := e.audit.write(record, false); err != nil {
		e.log.Error("audit record lost", "err", err)
	}
}

// fill tells in an answer how a process fared.
func fill(answer *schema.Response, result process.Result, c *Command) {
	answer.StartedAt, answer.DurationSeconds = new(result.Started.UTC()), new(result.Duration.Seconds())
	answer.Output, answer.Truncated = result.Output.Text, result.Output.Truncated
	answer.Status = schema.StatusFailed
	switch {
	case result.Err != nil:
		answer.Error = fmt.Sprintf("starting %s: %v", c.Argv[0], result.Err)
		return
	case result.TimedOut:
		answer.Status = schema.StatusTimeout
		answer.Error = fmt.Sprintf("killed after its timeout of %v", c.Timeout)
		return
	case result.Canceled:
		answer.Error = "killed, because the agent stopped"
		return
	case result.OutOfMemory:
		answer.Error = "killed, because it used more memory than it may"
		return
	case result.Signal != 0:
		answer.Error = fmt.Sprintf("ended by signal %d (%v)", result.Signal, result.Signal)
		return
	}
	answer.ExitCode = new(result.Exit)
	if result.Exit == 0 {
		answer.Status = schema.StatusOK
		return
	}
	answer.Error = fmt.Sprintf("ended with exit status %d", result.Exit)
}
