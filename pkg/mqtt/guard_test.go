package mqtt

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/packets"
)

// pieces is a connection that hands out its bytes in pieces.
type pieces struct {
	net.Conn
	data []byte
	size int
}

// Read returns the next piece.
func (p *pieces) Read(into []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(into, p.data[:min(p.size, len(p.data))])
	p.data = p.data[n:]
	return n, nil
}

func TestGuardReads(t *testing.T) {
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, ""},
		{"connack and ping", []byte{0x20, 3, 0, 0, 0, 0xd0, 0, 0xd0, 0}, ""},
		{"at the limit", append([]byte{0x20, 0, 0x30, 100}, make([]byte, 100)...), ""},
		{"past the limit", []byte{0x20, 0, 0x30, 101}, "the broker sends a packet of at least 101 bytes, past the maximum of 100"},
		{"long length", []byte{0x20, 0, 0x30, 0x80, 0x80, 0x80, 0x80, 0}, "the broker sends a packet whose length has more than 4 bytes"},
		{"HTTP", []byte("HTTP/1.1 400 Bad Request"), errNotMQTT.Error()},
		{"TLS alert", []byte{0x15, 3, 1, 0, 2, 2, 10}, errNotMQTT.Error()},
	}
	for _, test := range tests {
		for _, size := range []int{1, 3, 1000} {
			g := &guard{Conn: &pieces{data: test.data, size: size}, max: 100}
			_, err := io.Copy(io.Discard, struct{ io.Reader }{g})
			if got := text(err); got != test.want {
				t.Errorf("%s, %d bytes at once: got %q, want %q", test.name, size, got, test.want)
			}
		}
	}
}

// text returns an error's text, or "".
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestGuardWritesWholePackets(t *testing.T) {
	near, far := net.Pipe()
	g := &guard{Conn: near}
	connect := packets.NewControlPacket(packets.CONNECT)
	connect.Content.(*packets.Connect).ClientID = "a"
	large := packets.NewControlPacket(packets.PUBLISH)
	large.Content.(*packets.Publish).Topic, large.Content.(*packets.Publish).Payload = "a", make([]byte, 1000)
	go func() {
		for _, p := range []*packets.ControlPacket{connect, packets.NewControlPacket(packets.PINGREQ), large} {
			if _, err := p.WriteTo(g); err != nil {
				t.Error(err)
			}
		}
	}()
	for _, want := range []byte{packets.CONNECT, packets.PINGREQ, packets.PUBLISH} {
		buffer := make([]byte, 4096) // a pipe hands over one write at a time
		n, err := far.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		rest := bytes.NewReader(buffer[:n])
		p, err := packets.ReadPacket(rest)
		if err != nil || p.Type != want || rest.Len() != 0 {
			t.Errorf("one write: got %v, %v and %d bytes more, want one whole packet of type %d", p, err, rest.Len(), want)
		}
	}
}

func TestGuardGivesUpWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		g := &guard{Conn: near}
		start := time.Now()
		_, err := g.Write([]byte{connectByte, 0})
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != writeTimeout {
			t.Errorf("writing to who does not read: got %v after %v, want a timeout after %v", err, time.Since(start), writeTimeout)
		}
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("reading afterwards: got %v, want a closed connection", err)
		}
	})
}

func FuzzScan(f *testing.F) {
	f.Add([]byte{0x20, 3, 0, 0, 0, 0x30, 0xff, 0x7f}, uint32(100), 2)
	f.Fuzz(func(t *testing.T, data []byte, limit uint32, size int) {
		limit %= 1 << 20
		g := &guard{Conn: &pieces{data: bytes.Clone(data), size: max(1, size%100)}, max: limit}
		got, err := io.ReadAll(g)
		if !bytes.Equal(got, data[:len(got)]) {
			t.Errorf("the guard changes what it hands on: got %x of %x", got, data)
		}
		// What got through never announces more than the limit.
		for rest := bytes.NewReader(got); err == nil && rest.Len() > 0; {
			_, _ = rest.ReadByte()
			length, shift := uint32(0), 0
			for c, e := rest.ReadByte(); e == nil; c, e = rest.ReadByte() {
				length |= uint32(c&0x7f) << shift
				shift += 7
				if c&0x80 == 0 {
					break
				}
			}
			if length > limit || shift > 28 {
				t.Fatalf("a packet of %d bytes passed a limit of %d", length, limit)
			}
			_, _ = rest.Seek(int64(length), io.SeekCurrent)
		}
	})
}
