package mqtt

import (
	"fmt"
	"net"
	"time"
)

// writeTimeout is how long one write may take before the connection counts as
// dead: paho sets no deadline, and a broker that stops reading would hold up
// a publisher for ever.
const writeTimeout = 10 * time.Second

// guard is a connection that ends before a packet longer than max is read.
// paho.golang 0.23 takes room for as many bytes as a packet announces, and
// leaves it to the broker to keep to the maximum that was advertised.
type guard struct {
	net.Conn
	max     uint32
	scanner scanner
}

// Read reads as the connection does, but fails instead of handing out the
// header of a packet that is too long.
func (g *guard) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if long := g.scanner.scan(p[:n], g.max); long != nil {
		return 0, long
	}
	return n, err
}

// Write writes p, or fails once it took too long.
func (g *guard) Write(p []byte) (int, error) {
	if err := g.Conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return g.Conn.Write(p)
}

// scanner follows the packets in a stream of bytes by their fixed headers
// (MQTT 5.0, section 2.1). The zero value stands before the first packet.
type scanner struct {
	inLength bool   // the packet's first byte has been seen
	shift    uint   // bits of the length that have been seen
	length   uint32 // what they say
	rest     uint32 // bytes of the packet's body that are still to come
}

// scan takes the next bytes of the stream, and returns an error at the header
// of a packet of more than limit bytes, or at a length that can't be.
func (s *scanner) scan(data []byte, limit uint32) error {
	for len(data) > 0 {
		if s.rest > 0 {
			n := min(s.rest, uint32(len(data)))
			data, s.rest = data[n:], s.rest-n
			continue
		}
		c := data[0]
		data = data[1:]
		if !s.inLength {
			s.inLength, s.length, s.shift = true, 0, 0
			continue
		}
		s.length |= uint32(c&0x7f) << s.shift
		s.shift += 7
		if s.length > limit {
			return fmt.Errorf("the broker sends a packet of at least %d bytes, past the maximum of %d", s.length, limit)
		}
		if c&0x80 == 0 {
			s.inLength, s.rest = false, s.length
		} else if s.shift > 21 {
			return fmt.Errorf("the broker sends a packet whose length has more than 4 bytes")
		}
	}
	return nil
}
