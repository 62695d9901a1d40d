package mqtt

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
)

func TestInboxDropsTheOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var got []int
		b := newInbox(func(m Message) { got = append(got, int(m.Payload[0])<<8|int(m.Payload[1])) },
			slog.New(slog.NewTextHandler(&log, nil)))
		for i := range maxWaiting + 100 {
			b.put(Message{Payload: []byte{byte(i >> 8), byte(i)}})
		}
		done := make(chan struct{})
		go b.run(done)
		synctest.Wait()
		close(done)
		if len(got) != maxWaiting || got[0] != 100 || b.droppedTotal() != 100 {
			t.Errorf("got %d messages from %d on and %d dropped, want %d from 100 on and 100", len(got), got[0], b.droppedTotal(), maxWaiting)
		}
		if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "dropped=100") {
			t.Errorf("got the log\n%s\nwant a line for the start and one for the end", &log)
		}
	})
}

func TestInboxBoundsBytes(t *testing.T) {
	b := newInbox(nil, slog.New(slog.DiscardHandler))
	for range 100 {
		b.put(Message{Payload: make([]byte, maxWaitingBytes/50)})
	}
	if len(b.waiting) != 50 || b.bytes > maxWaitingBytes {
		t.Errorf("got %d messages of %d bytes waiting, want 50 of at most %d", len(b.waiting), b.bytes, maxWaitingBytes)
	}
}
