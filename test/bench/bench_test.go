package main

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestFloorReachesTheBroker(t *testing.T) {
	b, err := startBroker()
	if err != nil {
		t.Fatal(err)
	}
	defer b.server.Close()
	conn, err := net.Dial("tcp", b.address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := connectMQTT(conn); err != nil {
		t.Fatal(err)
	}
	f := &floor{processes: make(map[int]int), seen: make(map[int]bool), buffer: make([]byte, 64<<10), dirents: make([]byte, 16<<10)}
	if f.proc, err = openProc(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := f.cycle(); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := f.processes[os.Getpid()]; !ok || f.sum == 0 {
		t.Errorf("floor read %d processes, own among them: %v, want it among them", len(f.processes), ok)
	}
	// DISCONNECT behind it makes the broker end the link once it has read all.
	packet := append(publishPacket("floor/stats", make([]byte, floorPayload)), 0xe0, 0)
	if _, err := conn.Write(packet); err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Read(make([]byte, 1))
	if messages, size := b.tally.mean("floor"); messages != 1 || size != floorPayload {
		t.Errorf("broker saw %d messages of %d bytes, want 1 of %d", messages, size, floorPayload)
	}
}

func TestSubjectIsMeasured(t *testing.T) {
	s := &subject{command: &exec.Cmd{Process: &os.Process{Pid: os.Getpid()}}, ended: make(chan error, 1)}
	before, err := s.cpu()
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Millisecond); time.Now().Before(deadline); {
	}
	after, err := s.cpu()
	if err != nil || after <= before || after-before > time.Second {
		t.Errorf("CPU time of a busy millisecond: %v, error %v, want about 1ms", after-before, err)
	}
	if err := s.weigh(); err != nil || s.pss < 500 || s.threads < 2 {
		t.Errorf("memory %d KiB, %d threads, error %v, want some of both", s.pss, s.threads, err)
	}
}

func TestReport(t *testing.T) {
	of := func(ms ...time.Duration) *subject {
		s := &subject{pss: 2048, threads: 1, io: 10}
		for _, m := range ms {
			s.cycles = append(s.cycles, m*time.Millisecond)
		}
		return s
	}
	b := &broker{tally: &tally{messages: map[string]int{"systant": 2, "floor": 2}, bytes: map[string]int{"systant": 100, "floor": 100}}}
	var out bytes.Buffer
	if err := report(&out, options{ratio: 3}, b, of(4, 2, 9), of(2, 1, 2)); err != nil {
		t.Errorf("twice the floor: error %v, want nil", err)
	}
	if got := out.String(); !strings.Contains(got, "median   4.00   2.00    2.0") {
		t.Errorf("got\n%s\nwant a median of 4.00 and 2.00", got)
	}
	if err := report(&out, options{ratio: 3}, b, of(7), of(2)); err == nil {
		t.Error("more than thrice the floor: no error")
	}
	if err := report(&out, options{}, &broker{tally: &tally{}}, of(1), of(1)); err == nil {
		t.Error("an agent that publishes nothing: no error")
	}
}
