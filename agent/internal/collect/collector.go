package collect

import (
	"context"
	"errors"
	"time"

	"systant/pkg/schema"
)

// ErrAbsent is returned by a collector whose subject this host does not have,
// such as sensors in a virtual machine. It is not a fault.
var ErrAbsent = errors.New("not present on this host")

// Collector reads one subject of the host.
type Collector interface {
	// Collect fills its own groups of s and nothing else. The sampler never
	// makes two calls at a time, and passes the moment of the sample; rates
	// are means since the call before, so the first call's rates are absent.
	// Maps that go into s are made anew by each call. A call that does not
	// return is given up, and then there is no other until it does.
	// It returns [ErrAbsent] where the host has no such thing. It may fill a
	// group and return an error too, when only a part could be read.
	Collect(ctx context.Context, s *schema.Stats, now time.Time) error
}
