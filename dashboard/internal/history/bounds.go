package history

import (
	"fmt"
	"regexp/syntax"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/strutil"
)

// The bounds of an expression. The parser's time grows with the square of what is
// nested, patterns are compiled while it parses, and labels that an expression makes
// count as nothing where the engine counts numbers: what is small to send could take
// minutes, or all memory.
const (
	maxExpression = 32 << 10 // bytes
	maxTokens     = 2000
	maxPattern    = 50_000 // instructions, in all patterns together
	maxGrowth     = 16     // how much longer an expression may make labels
	maxLabel      = 1 << 10
)

// CheckSize returns an [ExpressionError] for expressions that together would take too
// much to parse. It does not parse them.
func CheckSize(exprs ...string) error {
	size, tokens, cost := 0, 0, 0
	for _, expr := range exprs {
		if size += len(expr); size > maxExpression {
			return tooLarge("more than %d bytes", maxExpression)
		}
		lexer := parser.Lex(expr)
		for item := (parser.Item{}); item.Typ != parser.EOF && item.Typ != parser.ERROR; { // the parser tells errors
			lexer.NextItem(&item)
			if tokens++; tokens > maxTokens {
				return tooLarge("more than %d words and signs", maxTokens)
			}
			if item.Typ == parser.STRING { // any may be a pattern
				cost += patternCost(item.Val)
			}
			if cost > maxPattern {
				return tooLarge("patterns that are too large")
			}
		}
	}
	return nil
}

// tooLarge says what of an expression is.
func tooLarge(what string, args ...any) error {
	return &ExpressionError{fmt.Errorf("it has "+what, args...)}
}

// patternCost returns how many instructions a pattern in quotes has, about.
func patternCost(quoted string) int {
	text, err := strutil.Unquote(quoted)
	if err != nil {
		return 0 // nobody compiles it
	}
	pattern, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return len(text)
	}
	return instructions(pattern)
}

// instructions returns how many instructions a part of a pattern has, about.
func instructions(part *syntax.Regexp) int {
	n := 1 + len(part.Rune)
	for _, sub := range part.Sub {
		n += instructions(sub)
	}
	if part.Op == syntax.OpRepeat {
		n *= max(part.Min, part.Max, 1)
	}
	return min(n, maxPattern+1)
}

// checkGrowth returns an [ExpressionError] where an expression would make labels of
// another size than hosts have.
func checkGrowth(expr parser.Expr) error {
	var fault error
	parser.Inspect(expr, func(node parser.Node, above []parser.Node) error {
		all := growth(node)
		for _, one := range above {
			all = min(all*growth(one), maxGrowth+1)
		}
		if all > maxGrowth {
			fault = tooLarge("label_replace and label_join that make labels more than %d times as long", maxGrowth)
		}
		if text, ok := node.(*parser.StringLiteral); ok && len(text.Val) > maxLabel {
			fault = tooLarge("a text of more than %d bytes", maxLabel)
		}
		return nil
	})
	return fault
}

// growth returns how many times as long a part of an expression can make a label.
func growth(node parser.Node) int {
	call, ok := node.(*parser.Call)
	switch {
	case !ok:
		return 1
	case call.Func.Name == "label_replace":
		return max(1, strings.Count(call.Args[2].String(), "$"))
	case call.Func.Name == "label_join":
		return max(1, len(call.Args)-3)
	}
	return 1
}
