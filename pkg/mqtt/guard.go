package mqtt

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// writeTimeout is how long one packet may take to be sent before the
// connection counts as dead: paho sets no deadline, and a broker that stops
// reading would hold up a publisher for ever.
const writeTimeout = 10 * time.Second

// errNotMQTT is returned for a connection whose first byte no broker sends.
var errNotMQTT = errors.New("the answer is not MQTT")

// guard is a connection on which the broker can't make us hold more than a
// packet of max bytes, nor wait for ever: paho.golang 0.23 takes room for as
// many bytes as a packet announces, and leaves it to the broker to keep to the
// maximum that was advertised.
//
// It also sends each packet in one write: paho makes several, which would be
// as many TLS records, WebSocket messages and small segments, and Mosquitto
// delays what follows those. Lock is paho's way to keep packets apart.
type guard struct {
	net.Conn
	sync.Mutex // held by paho while it writes a packet
	max        uint32
	in         scanner
	out        scanner
	packet     bytes.Buffer // the part of a packet that paho has written so far
}

// Read reads as the connection does, but fails instead of handing out the
// header of a packet that is too long.
func (g *guard) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if fault := g.in.scan(p[:n], g.max); fault != nil {
		return 0, fault
	}
	return n, err
}

// Write takes a part of a packet, and sends the packet once it is whole. After
// an error the connection is of no use, and closed.
func (g *guard) Write(p []byte) (int, error) {
	if err := g.out.scan(p, ^uint32(0)); err != nil {
		return 0, err
	}
	g.packet.Write(p)
	if !g.out.between() {
		return len(p), nil
	}
	defer g.packet.Reset()
	if err := g.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	if _, err := g.Conn.Write(g.packet.Bytes()); err != nil {
		return 0, errors.Join(err, g.Close())
	}
	return len(p), nil
}

// scanner follows the packets in a stream of bytes by their fixed headers
// (MQTT 5.0, section 2.1). The zero value stands before the first packet.
type scanner struct {
	begun    bool   // a byte has been seen
	inLength bool   // the packet's first byte has been seen
	shift    uint   // bits of the length that have been seen
	length   uint32 // what they say
	rest     uint32 // bytes of the packet's body that are still to come
}

// between tells whether no packet is under way.
func (s *scanner) between() bool {
	return !s.inLength && s.rest == 0
}

// scan takes the next bytes of the stream, and returns an error at the header
// of a packet of more than limit bytes, at a length that can't be, and at a
// stream that starts as no MQTT does.
func (s *scanner) scan(data []byte, limit uint32) error {
	for len(data) > 0 {
		if s.rest > 0 {
			n := min(s.rest, uint32(len(data)))
			data, s.rest = data[n:], s.rest-n
			continue
		}
		c := data[0]
		data = data[1:]
		switch {
		case !s.begun && c != connectByte && c != connackByte && c != authByte:
			return errNotMQTT
		case !s.inLength:
			s.begun, s.inLength, s.length, s.shift = true, true, 0, 0
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
			return errors.New("the broker sends a packet whose length has more than 4 bytes")
		}
	}
	return nil
}

// The first bytes that a stream can have, either way (MQTT 5.0, sections 3.1,
// 3.2 and 3.15).
const (
	connectByte = 0x10
	connackByte = 0x20
	authByte    = 0xf0
)
