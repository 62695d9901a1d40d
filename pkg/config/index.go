package config

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// index returns the line of every key and table of a file, by its dotted
// path; elements of arrays of tables are path[0], path[1] and so on. A file
// that does not parse has the lines up to the fault.
func index(data []byte) map[string]int {
	lines := make(map[string]int)
	tables := make(map[string]int) // elements seen of each array of tables
	var parser unstable.Parser
	parser.Reset(data)
	table := ""
	for parser.NextExpression() {
		node := parser.Expression()
		path, line := keyOf(data, &parser, node)
		switch node.Kind {
		case unstable.Table:
			table = inArrays(path, tables)
			lines[table] = line
		case unstable.ArrayTable:
			parent, last := inArrays(path[:len(path)-1], tables), path[len(path)-1]
			array := join(parent, last)
			table = fmt.Sprintf("%s[%d]", array, tables[array])
			tables[array]++
			lines[table] = line
		case unstable.KeyValue:
			lines[join(table, strings.Join(path, "."))] = line
		}
	}
	return lines
}

// keyOf returns the parts of an expression's key, and its line.
func keyOf(data []byte, parser *unstable.Parser, node *unstable.Node) (path []string, line int) {
	for key := node.Key(); key.Next(); {
		part := key.Node()
		path = append(path, string(part.Data))
		if line == 0 {
			line = 1 + bytes.Count(data[:parser.Range(part.Data).Offset], []byte{'\n'})
		}
	}
	return path, line
}

// inArrays returns the dotted path of a table, with the number of the element
// that stands last in the file for each array of tables on the way.
func inArrays(path []string, tables map[string]int) string {
	full := ""
	for _, part := range path {
		full = join(full, part)
		if n := tables[full]; n > 0 {
			full = fmt.Sprintf("%s[%d]", full, n-1)
		}
	}
	return full
}

// join puts a dot between two parts of a path.
func join(table, key string) string {
	if table == "" {
		return key
	}
	return table + "." + key
}
