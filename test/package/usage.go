package main

import (
	"regexp"
	"strings"
)

// usage is a program's help text, taken apart.
type usage struct {
	synopsis []string
	words    []entry
	options  []entry
	text     []string // paragraphs; one that is indented is an example
}

// entry is a word or an option and what it does.
type entry struct {
	name     string // "check", "-config"
	argument string // "FILE", or empty
	does     string
}

// The lines of a help text.
var (
	wordLine     = regexp.MustCompile(`^(?:  )?([a-z][a-z-]*) {2,}(\S.*)$`)
	optionLine   = regexp.MustCompile(`^(-[a-z]+)(?: ([A-Z]+))? {2,}(\S.*)$`)
	moreLine     = regexp.MustCompile(`^ {5,}(\S.*)$`)
	synopsisPart = regexp.MustCompile(`[ \[](-[a-z]+) ([A-Za-z0-9]+)`)
)

// parseUsage takes a help text apart.
func parseUsage(help string) usage {
	var u usage
	var last *string // what a line that goes on belongs to
	paragraph := false
	for line := range strings.Lines(help) {
		line = strings.TrimRight(line, "\n")
		if first, ok := strings.CutPrefix(line, "usage: "); ok {
			u.synopsis = append(u.synopsis, first)
			last = &u.synopsis[0]
			continue
		}
		more := moreLine.FindStringSubmatch(line)
		switch {
		case line == "":
			last, paragraph = nil, false
		case more != nil && last != nil && len(u.words)+len(u.options)+len(u.text) == 0 && strings.HasPrefix(more[1], "systant-"):
			u.synopsis = append(u.synopsis, more[1])
			last = &u.synopsis[len(u.synopsis)-1]
		case more != nil && last != nil:
			*last += " " + more[1]
		case wordLine.MatchString(line):
			m := wordLine.FindStringSubmatch(line)
			u.words = append(u.words, entry{name: m[1], does: m[2]})
			last = &u.words[len(u.words)-1].does
		case optionLine.MatchString(line):
			m := optionLine.FindStringSubmatch(line)
			u.options = append(u.options, entry{m[1], m[2], m[3]})
			last = &u.options[len(u.options)-1].does
		case paragraph:
			u.text[len(u.text)-1] += "\n" + line
		default:
			u.text = append(u.text, line)
			last, paragraph = nil, true
		}
	}
	u.addOptions()
	return u
}

// addOptions adds the options that stand in the synopsis alone, in its first line:
// the others are of words that have a help text of their own.
func (u *usage) addOptions() {
	known := map[string]bool{}
	for _, option := range u.options {
		known[option.name] = true
	}
	for _, line := range u.synopsis[:min(1, len(u.synopsis))] {
		for _, m := range synopsisPart.FindAllStringSubmatch(line, -1) {
			if !known[m[1]] {
				known[m[1]] = true
				u.options = append(u.options, entry{m[1], m[2], ""})
			}
		}
	}
}
