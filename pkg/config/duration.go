package config

import (
	"errors"
	"math"
	"strconv"
	"time"
)

// errDuration says what a duration looks like.
var errDuration = errors.New(`a duration is a string such as "30s", "5m" or "1h30m", or a number of seconds`)

// Duration is a length of time in seconds, so that a bare number in a file is
// one; a string such as "30s" is read by UnmarshalText.
type Duration float64

// Seconds returns a duration from Go's own type.
func Seconds(d time.Duration) Duration {
	return Duration(d.Seconds())
}

// ParseDuration reads a duration as people write it: what
// [time.ParseDuration] takes, or a plain number of seconds.
func ParseDuration(text string) (time.Duration, error) {
	if d, err := time.ParseDuration(text); err == nil {
		return d, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(seconds) || math.IsInf(seconds, 0) {
		return 0, errDuration
	}
	return Duration(seconds).Duration(), nil
}

// Duration returns Go's own type: at most some 146 years either way, and 0
// for what is no number.
func (d Duration) Duration() time.Duration {
	const limit = math.MaxInt64 / 2 / float64(time.Second)
	if math.IsNaN(float64(d)) {
		return 0
	}
	return time.Duration(max(-limit, min(limit, float64(d))) * float64(time.Second))
}

// UnmarshalText reads a string.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	*d = Seconds(parsed)
	return err
}
