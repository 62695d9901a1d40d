package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// floorFiles are the host's own files that the floor reads each cycle.
var floorFiles = []string{"/proc/stat", "/proc/meminfo", "/proc/loadavg", "/proc/diskstats", "/proc/net/dev"}

// floorPayload is the size of the floor's message, about that of a sample.
const floorPayload = 4096

// floor reads what any agent has to read, by the cheapest portable means:
// descriptors kept open, one buffer, numbers parsed in place.
type floor struct {
	files     []int
	processes map[int]int // descriptor of /proc/<pid>/stat by pid
	seen      map[int]bool
	proc      int
	buffer    []byte
	dirents   []byte
	sum       uint64 // keeps the parsing from being dead code
}

// runFloor reads and publishes each interval until ctx ends.
func runFloor(ctx context.Context, address string, interval time.Duration) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return fmt.Errorf("connecting the floor: %w", err)
	}
	defer conn.Close()
	if err := connectMQTT(conn); err != nil {
		return fmt.Errorf("connecting the floor: %w", err)
	}
	f := &floor{processes: make(map[int]int), seen: make(map[int]bool), buffer: make([]byte, 64<<10), dirents: make([]byte, 16<<10)}
	for _, name := range floorFiles {
		fd, err := unix.Open(name, unix.O_RDONLY, 0)
		if err != nil {
			continue // such as /proc/diskstats in a container
		}
		f.files = append(f.files, fd)
	}
	if f.proc, err = openProc(); err != nil {
		return err
	}
	message := publishPacket("floor/stats", bytes.Repeat([]byte{'7'}, floorPayload))
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if err := f.cycle(); err != nil {
			return err
		}
		if _, err := conn.Write(message); err != nil {
			return fmt.Errorf("publishing: %w", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// openProc returns a descriptor of /proc.
func openProc() (int, error) {
	fd, err := unix.Open("/proc", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return -1, fmt.Errorf("opening /proc: %w", err)
	}
	return fd, nil
}

// cycle reads everything once.
func (f *floor) cycle() error {
	for _, fd := range f.files {
		n, err := unix.Pread(fd, f.buffer, 0)
		if err != nil {
			return fmt.Errorf("reading the host: %w", err)
		}
		f.parse(f.buffer[:n])
	}
	var fs unix.Statfs_t
	if err := unix.Statfs("/", &fs); err != nil {
		return fmt.Errorf("reading the root filesystem: %w", err)
	}
	f.sum += fs.Bfree
	if _, err := unix.Seek(f.proc, 0, io.SeekStart); err != nil {
		return err
	}
	clear(f.seen)
	for {
		n, err := unix.ReadDirent(f.proc, f.dirents)
		if err != nil {
			return fmt.Errorf("listing processes: %w", err)
		}
		if n <= 0 {
			break
		}
		for rest := f.dirents[:n]; len(rest) > 0; {
			size := binary.NativeEndian.Uint16(rest[16:])
			f.process(rest[19:size])
			rest = rest[size:]
		}
	}
	for pid, fd := range f.processes {
		if !f.seen[pid] {
			_ = unix.Close(fd)
			delete(f.processes, pid)
		}
	}
	return nil
}

// process reads /proc/<pid>/stat of a directory entry that is a number.
func (f *floor) process(name []byte) {
	pid := 0
	for _, c := range name {
		if c == 0 {
			break
		}
		if c < '0' || c > '9' {
			return
		}
		pid = pid*10 + int(c-'0')
	}
	fd, ok := f.processes[pid]
	if !ok {
		var err error
		if fd, err = unix.Open("/proc/"+strconv.Itoa(pid)+"/stat", unix.O_RDONLY, 0); err != nil {
			return
		}
		f.processes[pid] = fd
	}
	n, err := unix.Pread(fd, f.buffer, 0)
	if err != nil {
		return // it ended; the descriptor is closed as not seen
	}
	f.seen[pid] = true
	f.parse(f.buffer[:n])
}

// parse adds up the numbers in text, the least that any parser does.
func (f *floor) parse(text []byte) {
	var number uint64
	for _, c := range text {
		if '0' <= c && c <= '9' {
			number = number*10 + uint64(c-'0')
			continue
		}
		f.sum += number
		number = 0
	}
}

// connectMQTT sends an MQTT 3.1.1 CONNECT and waits for its CONNACK.
func connectMQTT(conn net.Conn) error {
	id := "floor-" + strconv.Itoa(os.Getpid())
	body := append([]byte("\x00\x04MQTT\x04\x02\x00\x00\x00"), byte(len(id)))
	body = append(body, id...)
	if _, err := conn.Write(append([]byte{0x10, byte(len(body))}, body...)); err != nil {
		return err
	}
	var ack [4]byte
	if _, err := io.ReadFull(conn, ack[:]); err != nil {
		return err
	}
	if ack[3] != 0 {
		return fmt.Errorf("the broker refused with code %d", ack[3])
	}
	return nil
}

// publishPacket returns an MQTT PUBLISH of QoS 0.
func publishPacket(topic string, payload []byte) []byte {
	packet := binary.AppendUvarint([]byte{0x30}, uint64(2+len(topic)+len(payload)))
	packet = binary.BigEndian.AppendUint16(packet, uint16(len(topic)))
	return append(append(packet, topic...), payload...)
}
