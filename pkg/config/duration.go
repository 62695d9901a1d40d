package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// errDuration says what a duration looks like.
var errDuration = errors.New(`a duration is a string such as "30s", "5m", "1h30m" or "30d", or a number of seconds`)

// Duration is a length of time. In a file it is a string such as "30s", or a
// bare number, which counts seconds.
type Duration struct{ d time.Duration }

// Seconds returns a duration from Go's own type.
func Seconds(d time.Duration) Duration {
	return Duration{d}
}

// Duration returns Go's own type.
func (d Duration) Duration() time.Duration {
	return d.d
}

// String returns the duration as a file may have it.
func (d Duration) String() string {
	return d.d.String()
}

// UnmarshalText reads what [ParseDuration] does; go-toml hands it numbers too.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	d.d = parsed
	return err
}

// day is a day of 24 hours, the largest unit of a duration.
const day = 24 * time.Hour

// ParseDuration reads a duration as people write it: what
// [time.ParseDuration] takes, a number of days such as 30d, or a plain number
// of seconds.
func ParseDuration(text string) (time.Duration, error) {
	if d, err := time.ParseDuration(text); err == nil {
		return d, nil
	}
	unit := 1.0
	if days, ok := strings.CutSuffix(text, "d"); ok {
		text, unit = days, day.Seconds()
	}
	seconds, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	seconds *= unit
	const limit = math.MaxInt64 / 2 / float64(time.Second)
	if err != nil || !(math.Abs(seconds) < limit) { // not a number is not smaller either
		return 0, errDuration
	}
	return time.Duration(seconds * float64(time.Second)), nil
}
