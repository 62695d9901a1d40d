package collect

import (
	"encoding/binary"
	"strconv"
	"strings"

	"systant/agent/internal/kernel"
)

// The layout of utmp(5) in the C library: the sizes that a record may have,
// which is the smaller one where a 64-bit system keeps times in 32 bits for
// its 32-bit programs (x86-64) and the larger one where it never had such
// (arm64); the type of a user's login; and where pid and name stand.
const (
	utmpRecord      = 384
	utmpRecordWide  = 400
	utmpUserProcess = 7
	utmpMaxType     = 9
	utmpPID         = 4
	utmpUser        = 44
)

// countUsers returns how many sessions of people the host has. systemd-logind
// keeps a file for each in /run/systemd/sessions; elsewhere utmp lists them,
// which distributions have begun to drop. It is not known where both lack.
func countUsers(h kernel.Host) (count int, ok bool) {
	const folder = "/run/systemd/sessions"
	if h.Exists(folder) || h.Exists("/run/systemd/seats/seat0") {
		for _, name := range h.List(folder) {
			// Beside a session's file may stand a FIFO, to which logind
			// listens for its end.
			if strings.HasSuffix(name, ".ref") {
				continue
			}
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
	return countUTMP(data, func(pid int32) bool {
		return h.Exists("/proc/" + strconv.Itoa(int(pid)))
	}), true
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

// countUTMP returns the number of user logins in utmp records (utmp(5)) whose
// process is alive: a crash leaves others behind. A last record that is cut
// short is left out.
func countUTMP(data []byte, alive func(pid int32) bool) int {
	size := utmpRecord
	if !areUTMP(data, size) && areUTMP(data, utmpRecordWide) {
		size = utmpRecordWide
	}
	count := 0
	for ; len(data) >= size; data = data[size:] {
		pid := int32(binary.NativeEndian.Uint32(data[utmpPID:]))
		if binary.NativeEndian.Uint16(data) == utmpUserProcess && data[utmpUser] != 0 && pid > 0 && alive(pid) {
			count++
		}
	}
	return count
}

// areUTMP tells whether data can be records of some size: each begins with a
// known type and the padding behind it.
func areUTMP(data []byte, size int) bool {
	for ; len(data) >= size; data = data[size:] {
		if binary.NativeEndian.Uint16(data) > utmpMaxType || data[2] != 0 || data[3] != 0 {
			return false
		}
	}
	return len(data) == 0
}
