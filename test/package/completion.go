package main

import (
	"bytes"
	"fmt"
	"strings"
)

// shells are the completions that are made of a help text, with their places in
// a Debian package and in an archive.
var shells = []struct {
	deb, archive string // %s is the program
	make         func(name string, main usage, subs map[string]usage) []byte
}{
	{"/usr/share/bash-completion/completions/%s", "completions/%s.bash", bashCompletion},
	{"/usr/share/zsh/vendor-completions/_%s", "completions/_%s", zshCompletion},
	{"/usr/share/fish/vendor_completions.d/%s.fish", "completions/%s.fish", fishCompletion},
}

// names returns the names of entries with spaces between them.
func names(entries []entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, e.name)
	}
	return strings.Join(all, " ")
}

// quote returns a text as one word of a shell.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// brief returns the start of what an entry does.
func brief(does string) string {
	for _, end := range []string{";", ": ", ". "} {
		does, _, _ = strings.Cut(does, end)
	}
	return does
}

// bashCompletion is for bash(1), and needs no library of functions.
func bashCompletion(name string, main usage, subs map[string]usage) []byte {
	var out bytes.Buffer
	function := "_" + strings.ReplaceAll(name, "-", "_")
	fmt.Fprintf(&out, "# Completion of %s for bash.\n%s() {\n\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words=%s\n", name, function, quote(names(main.words)+" "+names(main.options)))
	out.WriteString("\tcase ${COMP_WORDS[1]} in\n")
	for _, word := range main.words {
		if sub, ok := subs[word.name]; ok {
			fmt.Fprintf(&out, "\t%s) words=%s ;;\n", word.name, quote(strings.TrimSpace(names(sub.words)+" "+names(sub.options))))
		} else {
			fmt.Fprintf(&out, "\t%s) words=%s ;;\n", word.name, quote(names(main.options)))
		}
	}
	fmt.Fprintf(&out, `	esac
	[ "$COMP_CWORD" -gt 1 ] || words=%s
	case $previous in
	-config | -key)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		;;
	*) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current") ;;
	esac
}
complete -F %s %s
`, quote(names(main.words)+" "+names(main.options)), function, name)
	return out.Bytes()
}

// zshCompletion is for zsh(1).
func zshCompletion(name string, main usage, subs map[string]usage) []byte {
	var out bytes.Buffer
	escape := strings.NewReplacer(":", `\:`, "[", "(", "]", ")")
	options := func(all []entry) string {
		var b strings.Builder
		for _, o := range all {
			what := ""
			if o.argument == "FILE" {
				what = "_files"
			}
			b.WriteString(" " + quote(fmt.Sprintf("%s[%s]:%s:%s", o.name, escape.Replace(brief(o.does)), strings.ToLower(o.argument), what)))
		}
		return b.String()
	}
	described := func(all []entry) string {
		var b strings.Builder
		for _, w := range all {
			b.WriteString(" " + quote(w.name+":"+escape.Replace(brief(w.does))))
		}
		return strings.TrimSpace(b.String())
	}
	fmt.Fprintf(&out, "#compdef %s\n# Completion of %s for zsh.\nlocal -a words_of\ncase $words[2] in\n", name, name)
	for _, word := range main.words {
		if sub, ok := subs[word.name]; ok {
			fmt.Fprintf(&out, "%s)\n\tif ((CURRENT > 2)); then\n\t\twords_of=(%s)\n\t\t_arguments -S '1: :'%s '2: :{_describe word words_of}' '*: :'\n\t\treturn\n\tfi\n\t;;\n", word.name, described(sub.words), options(sub.options))
		}
	}
	fmt.Fprintf(&out, "esac\nwords_of=(%s)\n_arguments%s '1: :{_describe word words_of}'\n", described(main.words), options(main.options))
	return out.Bytes()
}

// fishCompletion is for fish(1).
func fishCompletion(name string, main usage, subs map[string]usage) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Completion of %s for fish.\ncomplete -c %s -f\n", name, name)
	entries := func(condition string, u usage) {
		for _, w := range u.words {
			fmt.Fprintf(&out, "complete -c %s -n %s -a %s -d %s\n", name, quote(condition), w.name, quote(brief(w.does)))
		}
	}
	options := func(condition string, u usage) {
		for _, o := range u.options {
			files := "-x"
			if o.argument == "FILE" {
				files = "-r -F"
			}
			fmt.Fprintf(&out, "complete -c %s -n %s -o %s %s -d %s\n", name, quote(condition), strings.TrimPrefix(o.name, "-"), files, quote(brief(o.does)))
		}
	}
	var special []string
	for _, word := range main.words {
		if _, ok := subs[word.name]; ok {
			special = append(special, word.name)
		}
	}
	entries("not __fish_seen_subcommand_from "+names(main.words), main)
	general := "true"
	if len(special) > 0 {
		general = "not __fish_seen_subcommand_from " + strings.Join(special, " ")
	}
	options(general, main)
	for _, word := range special {
		sub := subs[word]
		condition := "__fish_seen_subcommand_from " + word
		if len(sub.words) > 0 {
			entries(condition+"; and not __fish_seen_subcommand_from "+names(sub.words), sub)
		}
		options(condition, sub)
	}
	return out.Bytes()
}
