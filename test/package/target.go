package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// released is when what is in the packages was changed, unless
// SOURCE_DATE_EPOCH says so: the start of the year of the release.
const released = "2026-01-01T00:00:00Z"

// program is what is packaged.
type program struct {
	name, folder string
	about        string // one line, for manual pages and packages
	more         string // further lines, for packages
	cgo          bool   // it can do more with C
	config       string // its file in /etc/systant
}

// programs are all of them.
var programs = []program{
	{"systant-agent", "agent", "publishes the metrics of this host by MQTT, and runs the commands that it allows",
		"It reads CPU, memory, disks, GPUs, network, temperatures and processes from the\nkernel, announces the host to Home Assistant, and needs no privileges.", true, "systant.toml"},
	{"systant-dashboard", "dashboard", "shows hosts that publish their metrics by MQTT in a browser, and remembers them",
		"It has a broker of its own or uses another, shows hosts live and as they were,\nand answers Prometheus' queries about their past.", false, "systant-dashboard.toml"},
}

// target is a kind of machine.
type target struct {
	name      string
	arch, arm string // of Go
	deb       string // of Debian; empty where there is no package
	static    bool   // without C where the kind has a program with C
	c         bool   // a C compiler for the kind is at hand
}

// targets are all kinds. C is only compiled for the kind that most hosts with an
// NVIDIA card are of; anything else is static.
var targets = []target{
	{name: "amd64", arch: "amd64", deb: "amd64", c: true},
	{name: "amd64-static", arch: "amd64", static: true},
	{name: "arm64", arch: "arm64", deb: "arm64"},
	{name: "armhf", arch: "arm", arm: "7", deb: "armhf"},
}

// build compiles a program for a kind of machine and returns its file.
func (p *packager) build(ctx context.Context, one program, t target) (string, error) {
	out := filepath.Join(p.stage, t.name, one.name)
	arguments := []string{"build", "-trimpath", "-buildvcs=false", "-o", out}
	environment := append(os.Environ(), "GOOS=linux", "GOARCH="+t.arch, "GOARM="+t.arm, "GOFLAGS=-mod=readonly")
	if one.cgo && t.c {
		// NVIDIA's functions are looked for when they are called, as the library
		// is loaded by then, or not there.
		arguments = append(arguments, "-ldflags=-s -w -buildid= -extldflags=-Wl,-z,lazy,--build-id=none")
		environment = append(environment, "CGO_ENABLED=1", "CGO_CFLAGS=-O2 -g -Wno-deprecated-declarations")
	} else {
		arguments = append(arguments, "-ldflags=-s -w -buildid=")
		environment = append(environment, "CGO_ENABLED=0")
	}
	command := exec.CommandContext(ctx, "go", append(arguments, "./"+one.folder+"/cmd/"+one.name)...)
	command.Dir, command.Env = p.root, environment
	return out, quietly(command)
}

// epoch returns the time that everything in the packages has.
func (p *packager) epoch() time.Time {
	if seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC()
	}
	at, err := time.Parse(time.RFC3339, released)
	if err != nil {
		panic(err) // a constant
	}
	return at
}
