package promapi

import (
	"bufio"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
)

// stream sends what a query has found, piece by piece: as one text, it would
// take twice the memory of the numbers, and again for each copy.
func stream(w http.ResponseWriter, found *answer) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	const piece = 32 << 10
	to := bufio.NewWriterSize(w, piece)
	_, _ = to.WriteString(`{"status":"success","data":`)
	write(to, found.result.Result)
	if found.stats {
		_, _ = to.WriteString(`,"stats":`)
		_, _ = to.Write(appendJSON(to.AvailableBuffer(), found.result.Stats()))
	}
	_ = to.WriteByte('}')
	notes := appendJSON(nil, body{Status: "success", Warnings: found.warnings, Infos: found.infos})
	_, _ = to.Write(notes[len(`{"status":"success"`):])
	_ = to.WriteByte('\n')
	_ = to.Flush() // who asked may be gone
}

// write writes the data of a query, but for what closes it.
func write(to *bufio.Writer, found *promql.Result) {
	switch value := found.Value.(type) {
	case promql.Matrix:
		list(to, "matrix", value, func(s promql.Series) {
			labelled(to, s.Metric, "values")
			_ = to.WriteByte('[')
			for i, p := range s.Floats {
				if i > 0 {
					_ = to.WriteByte(',')
				}
				_, _ = to.Write(appendPoint(to.AvailableBuffer(), p))
			}
			_, _ = to.WriteString("]}")
		})
	case promql.Vector:
		list(to, "vector", value, func(s promql.Sample) {
			labelled(to, s.Metric, "value")
			_, _ = to.Write(append(appendPoint(to.AvailableBuffer(), promql.FPoint{T: s.T, F: s.F}), '}'))
		})
	default:
		text := appendJSON(nil, map[string]any{"resultType": value.Type(), "result": value})
		_, _ = to.Write(text[:len(text)-1])
	}
}

// list writes a list of a type, but for what closes its data.
func list[T any](to *bufio.Writer, kind string, all []T, one func(T)) {
	_, _ = to.WriteString(`{"resultType":"` + kind + `","result":[`)
	for i, value := range all {
		if i > 0 {
			_ = to.WriteByte(',')
		}
		one(value)
	}
	_ = to.WriteByte(']')
}

// labelled begins an object with labels, and with the name of what follows.
func labelled(to *bufio.Writer, of labels.Labels, name string) {
	_, _ = to.WriteString(`{"metric":`)
	_, _ = to.Write(appendJSON(to.AvailableBuffer(), of))
	_, _ = to.WriteString(`,"` + name + `":`)
}

// appendJSON appends a value of which it is known that it can be encoded.
func appendJSON(text []byte, value any) []byte {
	one, _ := json.Marshal(value)
	return append(text, one...)
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
