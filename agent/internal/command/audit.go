package command

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"systant/pkg/schema"
)

// The bounds of the audit file. Who floods the host with refused requests can
// push older records out of it; the journal has a copy.
const (
	auditSize  = 8 << 20 // bytes after which it is renamed
	auditFiles = 5       // the present one and those with .1 to .4 behind the name
	auditLine  = 16 << 10
)

// JournalSocket is where systemd's journal takes messages
// (systemd.io/JOURNAL_NATIVE_PROTOCOL).
const JournalSocket = "/run/systemd/journal/socket"

// Event is what an audit record tells.
type Event string

// The events.
const (
	EventStart      Event = "start"      // a command is about to run
	EventEnd        Event = "end"        // it has ended
	EventAnswered   Event = "answered"   // a request was answered without running anything
	EventSuppressed Event = "suppressed" // requests came so fast that they were not even answered
)

// Record is one line of the audit log, as JSON.
type Record struct {
	Time      time.Time     `json:"time"`
	Event     Event         `json:"event"`
	Host      string        `json:"host"`
	RequestID string        `json:"request_id,omitempty"`
	Command   string        `json:"command,omitempty"`
	Params    []string      `json:"params,omitempty"` // secret ones are hidden
	Signer    string        `json:"signer,omitempty"` // the principal whose key signed the request
	Key       string        `json:"key,omitempty"`    // its fingerprint
	Source    string        `json:"source,omitempty"` // who the request says it is from
	Status    schema.Status `json:"status,omitempty"`
	Error     string        `json:"error,omitempty"`
	ExitCode  *int          `json:"exit_code,omitempty"`
	// DurationSeconds is how long the command ran.
	DurationSeconds *float64 `json:"duration_seconds,omitempty"`
	// OutputBytes is how much of its output was sent.
	OutputBytes int  `json:"output_bytes,omitempty"`
	Truncated   bool `json:"truncated,omitempty"`
	// Count is how many requests were suppressed.
	Count uint64 `json:"count,omitempty"`
	// Content tells one request from another with the same id.
	Content string `json:"content,omitempty"`
}

// audit writes records: to the journal, and to a file if there is one. Where
// there is neither, a stream has them. It is safe for concurrent use.
type audit struct {
	stream  io.Writer
	journal string // the socket

	mu   sync.Mutex // guards the fields below, and keeps records apart
	path string
	file *os.File // nil without a path
	size int64
}

// openAudit opens the file, if path names one, and makes sure that it ends with
// a whole line.
func openAudit(path, journal string, stream io.Writer) (*audit, error) {
	a := &audit{path: path, stream: stream, journal: journal}
	if path == "" {
		return a, nil
	}
	return a, a.open()
}

// open opens the file for appending.
func (a *audit) open() error {
	file, err := os.OpenFile(a.path, os.O_CREATE|os.O_APPEND|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("opening the audit log: %w", err)
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return errors.Join(fmt.Errorf("opening the audit log: %s is no regular file", a.path), err, file.Close())
	}
	a.file, a.size = file, info.Size()
	last := []byte{'\n'}
	if a.size > 0 {
		if _, err := file.ReadAt(last, a.size-1); err != nil {
			return errors.Join(fmt.Errorf("reading the audit log: %w", err), file.Close())
		}
	}
	if last[0] != '\n' { // the agent was killed, or the disk full, amid a record
		if _, err := file.Write([]byte{'\n'}); err != nil {
			return errors.Join(fmt.Errorf("writing the audit log: %w", err), file.Close())
		}
		a.size++
	}
	return nil
}

// write adds a record. With sync it returns only when the file is on the disk.
// An error means that the file does not have the record.
func (a *audit) write(r Record, sync bool) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if len(line) > auditLine {
		return fmt.Errorf("an audit record of %d bytes", len(line))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tell(line)
	if a.path == "" {
		return nil
	}
	if err := a.append(append(line, '\n'), sync); err != nil {
		return fmt.Errorf("writing the audit log: %w", err)
	}
	return nil
}

// append writes a line to the file. What was written of a line that did not
// fit is taken back, so that the next one is whole.
func (a *audit) append(line []byte, sync bool) error {
	if a.file == nil {
		if err := a.open(); err != nil {
			return err
		}
	}
	if a.size+int64(len(line)) > auditSize {
		if err := a.rotate(); err != nil {
			return err
		}
	}
	n, err := a.file.Write(line)
	if err != nil {
		_ = a.file.Truncate(a.size) // a torn line is dealt with at the next start too
		return err
	}
	a.size += int64(n)
	if sync {
		return syscall.Fdatasync(int(a.file.Fd()))
	}
	return nil
}

// rotate renames the file and its elders, and begins a new one.
func (a *audit) rotate() error {
	err := a.file.Close()
	a.file = nil
	for n := auditFiles - 2; n >= 0; n-- {
		if e := os.Rename(a.numbered(n), a.numbered(n+1)); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return errors.Join(err, a.open())
}

// numbered returns the path of an elder, or of the present file for 0.
func (a *audit) numbered(n int) string {
	if n == 0 {
		return a.path
	}
	return fmt.Sprintf("%s.%d", a.path, n)
}

// tell hands a record to the journal, or to the stream where nobody else has it.
func (a *audit) tell(line []byte) {
	if conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: a.journal, Net: "unixgram"}); err == nil {
		defer conn.Close()
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		message := fmt.Appendf(nil, "PRIORITY=6\nSYSLOG_IDENTIFIER=systant-audit\nMESSAGE=%s\n", line)
		if _, err := conn.Write(message); err == nil {
			return
		}
	}
	if a.path == "" {
		_, _ = a.stream.Write(append(bytes.Clone(line), '\n')) // there is nobody left to tell
	}
}

// close closes the file.
func (a *audit) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file == nil {
		return nil
	}
	err := a.file.Close()
	a.file = nil
	return err
}

// recall hands the starts and ends of runs to take, oldest first, from the file
// and its elders. Lines that are no records are skipped.
func (a *audit) recall(take func(Record)) error {
	if a.path == "" {
		return nil
	}
	for n := auditFiles - 1; n >= 0; n-- {
		file, err := os.Open(a.numbered(n))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the audit log: %w", err)
		}
		err = records(file, take)
		if err := errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("reading the audit log: %w", err)
		}
	}
	return nil
}

// answered is in the records that floods are made of, which need no look at the
// rest. It can't be in another's text, where quotes are escaped.
var answered = []byte(`"event":"answered"`)

// records hands the starts and ends of runs in a log to take. What a crash has
// left of a line, or put into one, is skipped.
func records(log io.Reader, take func(Record)) error {
	lines := bufio.NewReaderSize(log, 2*auditLine)
	torn := false
	for {
		line, err := lines.ReadSlice('\n')
		var r Record
		if !torn && !bytes.Contains(line, answered) && json.Unmarshal(line, &r) == nil && (r.Event == EventStart || r.Event == EventEnd) {
			take(r)
		}
		switch torn = errors.Is(err, bufio.ErrBufferFull); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !torn:
			return err
		}
	}
}
