package live

import (
	"net/http"
	"time"
)

// deadlineWriter gives every write to a browser a deadline of its own, since
// the server can't have one for a response that lasts for hours. A write that
// misses it ends the request, and with it the session.
type deadlineWriter struct {
	http.ResponseWriter
	timeout time.Duration
	flushed func() // called after each event
	fail    func() // called when the browser can't be written to
	failed  bool
}

// Write writes within the timeout. After the first failure it does nothing,
// so that the library drains the session's queue at once.
func (w *deadlineWriter) Write(p []byte) (int, error) {
	if w.failed {
		return len(p), nil
	}
	w.limit(time.Now().Add(w.timeout))
	n, err := w.ResponseWriter.Write(p)
	w.note(err)
	return n, err
}

// Flush sends what was written, within the timeout, and takes the deadline
// away: on HTTP/2 one that expires while nothing is written resets the stream.
func (w *deadlineWriter) Flush() {
	if w.failed {
		return
	}
	w.limit(time.Now().Add(w.timeout))
	w.note(http.NewResponseController(w.ResponseWriter).Flush())
	w.limit(time.Time{})
	w.flushed()
}

// note ends the request at the first error.
func (w *deadlineWriter) note(err error) {
	if err != nil && !w.failed {
		w.failed = true
		w.fail()
	}
}

// limit sets the deadline. A writer that can't have one, as in a test, writes
// to memory and needs none.
func (w *deadlineWriter) limit(at time.Time) {
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(at)
}
