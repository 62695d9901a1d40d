package command

import (
	"fmt"
	"regexp"
	"strings"
	"text/tabwriter"

	"systant/pkg/schema"
)

// padding is what a row without remarks ends with.
var padding = regexp.MustCompile(`(?m) +$`)

// table describes commands for a person who reads the answer to list.
func table(commands []schema.Command) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, c := range commands {
		fmt.Fprintf(w, "%s\t%s\n", strings.Join(append([]string{c.Trigger}, forms(c.Params)...), " "), remarks(c))
	}
	_ = w.Flush() // a strings.Builder takes everything
	return padding.ReplaceAllString(b.String(), "")
}

// forms describes the values of parameters.
func forms(params []schema.Param) []string {
	var all []string
	for _, p := range params {
		form := p.Name
		switch p.Type {
		case schema.ParamEnum:
			form += "=" + strings.Join(p.Values, "|")
		case schema.ParamInt:
			form += fmt.Sprintf("=%d..%d", *p.Min, *p.Max)
		case schema.ParamMatch:
			form += "=/" + p.Pattern + "/"
		}
		if p.Default != nil {
			form = "[" + form + "]"
		} else {
			form = "<" + form + ">"
		}
		all = append(all, form)
	}
	return all
}

// remarks returns what else there is to say of a command.
func remarks(c schema.Command) string {
	text := c.Description
	if c.RequireSignature {
		text += " (signed only)"
	}
	if c.Problem != "" {
		text += " (out of order: " + c.Problem + ")"
	}
	return strings.TrimSpace(text)
}
