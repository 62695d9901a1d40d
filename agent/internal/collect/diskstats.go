package collect

import (
	"bytes"
	"errors"
)

// errDiskStats is returned for a line that isn't one of diskstats.
var errDiskStats = errors.New("not a line of diskstats")

// diskStats is one line of /proc/diskstats: what a block device has done
// since it appeared. Requests are completed ones, sectors have 512 bytes
// whatever the device's are, and times are in milliseconds and start again
// from 0 after 2^32.
type diskStats struct {
	reads, readSectors, readTime    uint64
	writes, writeSectors, writeTime uint64
	busyTime                        uint64 // with requests in flight
	queueTime                       uint64 // busyTime, times the requests in flight
}

// parseDiskStats reads one line of /proc/diskstats
// (Documentation/admin-guide/iostats.rst): major, minor, name and at least
// eleven numbers, of which older kernels have no more. The name aliases line.
func parseDiskStats(line []byte) (name []byte, d diskStats, err error) {
	rest := bytes.TrimLeft(line, " ")
	for range 2 {
		_, after, ok := bytes.Cut(rest, []byte(" "))
		if !ok {
			return nil, d, errDiskStats
		}
		rest = bytes.TrimLeft(after, " ")
	}
	end := bytes.IndexByte(rest, ' ')
	if end < 1 {
		return nil, d, errDiskStats
	}
	name, rest = rest[:end], rest[end:]
	var unused uint64
	for _, field := range [...]*uint64{
		&d.reads, &unused, &d.readSectors, &d.readTime,
		&d.writes, &unused, &d.writeSectors, &d.writeTime,
		&unused, &d.busyTime, &d.queueTime,
	} {
		var ok bool
		if *field, rest, ok = cutNumber(rest); !ok {
			return nil, d, errDiskStats
		}
	}
	return name, d, nil
}
