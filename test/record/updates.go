package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// maxGenerations is how many generations of NixOS are recorded, the first by name.
const maxGenerations = 20

// readUpdates stores what tells whether the machine waits for a reboot, and
// which systems NixOS has. Of kernels only the names are stored.
func (m machine) readUpdates(root string) {
	for _, pattern := range []string{"boot/vmlinuz-*", "boot/vmlinux-*", "lib/modules/*/vmlinuz", "lib/modules/*/modules.dep"} {
		for _, name := range m.glob(root, pattern) {
			m.files[name] = nil
		}
	}
	const profiles = "nix/var/nix/profiles/"
	links := append(m.glob(root, profiles+"system-*-link"), "run/booted-system", "run/current-system", profiles+"system")
	links = links[max(0, len(links)-maxGenerations-3):]
	var times strings.Builder
	for _, link := range links {
		target, err := os.Readlink(filepath.Join(root, link))
		if err != nil {
			continue
		}
		m.links[link] = target
		if info, err := os.Lstat(filepath.Join(root, link)); err == nil && strings.HasPrefix(link, profiles) {
			fmt.Fprintf(&times, "%s %s\n", link, info.ModTime().UTC().Format(time.RFC3339))
		}
		if strings.HasPrefix(target, "/nix/store/") {
			m.readNixSystem(root, target[1:])
		}
	}
	if times.Len() > 0 {
		m.files["mtimes"] = []byte(times.String())
	}
}

// readNixSystem stores the parts of a system in the Nix store that tell which
// one it is.
func (m machine) readNixSystem(root, system string) {
	for _, name := range []string{"kernel", "initrd", "kernel-modules"} {
		if target, err := os.Readlink(filepath.Join(root, system, name)); err == nil && path.IsAbs(target) {
			m.links[system+"/"+name] = target
			m.files[target[1:]] = nil // that it is there is enough
		}
	}
	for _, link := range m.glob(root, system+"/specialisation/*") {
		if target, err := os.Readlink(filepath.Join(root, link)); err == nil {
			m.links[link] = target
		}
	}
	m.read(root, system+"/nixos-version", system+"/nixos-version")
	// system/sw is a link, and the program in it is one too.
	software, err := os.Readlink(filepath.Join(root, system, "sw"))
	if err != nil || !path.IsAbs(software) {
		return
	}
	program, err := os.Readlink(filepath.Join(root, software, "bin/nixos-version"))
	if err != nil || !path.IsAbs(program) {
		return
	}
	m.links[system+"/sw"], m.links[software[1:]+"/bin/nixos-version"] = software, program
	m.read(root, program[1:], program[1:])
}
