package collect

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"systant/agent/internal/kernel"
)

const (
	// nixProfiles holds the generations of the system, one symbolic link each.
	nixProfiles = "/nix/var/nix/profiles"
	// maxGenerations is how many generations are looked at, the latest ones.
	maxGenerations = 200
)

// nixSystems are the three systems of a NixOS host, by their paths in the Nix
// store. Only those tell systems apart: the label of nixos-version is the same
// for many. Each is empty where there is none.
type nixSystems struct {
	booted  string // what the machine was started with
	current string // what was activated last
	next    string // what the next boot starts, unless another one is chosen then
}

// readNixSystems follows the links that NixOS keeps. All are empty on any other
// host, Guix included, which has links of the same names.
func readNixSystems(h kernel.Host) nixSystems {
	current := storePath(h, "/run/current-system")
	if current == "" {
		return nixSystems{}
	}
	return nixSystems{storePath(h, "/run/booted-system"), current, storePath(h, nixProfiles+"/system")}
}

// storePath returns where in the Nix store a link ends, or "".
func storePath(h kernel.Host, link string) string {
	at, err := h.Resolve(link)
	if err != nil || !strings.HasPrefix(at, "/nix/store/") {
		return ""
	}
	return at
}

// state tells in a word how the three systems relate; it is empty where one is
// missing. Of a specialisation the one of the same name counts.
func (s nixSystems) state(h kernel.Host, all []generation) string {
	if s.booted == "" || s.next == "" {
		return ""
	}
	activated := s.current == s.counterpart(h, all, s.current)
	switch booted := s.booted == s.counterpart(h, all, s.booted); {
	case activated && s.booted == s.current:
		return "booted"
	case activated:
		return "activated"
	case booted:
		return "test"
	}
	return "built"
}

// counterpart returns what the next system has in the place of another one: the
// specialisation of the same name, where that is one, or itself.
func (s nixSystems) counterpart(h kernel.Host, all []generation, of string) string {
	if g, ok := find(all, of); ok && g.specialisation != "" {
		if found := storePath(h, s.next+"/specialisation/"+g.specialisation); found != "" {
			return found
		}
	}
	return s.next
}

// reboot tells whether the next boot would start another kernel, initrd or
// modules than the machine runs with, which no activation changes: the test of
// system.autoUpgrade in nixpkgs. It is not known where a system has no kernel,
// as in a container.
func (s nixSystems) reboot(h kernel.Host) (reasons []string, known bool) {
	if s.booted == "" || s.next == "" {
		return nil, false
	}
	next := s.next
	if next != s.booted {
		next = s.counterpart(h, readGenerations(h), s.booted)
	}
	for _, part := range []string{"kernel", "initrd", "kernel-modules"} {
		from, to := storePath(h, s.booted+"/"+part), storePath(h, next+"/"+part)
		if from == "" || to == "" {
			continue
		}
		known = true
		switch {
		case from == to:
		case part == "kernel":
			// The rest is made for the kernel, and differs with it.
			return []string{nixKernelChange(from, to)}, true
		default:
			reasons = append(reasons, strings.ReplaceAll(part, "-", " "))
		}
	}
	return reasons, known
}

// nixKernelChange says in words which kernel of the store would follow which.
func nixKernelChange(from, to string) string {
	before, after := parseNixKernel(from), parseNixKernel(to)
	switch {
	case before == "" || after == "":
		return "kernel"
	case before == after:
		return "kernel " + before + ", built anew"
	}
	return kernelChange(before, after)
}

// parseNixKernel returns the version of a kernel by its file in the store:
// "6.12.41" of "/nix/store/…-linux-6.12.41/bzImage". It is empty where the
// name has none.
func parseNixKernel(file string) string {
	name := path.Base(path.Dir(file))
	for i := 1; i < len(name); i++ {
		// What is before the first dash is the hash.
		if name[i-1] == '-' && isDigit(name[i]) {
			return cleanText([]byte(name[i:]), maxName)
		}
	}
	return ""
}

// generation is a system that was installed, or one of its specialisations.
type generation struct {
	number         int
	system         string // the last element of its path in the store
	specialisation string // its name; empty for the generation itself
}

// readGenerations returns the latest generations of the system and their
// specialisations, the latest first.
func readGenerations(h kernel.Host) []generation {
	var all []generation
	for _, number := range generationNumbers(h) {
		g := generation{number: number, system: h.Link(generationLink(number))}
		all = append(all, g)
		folder := "/nix/store/" + g.system + "/specialisation/"
		for _, name := range h.List(folder) {
			if system := h.Link(folder + name); system != "" {
				all = append(all, generation{number, system, name})
			}
		}
		if len(all) >= maxGenerations {
			break
		}
	}
	return all
}

// generationNumbers returns the numbers of all generations of the system, the
// latest first.
func generationNumbers(h kernel.Host) []int {
	var numbers []int
	for _, name := range h.List(nixProfiles) {
		if n, ok := parseGeneration(name); ok {
			numbers = append(numbers, n)
		}
	}
	slices.SortFunc(numbers, func(a, b int) int { return b - a })
	return numbers
}

// generationLink returns the link of a generation.
func generationLink(number int) string {
	return nixProfiles + "/system-" + strconv.Itoa(number) + "-link"
}

// parseGeneration returns the number in the name of a generation's link:
// 212 of "system-212-link".
func parseGeneration(name string) (int, bool) {
	digits, ok := strings.CutPrefix(name, "system-")
	if !ok {
		return 0, false
	}
	digits, ok = strings.CutSuffix(digits, "-link")
	n, err := strconv.ParseUint(digits, 10, 31)
	if !ok || err != nil {
		return 0, false
	}
	return int(n), true
}

// find returns the latest generation that is a system, by its path in the store.
func find(all []generation, system string) (generation, bool) {
	i := slices.IndexFunc(all, func(g generation) bool { return system != "" && g.system == path.Base(system) })
	if i < 0 {
		return generation{}, false
	}
	return all[i], true
}

// parseNixpkgsDay returns the day of the nixpkgs commit that a system was made
// of, by NixOS' version: 2025-11-20 of "25.11.20251120.0cc1d5f". Channels have a
// count of commits in its place, which tells no day.
func parseNixpkgsDay(version string) (time.Time, bool) {
	parts := strings.Split(strings.TrimSpace(version), ".")
	if len(parts) < 3 || len(parts[2]) != len("20060102") {
		return time.Time{}, false
	}
	day, err := time.Parse("20060102", parts[2])
	return day, err == nil && day.Year() >= 2003
}
