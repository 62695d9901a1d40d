package collect

import (
	"encoding/binary"
	"strings"

	"systant/agent/internal/kernel"
)

// The layout of utmp(5) on 64-bit Linux: the record's size, the type of a
// user's login, and where type and name stand.
const (
	utmpRecord      = 384
	utmpUserProcess = 7
	utmpUser        = 44
)

// countUsers returns how many sessions of people the host has. systemd-logind
// keeps a file for each in /run/systemd/sessions; elsewhere utmp lists them,
// which distributions have begun to drop. It is not known where both lack.
func countUsers(h kernel.Host) (count int, ok bool) {
	const folder = "/run/systemd/sessions"
	if _, err := h.Text("/run/systemd/seats/seat0"); err == nil || len(h.List(folder)) > 0 {
		for _, name := range h.List(folder) {
			if text, err := h.Text(folder + "/" + name); err == nil && isUserSession(text) {
				count++
			}
		}
		return count, true
	}
	data, err := h.Read("/run/utmp")
	if err != nil {
		return 0, false
	}
	return countUTMP(data), true
}

// isUserSession tells whether a session file of systemd-logind is of a person
// who is logged in, and not of a greeter, a service manager or a closing one.
func isUserSession(text string) bool {
	class, state := "", ""
	for line := range strings.Lines(text) {
		switch key, value, _ := strings.Cut(strings.TrimSpace(line), "="); key {
		case "CLASS":
			class = value
		case "STATE":
			state = value
		}
	}
	return (class == "user" || strings.HasPrefix(class, "user-")) && state != "closing"
}

// countUTMP returns the number of user logins in utmp records (utmp(5)); a
// last record that is cut short is left out.
func countUTMP(data []byte) int {
	count := 0
	for ; len(data) >= utmpRecord; data = data[utmpRecord:] {
		if binary.NativeEndian.Uint16(data) == utmpUserProcess && data[utmpUser] != 0 {
			count++
		}
	}
	return count
}
