package collect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// maxKeptStats bounds the descriptors of /proc/<pid>/stat that stay open. A
// read through one costs a bit more than half of open, read and close. The
// kernel pays for it with 5 KiB of its memory a descriptor (inode, dentry and
// a page of output buffer, charged to the agent's cgroup), so that there are
// never more than 10 MiB.
const maxKeptStats = 2048

// process is what the table remembers of one process between samples.
type process struct {
	pid      int
	path     string // "<pid>/stat", below /proc
	stat     int    // the kept descriptor, or -1
	comm     string // the name as the kernel wrote it
	name     string // the name as it is published
	seen     uint64 // the round that saw it last
	readable bool   // false where the system hides it: only its pid is known
	fresh    bool   // no earlier sample of this process: busy says nothing
	state    byte
	threads  int
	resident uint64 // pages
	started  uint64 // after boot, in 1/userHZ s
	ticks    uint64 // processor time so far, in 1/userHZ s
	busy     uint64 // processor time since the sample before, in 1/userHZ s
}

// procTable follows the processes of the host from sample to sample. After
// the first scan it allocates only for new processes, renamed ones, and some
// bytes for each process past the kept descriptors.
//
// Kernel threads are read like all others: a flusher stuck in state D or a
// kswapd that takes a whole CPU is what an operator looks for. Asking their
// shorter schedstat first whether they ran at all was measured to save nothing.
type procTable struct {
	path    string // /proc of the host
	proc    int    // its descriptor, -1 before the first scan
	procfs  bool   // path is the kernel's, and no copy of its files
	limit   int    // how many stat descriptors may be kept open
	kept    int
	round   uint64
	known   map[int]*process
	alive   []*process // those that the last scan saw, in the kernel's order
	dirents []byte     // reused for getdents64(2)
	line    []byte     // reused for the files of one process
}

// newProcTable returns the table of the processes in a /proc folder.
func newProcTable(path string) *procTable {
	return &procTable{
		path:    path,
		proc:    -1,
		known:   make(map[int]*process),
		dirents: make([]byte, 16<<10),
		line:    make([]byte, 4<<10),
	}
}

// scan reads /proc/<pid>/stat of every process into alive. Processes that end
// meanwhile are left out; those that hidepid hides are not there, or there
// and not readable. It returns the faults that are neither, and has read what
// could be read.
func (t *procTable) scan() error {
	if err := t.open(); err != nil {
		return err
	}
	if _, err := unix.Seek(t.proc, 0, unix.SEEK_SET); err != nil {
		return fmt.Errorf("listing processes: %w", err)
	}
	t.round++
	t.alive = t.alive[:0]
	var fault error
	for {
		n, err := unix.ReadDirent(t.proc, t.dirents)
		if err != nil {
			return fmt.Errorf("listing processes: %w", err)
		}
		if n <= 0 {
			break
		}
		for rest := t.dirents[:n]; len(rest) > 0; {
			var pid int
			pid, rest = nextPID(rest)
			if pid == 0 {
				continue
			}
			if err := t.visit(pid); err != nil {
				fault = fmt.Errorf("reading process %d: %w", pid, err)
			}
		}
	}
	t.forget()
	return fault
}

// open opens /proc once. Only on procfs are descriptors kept: elsewhere
// a file may be replaced by another of the same name.
func (t *procTable) open() error {
	if t.proc >= 0 {
		return nil
	}
	fd, err := unix.Open(t.path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("opening %s: %w", t.path, err)
	}
	t.proc = fd
	var fs unix.Statfs_t
	var files unix.Rlimit
	t.procfs = unix.Fstatfs(fd, &fs) == nil && int64(fs.Type) == unix.PROC_SUPER_MAGIC
	if t.procfs && unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil {
		// The rest of the agent needs descriptors too.
		t.limit = int(min(files.Cur/2, maxKeptStats))
	}
	return nil
}

// close closes every descriptor. A later scan starts anew.
func (t *procTable) close() {
	for _, p := range t.known {
		t.release(p)
	}
	clear(t.known)
	t.alive = nil
	if t.proc >= 0 {
		_ = unix.Close(t.proc) // it was only read
		t.proc = -1
	}
}

