package collect

import (
	"bytes"
	"errors"
)

// errStat is returned for bytes that aren't those of /proc/stat.
var errStat = errors.New("not the content of /proc/stat")

// maxCPUs bounds the CPUs that are read; kernels are built for 8192 at most.
const maxCPUs = 8192

// kernelStat is what the agent uses of /proc/stat
// (Documentation/filesystems/proc.rst, section 1.7).
type kernelStat struct {
	total cpuTicks
	// cores are the logical CPUs that are online, by ascending number.
	cores []coreTicks
	// contextSwitches, interrupts and forks count since boot.
	contextSwitches, interrupts, forks uint64
}

// coreTicks is the time of one logical CPU.
type coreTicks struct {
	id int
	cpuTicks
}

// cpuTicks is a cpu line of /proc/stat: time since boot, in 1/userHZ s.
// User and nice hold guest and guestNice too.
type cpuTicks struct {
	user, nice, system, idle, iowait, irq, softIRQ, steal, guest, guestNice uint64
}

// parse replaces s by the content of /proc/stat, in the room that s has.
//
// procfs reads the file as well, but with fmt.Sscanf, and keeps the count of
// every interrupt, thousands on a server of which the agent wants the sum:
// with 256 CPUs and 4000 interrupts that takes forty times as long.
func (s *kernelStat) parse(data []byte) error {
	*s = kernelStat{cores: s.cores[:0]}
	found := false
	for len(data) > 0 {
		line := data
		if end := bytes.IndexByte(data, '\n'); end >= 0 {
			line, data = data[:end], data[end+1:]
		} else {
			data = nil
		}
		key, values, _ := bytes.Cut(line, []byte{' '})
		ok := true
		switch string(key) {
		case "cpu":
			found = true
			ok = s.total.parse(values)
		case "ctxt":
			s.contextSwitches, _, ok = cutField(values)
		case "intr":
			s.interrupts, _, ok = cutField(values)
		case "processes":
			s.forks, _, ok = cutField(values)
		default:
			if number, isCPU := bytes.CutPrefix(key, []byte("cpu")); isCPU {
				ok = s.addCore(number, values)
			}
		}
		if !ok {
			return errStat
		}
	}
	if !found {
		return errStat
	}
	return nil
}

// addCore appends the line of one logical CPU.
func (s *kernelStat) addCore(number, values []byte) bool {
	id, rest, ok := cutField(number)
	if !ok || len(rest) > 0 || id >= maxCPUs || len(s.cores) >= maxCPUs {
		return false
	}
	core := coreTicks{id: int(id)}
	ok = core.parse(values)
	s.cores = append(s.cores, core)
	return ok
}

// parse reads the numbers behind a cpu line's name. Kernels before 2.6.33
// have fewer of them; those that a kernel lacks are 0, and what newer ones
// may add is left alone.
func (t *cpuTicks) parse(values []byte) bool {
	const least = 4 // user, nice, system, idle
	for i, field := range []*uint64{
		&t.user, &t.nice, &t.system, &t.idle, &t.iowait,
		&t.irq, &t.softIRQ, &t.steal, &t.guest, &t.guestNice,
	} {
		value, rest, ok := cutField(values)
		if !ok {
			return i >= least && len(bytes.TrimSpace(values)) == 0
		}
		*field, values = value, rest
	}
	return true
}

// cutField reads the number at the front of a line of numbers, before which
// spaces may stand. It is not ok where there is none, or one beyond 64 bits.
func cutField(line []byte) (value uint64, rest []byte, ok bool) {
	i := 0
	for i < len(line) && line[i] == ' ' {
		i++
	}
	first := i
	for ; i < len(line) && '0' <= line[i] && line[i] <= '9'; i++ {
		digit := uint64(line[i] - '0')
		if value > (1<<64-1-digit)/10 {
			return 0, nil, false
		}
		value = value*10 + digit
	}
	if i == first || i < len(line) && line[i] != ' ' {
		return 0, nil, false
	}
	return value, line[i:], true
}
