package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// common makes the files of a program that are the same for all kinds of machines:
// all but the program itself. What it says of itself is asked of native.
func (p *packager) common(ctx context.Context, one program, native string) ([]file, error) {
	ask := func(arguments ...string) (string, error) {
		text, err := exec.CommandContext(ctx, native, arguments...).Output()
		if err != nil {
			return "", fmt.Errorf("%s %s: %w", one.name, strings.Join(arguments, " "), err)
		}
		return string(text), nil
	}
	help, err := ask("-h")
	if err != nil {
		return nil, err
	}
	main, subs := parseUsage(help), map[string]usage{}
	for _, word := range main.words {
		if strings.Contains(word.does, "-h tells more") {
			if help, err = ask(word.name, "-h"); err != nil {
				return nil, err
			}
			subs[word.name] = parseUsage(help)
		}
	}
	reference, err := ask("init")
	if err != nil {
		return nil, err
	}
	s := stager{folder: filepath.Join(p.stage, one.name), at: p.epoch()}
	day := p.epoch().Format(time.DateOnly)
	s.page(one.name+".1", programPage(one, main, subs, day))
	s.page(one.config+".5", configPage(one, reference, day))
	for _, shell := range shells {
		s.add(fmt.Sprintf(shell.archive, one.name), fmt.Sprintf(shell.deb, one.name), shell.make(one.name, main, subs))
	}
	unit, err := os.ReadFile(filepath.Join(p.root, "deploy/systemd", one.name+".service"))
	if err != nil {
		return nil, err
	}
	s.add("", "/usr/lib/systemd/system/"+one.name+".service", unit)
	s.add(one.name+".service", "", bytes.ReplaceAll(unit, []byte("/usr/bin/"), []byte("/usr/local/bin/")))
	doc := "/usr/share/doc/" + one.name + "/"
	for _, f := range []struct{ from, archive, deb string }{
		{"LICENSE", "LICENSE", doc + "copyright"}, {"deploy/package/" + one.config, one.config, "/etc/systant/" + one.config},
	} {
		data, err := os.ReadFile(filepath.Join(p.root, f.from))
		if err != nil {
			return nil, err
		}
		s.add(f.archive, f.deb, data)
		s.files[len(s.files)-1].config = strings.HasPrefix(f.deb, "/etc/")
	}
	changes, err := os.ReadFile(filepath.Join(p.root, "CHANGELOG.md"))
	if err != nil {
		return nil, err
	}
	s.zipped(doc+"changelog.gz", changes)
	licences, err := p.licences(ctx, one, native)
	if err != nil {
		return nil, err
	}
	s.add("LICENCES-OF-OTHERS", doc+"licences-of-others", licences)
	return s.files, s.err
}

// stager writes files into a folder for a package to be made of.
type stager struct {
	folder string
	at     time.Time
	files  []file
	err    error // the first one
}

// add writes a file that is at one place in an archive and at another in a Debian
// package.
func (s *stager) add(archive, deb string, data []byte) {
	source := filepath.Join(s.folder, fmt.Sprintf("%03d", len(s.files)))
	err := os.MkdirAll(s.folder, 0o755)
	if err == nil {
		err = os.WriteFile(source, data, 0o644)
	}
	if s.err == nil {
		s.err = err
	}
	s.files = append(s.files, file{source: source, deb: deb, archive: archive})
}

// zipped adds a file to a Debian package that Debian wants compressed.
func (s *stager) zipped(place string, data []byte) {
	var zipped bytes.Buffer
	w, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if s.err == nil {
		s.err = err
	}
	s.add("", place, zipped.Bytes())
}

// page adds a manual page.
func (s *stager) page(name string, data []byte) {
	section := name[strings.LastIndexByte(name, '.')+1:]
	s.add("man/"+name, "", data)
	s.zipped("/usr/share/man/man"+section+"/"+name+".gz", data)
}
