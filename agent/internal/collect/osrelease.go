package collect

import (
	"strings"

	"systant/agent/internal/kernel"
)

// maxName bounds the bytes of the names by which a host introduces itself.
const maxName = 80

// readOSRelease returns the distribution's name and version from
// /etc/os-release, or /usr/lib/os-release where there is none (os-release(5)).
// Rolling distributions have no version.
func readOSRelease(h kernel.Host) (name, version string) {
	data, err := h.Read("/etc/os-release")
	if err != nil {
		if data, err = h.Read("/usr/lib/os-release"); err != nil {
			return "Linux", ""
		}
	}
	fields := parseOSRelease(data)
	name = first(fields["NAME"], fields["PRETTY_NAME"], "Linux") // the default of os-release(5)
	version = first(fields["VERSION_ID"], fields["BUILD_ID"], fields["VERSION"])
	return cleanText([]byte(name), maxName), cleanText([]byte(version), maxName)
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// parseOSRelease returns the assignments of an os-release file, one a line.
// As in a shell the last of several to one name counts; lines that are none
// are left out.
func parseOSRelease(data []byte) map[string]string {
	fields := make(map[string]string)
	for line := range strings.Lines(string(data)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || key == "" || key[0] == '#' {
			continue
		}
		if value, ok := unquote(value); ok {
			fields[key] = value
		}
	}
	return fields
}

// unquote returns what a shell would make of a value: nothing has a meaning
// in single quotes; elsewhere a backslash takes the meaning from the character
// behind it, in double quotes from those alone that have one there. It is not
// ok where a quote is not closed, or more follows it.
func unquote(value string) (text string, ok bool) {
	if value == "" {
		return "", true
	}
	quote := value[0]
	if quote != '"' && quote != '\'' {
		quote = 0
	} else {
		value = value[1:]
	}
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case quote != 0 && c == quote:
			return b.String(), i == len(value)-1
		case c == '\\' && quote != '\'' && i+1 < len(value):
			if next := value[i+1]; quote == 0 || strings.IndexByte("\"$`\\", next) >= 0 {
				i++
				c = next
			}
		}
		b.WriteByte(c)
	}
	return b.String(), quote == 0
}
