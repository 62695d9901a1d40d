package history

import (
	"errors"
	"math"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"systant/pkg/schema"
)

// batch writes numbers of one host for one moment.
type batch struct {
	*writer
	host *host
	to   target
	at   int64
	now  time.Time
	err  error // the first one that is no fault of the number
}

// between stands between names and values of labels in a key. It is in no text,
// as it is no UTF-8.
const between = "\xff"

// about writes what a host says of itself.
func (b *batch) about(s *schema.Stats) {
	for _, tag := range s.Tags {
		b.put(key{tagSeries, tag}, 1)
	}
	if s.System == nil {
		return
	}
	pairs := []string{"os", s.System.OS, "os_version", s.System.OSVersion, "kernel", s.System.Kernel,
		"architecture", s.System.Architecture, "agent_version", s.System.AgentVersion}
	b.put(key{infoSeries, strings.Join(pairs, between)}, 1)
}

// put writes one number of a series.
func (b *batch) put(k key, v float64) {
	if b.err != nil {
		return
	}
	one := b.host.series[k]
	if one == nil {
		if len(b.host.series) >= b.options.MaxSeries || b.series >= maxSeries {
			b.host.crowded = true
			b.refused[RefusedCrowded]++
			return
		}
		one = &series{}
		b.host.series[k] = one
		b.series++
	}
	one.round, one.ended = b.host.round, 0
	if !b.known(one, b.at, v) {
		b.begin(k, one, b.at, v)
	}
}

// known appends to a series by its reference, and returns false where what is
// written to has none for it, or not any more.
func (b *batch) known(one *series, at int64, v float64) bool {
	if one.ref == 0 {
		return false
	}
	_, err := b.to.Append(one.ref, labels.EmptyLabels(), at, v)
	if errors.Is(err, tsdb.ErrInvalidSample) {
		return false
	}
	b.judge(err)
	return true
}

// begin appends to a series by its labels.
func (b *batch) begin(k key, one *series, at int64, v float64) {
	var err error
	one.ref, err = b.to.Append(0, b.labels(b.host.name, k), at, v)
	b.judge(err)
}

// judge counts a number as taken or refused, or keeps an error that is not
// about the number.
func (b *batch) judge(err error) {
	switch {
	case err == nil:
		b.samples++
	case errors.Is(err, storage.ErrDuplicateSampleForTimestamp):
		b.refused[RefusedDuplicate]++
	case errors.Is(err, storage.ErrOutOfOrderSample), errors.Is(err, storage.ErrOutOfBounds), errors.Is(err, storage.ErrTooOldSample):
		b.refused[RefusedLate]++
	default:
		b.err = err
	}
}

// end ends the series that the batch does not have. One that was known to the
// database and has been forgotten by it has ended.
func (b *batch) end(at int64) {
	ended := math.Float64frombits(value.StaleNaN)
	for k, one := range b.host.series {
		if one.round == b.host.round || one.ended != 0 || b.err != nil {
			continue
		}
		if one.ref == 0 {
			b.begin(k, one, at, ended)
		} else {
			b.known(one, at, ended)
		}
		one.ended = b.now.UnixMilli()
	}
}
