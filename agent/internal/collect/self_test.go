package collect

import (
	"testing"

	"systant/pkg/schema"
)

// TestSelf checks what the test itself costs.
func TestSelf(t *testing.T) {
	c, err := newSelf(Config{})
	if err != nil {
		t.Fatal(err)
	}
	var s schema.Stats
	if err := c.Collect(t.Context(), &s, start); err != nil {
		t.Fatal(err)
	}
	if s.Self.CPUSecondsTotal < 0 || s.Self.ResidentBytes < 1<<20 || s.Self.ResidentBytes > 1<<34 {
		t.Errorf("got %+v, want the cost of a small program", s.Self)
	}
}
