package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"systant/pkg/schema"
)

// packager is what all steps need.
type packager struct {
	root   string // of the repository
	out    string // where the results go
	stage  string // a folder for what goes into them
	native target // the kind of this machine
}

func main() {
	out := flag.String("out", "bin/package", "the `folder` that the packages are written to")
	quick := flag.Bool("quick", false, "for the kind of this machine only")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, *quick); err != nil {
		fmt.Fprintln(os.Stderr, "package:", err)
		os.Exit(1)
	}
}

// run makes all packages.
func run(ctx context.Context, out string, quick bool) error {
	root, err := repository()
	if err != nil {
		return err
	}
	stage, err := os.MkdirTemp("", "systant-package-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	p := &packager{root: root, stage: stage}
	if p.out, err = filepath.Abs(out); err != nil {
		return err
	}
	if err := os.MkdirAll(p.out, 0o755); err != nil {
		return err
	}
	i := slices.IndexFunc(targets, func(t target) bool { return t.arch == runtime.GOARCH })
	if i < 0 {
		return fmt.Errorf("there are no packages for %s", runtime.GOARCH)
	}
	p.native = targets[i]
	var made []string
	for _, one := range programs {
		files, err := p.program(ctx, one, quick)
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		made = append(made, files...)
	}
	return p.sums(made)
}

// repository returns the folder of go.work: the working folder or one above.
func repository() (string, error) {
	text, err := exec.Command("go", "env", "GOWORK").Output()
	file := strings.TrimSpace(string(text))
	if err == nil && (file == "" || file == "off") {
		err = errors.New("no go.work here or above")
	}
	if err != nil {
		return "", err
	}
	return filepath.Dir(file), nil
}

// program makes the packages of one program, and returns their names.
func (p *packager) program(ctx context.Context, one program, quick bool) ([]string, error) {
	native, err := p.build(ctx, one, p.native)
	if err != nil {
		return nil, err
	}
	common, err := p.common(ctx, one, native)
	if err != nil {
		return nil, err
	}
	var made []string
	for _, t := range targets {
		if quick && t.arch != p.native.arch || t.static && !one.cgo {
			continue // a program without C is static anyway
		}
		files, err := p.target(ctx, one, t, common)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
		made = append(made, files...)
	}
	return made, nil
}

// target makes the packages of a program for one kind of machine.
func (p *packager) target(ctx context.Context, one program, t target, common []file) ([]string, error) {
	fmt.Fprintf(os.Stderr, "package: %s for %s\n", one.name, t.name)
	binary, err := p.build(ctx, one, t)
	if err != nil {
		return nil, err
	}
	base := one.name + "_" + schema.Version + "_" + t.name
	list := filepath.Join(p.out, base+".cdx.json")
	if err := p.bill(ctx, binary, list); err != nil {
		return nil, err
	}
	made := []string{base + ".cdx.json", base + ".tar.gz"}
	files := append(slices.Clone(common), file{source: binary, deb: "/usr/bin/" + one.name, archive: one.name, mode: 0o755},
		file{source: list, deb: "/usr/share/doc/" + one.name + "/sbom.cdx.json", archive: "sbom.cdx.json"})
	if err := archive(filepath.Join(p.out, base+".tar.gz"), one.name+"-"+schema.Version, files, p.epoch()); err != nil {
		return nil, err
	}
	if t.deb == "" {
		return made, nil
	}
	if err := p.debian(ctx, one, t, files, filepath.Join(p.out, base+".deb")); err != nil {
		return nil, err
	}
	return append(made, base+".deb"), nil
}

// bill writes the list of what a program was made of. The hashes of the program
// that makes it are left out: they differ from machine to machine.
func (p *packager) bill(ctx context.Context, binary, out string) error {
	raw := filepath.Join(p.stage, "bill.json")
	if err := p.tool(ctx, "cyclonedx-gomod", "bin", "-json", "-std", "-noserial", "-notimestamp", "-version", "v"+schema.Version, "-output", raw, binary); err != nil {
		return err
	}
	text, err := os.ReadFile(raw)
	if err != nil {
		return err
	}
	if text, err = stableBill(text); err != nil {
		return fmt.Errorf("reading what cyclonedx-gomod wrote: %w", err)
	}
	return os.WriteFile(out, text, 0o644)
}

// stableBill returns a bill without the hashes of the tools that made it.
func stableBill(text []byte) ([]byte, error) {
	var bill map[string]any
	if err := json.Unmarshal(text, &bill); err != nil {
		return nil, err
	}
	metadata, _ := bill["metadata"].(map[string]any)
	tools, _ := metadata["tools"].([]any)
	for _, tool := range tools {
		if fields, ok := tool.(map[string]any); ok {
			delete(fields, "hashes")
		}
	}
	text, err := json.MarshalIndent(bill, "", "  ")
	return append(text, '\n'), err
}

// tool runs one of the programs that tools/go.mod pins.
func (p *packager) tool(ctx context.Context, name string, arguments ...string) error {
	command := exec.CommandContext(ctx, "go", append([]string{"-C", filepath.Join(p.root, "tools"), "tool", name}, arguments...)...)
	command.Env = append(os.Environ(), "GOWORK=off", fmt.Sprintf("SOURCE_DATE_EPOCH=%d", p.epoch().Unix()))
	return quietly(command)
}

// quietly runs a command, and shows what it said where it failed.
func quietly(command *exec.Cmd) error {
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, output)
	}
	return nil
}

// sums writes the hashes of all that was made.
func (p *packager) sums(made []string) error {
	slices.Sort(made)
	var list bytes.Buffer
	for _, name := range made {
		data, err := os.ReadFile(filepath.Join(p.out, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&list, "%x  %s\n", sha256.Sum256(data), name)
	}
	fmt.Print(list.String())
	return os.WriteFile(filepath.Join(p.out, "SHA256SUMS"), list.Bytes(), 0o644)
}
