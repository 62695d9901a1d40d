package history

import (
	"math"
	"strconv"
)

// digits is the number of significant digits that a chart can show.
const digits = 5

// numbers are values of a line. In JSON they have the digits that a chart can
// show, and NaN, which is a gap, is null.
type numbers []float64

// MarshalJSON writes the numbers.
func (n numbers) MarshalJSON() ([]byte, error) {
	const perNumber = 8
	text := append(make([]byte, 0, len(n)*perNumber), '[')
	for i, v := range n {
		if i > 0 {
			text = append(text, ',')
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			text = append(text, "null"...)
			continue
		}
		text = strconv.AppendFloat(text, v, 'g', digits, 64)
	}
	return append(text, ']'), nil
}
