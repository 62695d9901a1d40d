package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// dial opens a connection to the broker, guarded against what it may send.
func dial(ctx context.Context, o *Options) (*guard, error) {
	ctx, cancel := context.WithTimeout(ctx, o.ConnectTimeout)
	defer cancel()
	conn, err := transport(ctx, o)
	if err != nil {
		return nil, err
	}
	return &guard{Conn: conn, max: uint32(o.MaxPacket)}, nil
}

// transport opens what the scheme asks for.
func transport(ctx context.Context, o *Options) (net.Conn, error) {
	switch o.Scheme {
	case "mqtt":
		return new(net.Dialer).DialContext(ctx, "tcp", o.Address())
	case "mqtts":
		return (&tls.Dialer{Config: o.TLS}).DialContext(ctx, "tcp", o.Address())
	case "ws", "wss":
		dialer := websocket.Dialer{
			Proxy:           http.ProxyFromEnvironment,
			TLSClientConfig: o.TLS,
			Subprotocols:    []string{"mqtt"}, // MQTT 5.0, section 6
		}
		ws, response, err := dialer.DialContext(ctx, o.url().String(), nil)
		if errors.Is(err, websocket.ErrBadHandshake) && response != nil {
			return nil, fmt.Errorf("%w: HTTP status %d for %s", err, response.StatusCode, o.Path)
		}
		if err != nil {
			return nil, err
		}
		return &stream{Conn: ws}, nil
	}
	return nil, fmt.Errorf("scheme %q is not known", o.Scheme)
}

// stream makes a byte stream of a WebSocket's binary messages; where they end
// has no meaning for MQTT.
type stream struct {
	*websocket.Conn
	message io.Reader // the rest of the message being read
}

// Read reads the next bytes, of as many messages as it takes to get some.
func (s *stream) Read(p []byte) (int, error) {
	for {
		if s.message == nil {
			var err error
			if _, s.message, err = s.NextReader(); err != nil {
				return 0, err
			}
		}
		n, err := s.message.Read(p)
		if errors.Is(err, io.EOF) {
			s.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Write sends p as one message.
func (s *stream) Write(p []byte) (int, error) {
	if err := s.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// SetDeadline bounds reads and writes.
func (s *stream) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}
