package process

import (
	"os"
	"sync"
	"time"
)

const (
	// readSize is the room that output is read into, in bytes: what a pipe
	// holds.
	readSize = 64 << 10
	// floodPause is how long the reader rests when a pipe was full and its
	// content is of no use any more. It keeps the agent below a few percent of
	// a core, and a program that floods below 16 MB/s.
	floodPause = 4 * time.Millisecond
)

// capture keeps the head and the tail of a program's output, in bounded
// memory. Its methods are safe for concurrent use.
type capture struct {
	limit int // bytes that are kept, half of them from the end

	mu    sync.Mutex // guards the fields below
	total int64      // bytes written so far
	head  []byte
	tail  []byte // a ring once it is full
	next  int    // where the ring is written next
}

// newCapture returns a capture that keeps limit bytes.
func newCapture(limit int) *capture {
	return &capture{limit: max(limit, 0)}
}

// drain reads a file into the capture until its end or its deadline.
func (c *capture) drain(f *os.File) {
	buf := make([]byte, readSize)
	for {
		n, err := f.Read(buf)
		c.write(buf[:n])
		if err != nil {
			return
		}
		if n == len(buf) && c.written() > int64(c.limit) {
			time.Sleep(floodPause)
		}
	}
}

// write takes the next bytes of output.
func (c *capture) write(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total += int64(len(p))
	if free := c.limit/2 - len(c.head); free > 0 {
		free = min(free, len(p))
		c.head, p = append(c.head, p[:free]...), p[free:]
	}
	room := c.limit - c.limit/2
	if len(p) > room {
		p = p[len(p)-room:]
	}
	if free := room - len(c.tail); free > 0 {
		free = min(free, len(p))
		c.tail, p = append(c.tail, p[:free]...), p[free:]
	}
	for len(p) > 0 {
		k := copy(c.tail[c.next:], p)
		p, c.next = p[k:], (c.next+k)%len(c.tail)
	}
}

// written returns how many bytes have come.
func (c *capture) written() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

// output returns what has come, made safe, with a line in place of what is
// left out.
func (c *capture) output() Output {
	c.mu.Lock()
	head := append([]byte(nil), c.head...)
	tail := append(append([]byte(nil), c.tail[c.next:]...), c.tail[:c.next]...)
	total := c.total
	c.mu.Unlock()

	if total == int64(len(head)+len(tail)) {
		text := clean(append(head, tail...))
		return Output{Text: Shorten(text, c.limit), Truncated: len(text) > c.limit}
	}
	head, tail = wholeEnd(head), wholeStart(tail)
	lost := total - int64(len(head)+len(tail))
	return Output{Text: around(clean(head), clean(tail), c.limit, lost), Truncated: true}
}
