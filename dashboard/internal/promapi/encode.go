package promapi

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// encode returns the data of a query. Series of numbers, which are nearly all
// that is asked for, are written by hand: by reflection a chart takes ten times
// as long.
func encode(value parser.Value) (json.RawMessage, error) {
	if matrix, ok := value.(promql.Matrix); ok && plain(matrix) {
		return encodeMatrix(matrix)
	}
	if vector, ok := value.(promql.Vector); ok && vector == nil {
		value = promql.Vector{} // an empty list, not null
	}
	return json.Marshal(struct {
		Type   parser.ValueType `json:"resultType"`
		Result parser.Value     `json:"result"`
	}{value.Type(), value})
}

// plain tells whether series hold numbers alone.
func plain(matrix promql.Matrix) bool {
	return !slices.ContainsFunc(matrix, func(s promql.Series) bool { return len(s.Histograms) > 0 })
}

// encodeMatrix writes series of numbers.
func encodeMatrix(matrix promql.Matrix) (json.RawMessage, error) {
	const perPoint = 32
	text := make([]byte, 0, matrix.TotalSamples()*perPoint+len(matrix)*256)
	text = append(text, `{"resultType":"matrix","result":[`...)
	for i, s := range matrix {
		if i > 0 {
			text = append(text, ',')
		}
		labels, err := json.Marshal(s.Metric)
		if err != nil {
			return nil, err
		}
		text = append(text, `{"metric":`...)
		text = append(text, labels...)
		text = append(text, `,"values":[`...)
		for j, p := range s.Floats {
			if j > 0 {
				text = append(text, ',')
			}
			text = appendPoint(text, p)
		}
		text = append(text, "]}"...)
	}
	return append(text, "]}"...), nil
}

// appendPoint writes a point: seconds since 1970, and the number as text,
// which may be NaN or an infinity.
func appendPoint(text []byte, p promql.FPoint) []byte {
	text = append(text, '[')
	text = strconv.AppendFloat(text, float64(p.T)/1000, 'f', -1, 64)
	text = append(text, `,"`...)
	text = strconv.AppendFloat(text, p.F, 'f', -1, 64)
	return append(text, `"]`...)
}

// union returns what is in any of some lists, sorted.
func union(lists [][]string) []string {
	all := slices.Concat(lists...)
	slices.SortFunc(all, strings.Compare)
	return slices.Compact(all)
}
