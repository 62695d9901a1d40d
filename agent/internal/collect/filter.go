package collect

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Filter chooses instances by name. The zero value lets every name through.
// It is safe for concurrent use. See [NewFilter].
type Filter struct {
	include, exclude []*regexp.Regexp
}

// NewFilter compiles two lists of patterns, in which * stands for any
// characters (also /), ? for one, and [abc] or [!abc] for one of a set. The
// error names the pattern that can't be one.
func NewFilter(include, exclude []string) (Filter, error) {
	var f Filter
	var err error
	if f.include, err = compile(include); err != nil {
		return Filter{}, err
	}
	if f.exclude, err = compile(exclude); err != nil {
		return Filter{}, err
	}
	return f, nil
}

// Allows tells whether something with these names is wanted: no exclude
// pattern matches any of them, and an include pattern does where there is one.
func (f Filter) Allows(names ...string) bool {
	return !matches(f.exclude, names) && (len(f.include) == 0 || matches(f.include, names))
}

// Includes tells whether an include pattern asks for one of the names, so
// that a default that would leave it out gives way.
func (f Filter) Includes(names ...string) bool {
	return matches(f.include, names)
}

// matches tells whether any pattern matches any name.
func matches(patterns []*regexp.Regexp, names []string) bool {
	for _, pattern := range patterns {
		if slices.ContainsFunc(names, pattern.MatchString) {
			return true
		}
	}
	return false
}

// compile turns patterns into regular expressions.
func compile(patterns []string) ([]*regexp.Regexp, error) {
	compiled := make([]*regexp.Regexp, 0, len(patterns))
	for _, pattern := range patterns {
		if pattern == "" {
			return nil, fmt.Errorf("pattern %q matches nothing", pattern)
		}
		re, err := regexp.Compile(translate(pattern))
		if err != nil {
			return nil, fmt.Errorf("pattern %q: a [ needs its ] and a sensible set between", pattern)
		}
		compiled = append(compiled, re)
	}
	return compiled, nil
}

// translate spells a pattern as a regular expression.
func translate(pattern string) string {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for rest := pattern; rest != ""; {
		end := strings.IndexByte(rest, ']')
		switch {
		case rest[0] == '*':
			b.WriteString(`.*`)
			rest = rest[1:]
		case rest[0] == '?':
			b.WriteString(`.`)
			rest = rest[1:]
		case rest[0] == '[' && end > 1:
			set := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `^`, `\^`).Replace(rest[1:end])
			if strings.HasPrefix(set, "!") {
				set = "^" + set[1:]
			}
			b.WriteString("[" + set + "]")
			rest = rest[end+1:]
		case rest[0] == '[':
			return "[" // does not compile
		default:
			n := strings.IndexAny(rest, "*?[")
			if n < 0 {
				n = len(rest)
			}
			b.WriteString(regexp.QuoteMeta(rest[:n]))
			rest = rest[n:]
		}
	}
	b.WriteString(`\z`)
	return b.String()
}
