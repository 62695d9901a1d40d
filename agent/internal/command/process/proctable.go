package process

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// process is one line of the process table.
type process struct {
	pid, parent, group int
	zombie             bool
	start              uint64 // in clock ticks since boot; with the pid, it is one process only
}

// parseStat reads /proc/PID/stat (proc_pid_stat(5)). A program can put
// anything into its name, which stands in parentheses.
func parseStat(data []byte) (process, bool) {
	var p process
	open, end := bytes.IndexByte(data, '('), bytes.LastIndexByte(data, ')')
	if open < 0 || end < open {
		return p, false
	}
	var fields [20]string
	found := 0
	for field := range strings.FieldsSeq(string(data[end+1:])) {
		fields[found] = field
		if found++; found == len(fields) {
			break
		}
	}
	var err [4]error
	p.pid, err[0] = strconv.Atoi(string(bytes.TrimSpace(data[:open])))
	p.parent, err[1] = strconv.Atoi(fields[1])
	p.group, err[2] = strconv.Atoi(fields[2])
	p.start, err[3] = strconv.ParseUint(fields[19], 10, 64)
	p.zombie = fields[0] == "Z" || fields[0] == "X"
	return p, err == [4]error{} && p.pid > 0
}

// readStat returns a process; false where there is none.
func readStat(pid int) (process, bool) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return process{}, false
	}
	defer unix.Close(fd)
	var buf [1024]byte
	n, err := unix.Read(fd, buf[:])
	if err != nil {
		return process{}, false
	}
	return parseStat(buf[:n])
}

// processes hands every process of the host to visit, as soon as it is read.
func processes(visit func(process)) error {
	dir, err := os.Open("/proc")
	if err != nil {
		return err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name[0] < '0' || name[0] > '9' {
			continue
		}
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, ok := readStat(pid); ok {
			visit(p)
		}
	}
	return nil
}
