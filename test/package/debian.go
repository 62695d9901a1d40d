package main

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"systant/pkg/schema"
)

// recipe is what nfpm is told (https://nfpm.goreleaser.com).
var recipe = template.Must(template.New("nfpm").Parse(`name: {{.Name}}
arch: {{.Arch}}
platform: linux
version: {{.Version}}
section: admin
priority: optional
maintainer: The Systant authors <noreply@systant.invalid>
description: |
{{- range .About}}
  {{.}}
{{- end}}
license: MIT
mtime: {{.Time}}
{{- if .LibC}}
depends: ["libc6 (>= 2.34)"]
{{- end}}
{{- if .User}}
deb:
  predepends: [passwd]
{{- end}}
scripts:
  postinstall: {{.Scripts}}/{{.Name}}.postinst
  preremove: {{.Scripts}}/prerm
  postremove: {{.Scripts}}/{{.Name}}.postrm
contents:
{{- range .Files}}
  - src: {{.Source}}
    dst: {{.Place}}
    {{- if .Config}}
    type: config|noreplace
    {{- end}}
    file_info: {mode: {{printf "0%o" .Mode}}, owner: root, group: root}
{{- end}}
`))

// recipeFile is a file as the recipe has it.
type recipeFile struct {
	Source, Place string
	Mode          int64
	Config        bool
}

// debian makes a Debian package.
func (p *packager) debian(ctx context.Context, one program, t target, files []file, out string) error {
	scripts, err := p.scripts(one)
	if err != nil {
		return err
	}
	data := struct {
		Name, Arch, Version, Time, Scripts string
		About                              []string
		LibC, User                         bool
		Files                              []recipeFile
	}{
		Name: one.name, Arch: t.deb, Version: schema.Version, Time: p.epoch().Format("2006-01-02T15:04:05Z"),
		About: append([]string{one.about}, strings.Split(one.more, "\n")...), Scripts: scripts, LibC: one.cgo && t.c, User: one.folder == "agent",
	}
	for _, f := range files {
		if f.deb != "" {
			data.Files = append(data.Files, recipeFile{f.source, f.deb, cmp.Or(f.mode, 0o644), f.config})
		}
	}
	var text bytes.Buffer
	if err := recipe.Execute(&text, data); err != nil {
		return err
	}
	path := filepath.Join(p.stage, one.name+"-"+t.name+".yaml")
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		return err
	}
	return p.tool(ctx, "nfpm", "package", "-f", path, "-p", "deb", "-t", out)
}

// scripts writes the scripts of a package, with the name of its unit in them.
func (p *packager) scripts(one program) (string, error) {
	for _, name := range []string{one.name + ".postinst", "prerm", one.name + ".postrm"} {
		data, err := os.ReadFile(filepath.Join(p.root, "deploy/package", name))
		if err != nil {
			return "", err
		}
		data = bytes.ReplaceAll(data, []byte("@NAME@"), []byte(one.name))
		if err := os.WriteFile(filepath.Join(p.stage, name), data, 0o755); err != nil {
			return "", err
		}
	}
	return p.stage, nil
}
