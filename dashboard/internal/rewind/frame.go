package rewind

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// The bounds of one frame. They bound the work to read one moment, too.
const (
	maxFrameTime    = 10 * 60 * 1000 // milliseconds from its first sample to its last
	maxFrameSamples = 64
	maxFrameBytes   = 512 << 10 // before it is compressed
)

// errFrame is returned for a frame that is not one.
var errFrame = errors.New("the frame is damaged")

// moment is a sample as it came, and when, in milliseconds since 1970.
type moment struct {
	at      int64
	payload []byte
}

// frame is samples of one host in the order of their times.
type frame struct {
	moments []moment
	size    int
	written int // samples that are in the file
}

// first returns the time of the first sample.
func (f *frame) first() int64 { return f.moments[0].at }

// last returns the time of the last sample.
func (f *frame) last() int64 { return f.moments[len(f.moments)-1].at }

// fits tells whether a sample can be the next one of the frame.
func (f *frame) fits(m moment) bool {
	return len(f.moments) == 0 || m.at > f.last() && m.at-f.first() < maxFrameTime &&
		len(f.moments) < maxFrameSamples && f.size+len(m.payload) <= maxFrameBytes
}

// add appends a sample that fits.
func (f *frame) add(m moment) {
	f.moments = append(f.moments, m)
	f.size += len(m.payload)
}

// dirty tells whether there are samples that are not written.
func (f *frame) dirty() bool { return f.written < len(f.moments) }

// after returns the place of the first sample that is later than a moment, or
// the number of samples.
func (f *frame) after(t int64) int { return f.at(t) + 1 }

// at returns the place of the last sample that is no later than a moment, or -1.
func (f *frame) at(t int64) int {
	i, found := slices.BinarySearchFunc(f.moments, t, func(m moment, t int64) int { return cmp.Compare(m.at, t) })
	if found {
		return i
	}
	return i - 1
}

// codec packs frames. It is safe for concurrent use.
type codec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// newCodec returns a codec.
func newCodec() (*codec, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(maxFrameBytes), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(4*maxFrameBytes))
	if err != nil {
		return nil, err
	}
	return &codec{encoder, decoder}, nil
}

// pack returns a frame as it is written: for each sample its time after the
// one before and its length, as varints, and the payload, all compressed as
// one (RFC 8878).
func (c *codec) pack(f *frame) []byte {
	plain := make([]byte, 0, f.size+len(f.moments)*2*binary.MaxVarintLen32)
	before := int64(0)
	for _, m := range f.moments {
		plain = binary.AppendVarint(plain, m.at-before)
		plain = binary.AppendUvarint(plain, uint64(len(m.payload)))
		plain = append(plain, m.payload...)
		before = m.at
	}
	return c.encoder.EncodeAll(plain, nil)
}

// unpack returns the frame that [codec.pack] has packed.
func (c *codec) unpack(packed []byte) (*frame, error) {
	plain, err := c.decoder.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errFrame, err)
	}
	f, before := &frame{}, int64(0)
	for len(plain) > 0 {
		pause, n := binary.Varint(plain)
		if n <= 0 {
			return nil, errFrame
		}
		plain = plain[n:]
		length, n := binary.Uvarint(plain)
		if n <= 0 || length > uint64(len(plain)-n) {
			return nil, errFrame
		}
		m := moment{before + pause, plain[n : n+int(length)]}
		if len(f.moments) > 0 && m.at <= before {
			return nil, errFrame
		}
		f.add(m)
		before, plain = m.at, plain[n+int(length):]
	}
	if len(f.moments) == 0 {
		return nil, errFrame
	}
	return f, nil
}
