package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// errSize says what a size looks like.
var errSize = errors.New(`a size is a string such as "500MB" or "10GiB", or a number of bytes`)

// Size is a number of bytes. In a file it is a string such as "10GiB", or a
// bare number.
type Size int64

// units are what a size may be counted in; the longer ones come first, as one
// ends with the other.
var units = []struct {
	suffix string
	bytes  float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// UnmarshalText reads a size; go-toml hands it numbers too.
func (s *Size) UnmarshalText(text []byte) error {
	rest, unit := strings.ReplaceAll(string(text), "_", ""), 1.0
	for _, u := range units {
		if number, ok := strings.CutSuffix(rest, u.suffix); ok {
			rest, unit = strings.TrimSpace(number), u.bytes
			break
		}
	}
	number, err := strconv.ParseFloat(rest, 64)
	if err != nil || !(number >= 0 && number*unit < math.MaxInt64/2) { // not a number is not larger either
		return errSize
	}
	*s = Size(number * unit)
	return nil
}