// visit reads one process of the listing.
func (t *procTable) visit(pid int) error {
	p := t.known[pid]
	if p == nil {
		p = &process{pid: pid, path: strconv.Itoa(pid) + "/stat", stat: -1, fresh: true}
	}
	line, err := t.readStat(p)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ESRCH):
		return nil // it ended since it was listed; forget drops it
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		p.readable = false
	case err != nil:
		return err
	default:
		s, err := parseProcStat(line)
		if err != nil {
			t.release(p)
			return err
		}
		p.update(s)
	}
	p.seen = t.round
	t.known[pid] = p
	t.alive = append(t.alive, p)
	return nil
}

// update takes over a reading. A pid with another start time is another
// process than the one that had the pid before.
func (p *process) update(s procStat) {
	p.fresh = p.seen == 0 || !p.readable || p.started != s.started || s.ticks < p.ticks
	p.busy = s.ticks - p.ticks
	p.readable, p.state, p.threads, p.resident, p.started, p.ticks = true, s.state, s.threads, s.resident, s.started, s.ticks
	if p.comm != string(s.comm) || p.name == "" {
		p.comm = string(s.comm)
		p.name = cleanText(s.comm, 64)
	}
}

// readStat returns the line of /proc/<pid>/stat in the reused buffer.
func (t *procTable) readStat(p *process) ([]byte, error) {
	if p.stat >= 0 {
		n, err := unix.Pread(p.stat, t.line, 0)
		if err == nil {
			return t.line[:n], nil
		}
		// The descriptor's process ended; another may have its pid by now.
		t.release(p)
	}
	fd, err := unix.Openat(t.proc, p.path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	n, err := unix.Pread(fd, t.line, 0)
	if err != nil || t.kept >= t.limit {
		_ = unix.Close(fd) // it was only read
	} else {
		p.stat = fd
		t.kept++
	}
	if err != nil {
		return nil, err
	}
	return t.line[:n], nil
}

// owner returns the effective user id of a process. In procfs that is the
// owner of /proc/<pid>, at a tenth of what reading its status file costs.
func (t *procTable) owner(p *process) (uint32, bool) {
	if t.procfs {
		var folder unix.Stat_t
		err := unix.Fstatat(t.proc, strconv.Itoa(p.pid), &folder, 0)
		return folder.Uid, err == nil
	}
	status, err := t.readFile(p, "status", len(t.line))
	if err != nil {
		return 0, false
	}
	return parseUID(status)
}

// readFile returns up to limit bytes of a file of /proc/<pid>, in the reused
// buffer.
func (t *procTable) readFile(p *process, name string, limit int) ([]byte, error) {
	fd, err := unix.Openat(t.proc, strconv.Itoa(p.pid)+"/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	n, err := unix.Pread(fd, t.line[:min(limit, len(t.line))], 0)
	if err != nil {
		return nil, err
	}
	return t.line[:n], nil
}

// release closes the kept descriptor of a process.
func (t *procTable) release(p *process) {
	if p.stat >= 0 {
		_ = unix.Close(p.stat) // it was only read
		p.stat = -1
		t.kept--
	}
}

// forget drops the processes that the last scan did not see.
func (t *procTable) forget() {
	if len(t.known) == len(t.alive) {
		return
	}
	for pid, p := range t.known {
		if p.seen != t.round {
			t.release(p)
			delete(t.known, pid)
		}
	}
}

// nextPID returns the pid that the first entry of a getdents64(2) buffer
// names, or 0 where it names something else, and the entries behind it.
func nextPID(entries []byte) (pid int, rest []byte) {
	const nameAt = 19 // behind ino and off (8 bytes each), reclen (2), type (1)
	if len(entries) < nameAt {
		return 0, nil
	}
	size := int(binary.NativeEndian.Uint16(entries[16:]))
	if size < nameAt || size > len(entries) {
		return 0, nil
	}
	for _, c := range entries[nameAt:size] {
		if c == 0 {
			return pid, entries[size:]
		}
		if c < '0' || c > '9' || pid > 1<<22 {
			return 0, entries[size:]
		}
		pid = pid*10 + int(c-'0')
	}
	return 0, entries[size:]
}
