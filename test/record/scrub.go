package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The shapes of what tells machines and people apart.
var (
	uuidShape    = regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	macShape     = regexp.MustCompile(`(?i)\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b`)
	addressShape = regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}\b`)
	hexShape     = regexp.MustCompile(`(?i)\b[0-9a-f]{16,64}\b`)
)

// scrubber replaces what tells whose machine it is. The same thing is always
// replaced by the same, so that the two moments of a recording fit together.
type scrubber struct {
	keepNames bool
	people    *regexp.Regexp // names of the host and of people; nil without any
	known     map[string]string
	counts    map[string]int
}

// newScrubber learns the names of the host and its people.
func newScrubber(o options) *scrubber {
	s := &scrubber{keepNames: o.names, known: make(map[string]string), counts: make(map[string]int)}
	var names []string
	for _, file := range []string{"proc/sys/kernel/hostname", "etc/hostname"} {
		text, _ := os.ReadFile(filepath.Join(o.root, file)) // either may lack
		full := strings.TrimSpace(string(text))
		short, _, _ := strings.Cut(full, ".")
		names = append(names, full, short)
	}
	passwd, _ := os.ReadFile(filepath.Join(o.root, "etc/passwd"))
	for line := range strings.Lines(string(passwd)) {
		if f := strings.Split(line, ":"); len(f) > 4 && isPerson(f[2]) {
			names = append(names, f[0])
		}
	}
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	var patterns []string
	for _, name := range slices.Compact(names) {
		if name != "" && name != "localhost" {
			patterns = append(patterns, regexp.QuoteMeta(name))
		}
	}
	if patterns != nil {
		s.people = regexp.MustCompile(`(?i)(^|[^a-zA-Z0-9])(` + strings.Join(patterns, "|") + `)($|[^a-zA-Z0-9])`)
	}
	return s
}

// isPerson tells whether a user id is of a person and not of a service.
func isPerson(uid string) bool {
	n, err := strconv.Atoi(uid)
	return err == nil && n >= 1000 && n != 65534
}

// replace returns what stands for a thing of some kind; form gets its number.
func (s *scrubber) replace(kind, thing, form string) string {
	if stand, ok := s.known[kind+"\x00"+thing]; ok {
		return stand
	}
	s.counts[kind]++
	stand := fmt.Sprintf(form, s.counts[kind])
	s.known[kind+"\x00"+thing] = stand
	return stand
}

// text replaces all shapes and names in a text.
func (s *scrubber) text(text string) string {
	text = uuidShape.ReplaceAllStringFunc(text, func(found string) string {
		return s.replace("UUIDs", strings.ToLower(found), "00000000-0000-4000-8000-%012d")
	})
	text = macShape.ReplaceAllStringFunc(text, func(found string) string {
		if found == "00:00:00:00:00:00" || found == "ff:ff:ff:ff:ff:ff" {
			return found
		}
		return s.replace("hardware addresses", strings.ToLower(found), "02:00:00:00:00:%02x")
	})
	text = addressShape.ReplaceAllStringFunc(text, func(found string) string {
		return s.replace("IP addresses", found, "192.0.2.%d")
	})
	text = hexShape.ReplaceAllStringFunc(text, func(found string) string {
		if strings.Trim(found, "0123456789") == "" {
			return found // a counter
		}
		return s.replace("long hexadecimal numbers", found, "%016x")
	})
	if s.people == nil {
		return text
	}
	// Twice, because matches that share the character between them overlap.
	for range 2 {
		text = s.people.ReplaceAllStringFunc(text, func(found string) string {
			part := s.people.FindStringSubmatch(found)
			return part[1] + s.replace("names of people and of the host", strings.ToLower(part[2]), "name%d") + part[3]
		})
	}
	return text
}

// machine returns a machine without what tells whose it is.
func (s *scrubber) machine(m machine) machine {
	clean := machine{files: make(map[string][]byte), links: make(map[string]string)}
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		data := s.file(name, m.files[name])
		clean.files[s.text(name)] = data
	}
	for _, name := range slices.Sorted(maps.Keys(m.links)) {
		clean.links[s.text(name)] = s.text(m.links[name])
	}
	var sizes strings.Builder
	for line := range strings.Lines(m.statfs) {
		point, rest, _ := strings.Cut(line, " ")
		sizes.WriteString(s.folder(point) + " " + rest)
	}
	clean.statfs = sizes.String()
	return clean
}

// file returns the content that stands for a file's.
func (s *scrubber) file(name string, data []byte) []byte {
	switch base := path.Base(name); {
	case numeric(name):
		return data
	case name == "etc/passwd":
		return s.passwd(data)
	case strings.HasPrefix(name, "run/systemd/"):
		return s.session(data)
	case base == "mountinfo":
		return s.mountinfo(data)
	case base == "mounts":
		return s.mounts(data)
	case name == "proc/net/route":
		return s.routes(data, 8)
	case name == "proc/net/ipv6_route":
		return s.routes(data, 32)
	case name == "proc/cpuinfo":
		return serialLine.ReplaceAll(data, []byte("${1}0000000000000000"))
	case strings.HasPrefix(name, "proc/") && (base == "stat" || base == "comm" || base == "status") && name != "proc/stat":
		return s.process(name, data)
	default:
		return []byte(s.text(string(data)))
	}
}

// numeric tells whether a file holds numbers and the kernel's own words only,
// in which a name that looks like one of those must not be replaced.
func numeric(name string) bool {
	switch name {
	case "proc/stat", "proc/meminfo", "proc/vmstat", "proc/loadavg", "proc/uptime", "proc/sys/kernel/osrelease":
		return true
	}
	return strings.HasPrefix(name, "proc/pressure/") || strings.HasPrefix(name, "sys/devices/system/cpu/") ||
		bytes.HasSuffix([]byte(name), []byte("/operstate"))
}

// notes says what was replaced and what is never recorded.
func (s *scrubber) notes() []string {
	var lines []string
	for _, kind := range slices.Sorted(maps.Keys(s.counts)) {
		lines = append(lines, fmt.Sprintf("replaced: %d %s", s.counts[kind], kind))
	}
	return append(lines,
		"never recorded: serial numbers, command lines, environments, the kernel's command line,",
		"  addresses of interfaces, names of wireless networks, programs' files",
		"read the archive before you give it to others")
}
