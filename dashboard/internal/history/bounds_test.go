package history

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
)

// nested returns an expression in which each level has the one below it in place
// of %.
func nested(level string, depth int, core string) string {
	before, after, _ := strings.Cut(level, "%")
	return strings.Repeat(before, depth) + core + strings.Repeat(after, depth)
}

// What is small to send and would take minutes, or all memory, is refused before
// it does.
func TestExpressionsAreBounded(t *testing.T) {
	s, _ := open(t, nil)
	e := NewEngine(s, s.options.Log)
	check := func(expr, want string) {
		t.Helper()
		began := time.Now()
		r, err := e.Instant(t.Context(), expr, now(), Limits{})
		if err == nil {
			r.Close()
		}
		if !errors.As(err, new(*ExpressionError)) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s…: got %v after %v, want an error of the expression with %q", expr, err, time.Since(began), want)
		}
	}
	check(strings.Repeat("-", 30_000)+"1", "words and signs")
	check(strings.Repeat("1-", 15_000)+"1", "words and signs")
	check(nested("(%)", 5_000, "1"), "words and signs")
	check(strings.Repeat(" ", maxExpression)+"1", "bytes")
	check(`{a=~"`+strings.Repeat("(x{1000})", 100)+`"}`, "patterns")
	check(nested(`{a=~"x{1000}",%}`, 1, strings.Repeat(`a=~"x{1000}",`, 100)+`b="1"`), "patterns")
	check(`{a=~"`+strings.Repeat("((x{10}){10}){10}", 50)+`"}`, "patterns")
	check(`label_replace(systant_up, "a", "$1", "host", "`+strings.Repeat("(x{1000})", 60)+`")`, "patterns")
	check(nested(`label_replace(%, "a", "$1$1", "a", "(.*)")`, 5, "systant_up"), "times as long")
	check(nested(`label_join(%, "a", "", "a", "a", "a")`, 3, "systant_up"), "times as long")
	check(`label_replace(systant_up, "a", "`+strings.Repeat("x", 2000)+`", "a", "")`, "text of more than")
	if err := CheckSize(strings.Repeat(" ", maxExpression/2), strings.Repeat(" ", maxExpression/2), " "); err == nil {
		t.Error("several that are too large together: got no error")
	}
}

// What people ask is none of that.
func TestUsualExpressions(t *testing.T) {
	s, _ := open(t, nil)
	e := NewEngine(s, s.options.Log)
	s.Sample(at("nas", now()), false, now())
	expect(t, s, "systant_up", now(), `{__name__="systant_up", host="nas"} 1`)
	var hosts []string
	for range 2000 {
		hosts = append(hosts, "host-0123")
	}
	for _, expr := range []string{
		`max_over_time(systant_cpu_usage_percent[10m:])`, // a subquery without a step
		`max_over_time(rate(systant_up[5m])[1h:])`,
		`count(` + strings.Repeat(`label_replace(systant_up, "a", "$1-$2", "host", "(.*)(.*)") or `, 20) + `systant_up)`, // none in another
		`label_replace(label_join(systant_up, "a", "/", "host", "instance"), "b", "$1-$2", "a", "(.*)/(.*)")`,
		`systant_up{host=~"` + strings.Join(hosts, "|") + `"}`,
		`sum by (host) (systant_up) / ignoring(x) group_left count(systant_up offset 5m) > bool 0.5`,
		`{__name__=~"systant_(cpu|memory)_.*", host=~".*[a-z0-9]{1,63}"}`,
	} {
		r, err := e.Instant(t.Context(), expr, now(), Limits{})
		if err != nil {
			t.Errorf("%.80s: %v", expr, err)
			continue
		}
		r.Close()
	}
	if len(e.slots) != 0 || !e.sent.TryAcquire(maxQueries*maxSamples) {
		t.Error("after all are closed, not all room is given back")
	}
}

// A query that panics takes nobody's room.
func TestQueryPanics(t *testing.T) {
	s, _ := open(t, nil)
	e := NewEngine(s, s.options.Log)
	e.engine = nil
	func() {
		defer func() {
			if recover() == nil {
				t.Error("got no panic")
			}
		}()
		_, _ = e.Instant(t.Context(), "1", now(), Limits{})
	}()
	if len(e.slots) != 0 {
		t.Errorf("got %d queries under way, want none", len(e.slots))
	}
}

// FuzzExpression has no expression that stops the program where it is judged.
func FuzzExpression(f *testing.F) {
	for _, seed := range []string{`sum(rate(x{a=~"b|c{2}"}[5m:])) by (d)`, `label_replace(x, "a", "$1", "b", "(.*)")`, `label_join(x, "a")`, `"`, "label_replace(", "`\\x`", "-1 # "} {
		f.Add(seed)
	}
	p := parser.NewParser(parser.Options{})
	f.Fuzz(func(_ *testing.T, expr string) {
		if CheckSize(expr) != nil {
			return
		}
		if parsed, err := p.ParseExpr(expr); err == nil {
			_ = checkGrowth(parsed)
		}
	})
}
