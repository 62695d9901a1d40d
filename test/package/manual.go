package main

import (
	"bytes"
	"fmt"
	"strings"

	"systant/pkg/schema"
)

// roff returns text as roff(7) takes it literally.
func roff(text string) string {
	var b strings.Builder
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			b.WriteString(`\&`)
		}
		b.WriteString(strings.NewReplacer(`\`, `\e`, "-", `\-`, "~", `\(ti`, "^", `\(ha`).Replace(line))
	}
	return b.String()
}

// heading starts a manual page.
func heading(out *bytes.Buffer, name string, section int, about, date string) {
	fmt.Fprintf(out, ".TH %s %d %s \"Systant %s\"\n.SH NAME\n%s \\- %s\n", strings.ToUpper(roff(name)), section, date, roff(schema.Version), roff(name), roff(about))
}

// programPage returns the manual page of a program, from its help texts: its own,
// and those of words that have one.
func programPage(one program, main usage, subs map[string]usage, date string) []byte {
	var out bytes.Buffer
	heading(&out, one.name, 1, one.about, date)
	out.WriteString(".SH SYNOPSIS\n.nf\n")
	for _, line := range main.synopsis {
		out.WriteString(roff(line) + "\n")
	}
	out.WriteString(".fi\n.SH DESCRIPTION\n")
	section(&out, main)
	for _, word := range main.words {
		if sub, ok := subs[word.name]; ok {
			fmt.Fprintf(&out, ".SH %s\n.nf\n%s\n.fi\n", strings.ToUpper(roff(word.name)), roff(strings.Join(sub.synopsis, "\n")))
			section(&out, sub)
		}
	}
	fmt.Fprintf(&out, ".SH SEE ALSO\n.BR %s (5)\n", roff(one.config))
	return out.Bytes()
}

// section writes the words, options and paragraphs of a help text.
func section(out *bytes.Buffer, u usage) {
	for _, e := range append(append([]entry{}, u.words...), u.options...) {
		if e.does == "" {
			continue
		}
		fmt.Fprintf(out, ".TP\n.B %s\n%s\n", strings.TrimSpace(roff(e.name+" "+e.argument)), roff(e.does))
	}
	for _, text := range u.text {
		if strings.HasPrefix(text, " ") {
			fmt.Fprintf(out, ".PP\n.nf\n%s\n.fi\n", roff(text))
			continue
		}
		fmt.Fprintf(out, ".PP\n%s\n", roff(text))
	}
}

// configPage returns the manual page of a configuration file, from the file that
// explains every option.
func configPage(one program, reference, date string) []byte {
	var out bytes.Buffer
	heading(&out, one.config, 5, "configuration of "+one.name, date)
	out.WriteString(".SH DESCRIPTION\n")
	var comment []string
	flush := func() {
		text := strings.Join(comment, "\n")
		switch {
		case text == "":
		case strings.Contains(text, " = ") || strings.HasPrefix(text, "["):
			fmt.Fprintf(&out, ".PP\n.nf\n%s\n.fi\n", roff(text))
		default:
			fmt.Fprintf(&out, ".PP\n%s\n", roff(text))
		}
		comment = nil
	}
	for line := range strings.Lines(reference) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "" || line == "#":
			flush()
		case strings.HasPrefix(line, "#"):
			comment = append(comment, strings.TrimPrefix(strings.TrimPrefix(line, "#"), " "))
		case strings.HasPrefix(line, "["):
			about := strings.Join(comment, "\n")
			comment = nil
			fmt.Fprintf(&out, ".SH \"%s\"\n%s", roff(line), roff(about))
			if about != "" {
				out.WriteByte('\n')
			}
		default:
			about := strings.Join(comment, "\n")
			comment = nil
			fmt.Fprintf(&out, ".TP\n.B %s\n%s", roff(line), roff(about))
			if about != "" {
				out.WriteByte('\n')
			}
		}
	}
	flush()
	fmt.Fprintf(&out, ".SH SEE ALSO\n.BR %s (1)\n", roff(one.name))
	return out.Bytes()
}
