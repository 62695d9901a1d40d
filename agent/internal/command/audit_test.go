package command

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestJournalHasEachRecord(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "socket")
	journal, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	var stream bytes.Buffer
	a, err := openAudit("", socket, &stream)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.write(Record{Event: EventStart, RequestID: "1", Source: "a\nPRIORITY=0"}, true); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	if err := journal.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	n, err := journal.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	got := string(buffer[:n])
	if strings.Count(got, "\n") != 3 || !strings.Contains(got, "SYSLOG_IDENTIFIER=systant-audit\n") || !strings.Contains(got, `MESSAGE={"time"`) || stream.Len() > 0 {
		t.Errorf("got %q in the journal and %q in the stream, want three fields in the former", got, &stream)
	}
	journal.Close()
	if err := a.write(Record{Event: EventEnd}, false); err != nil || !strings.Contains(stream.String(), `"event":"end"`) {
		t.Errorf("without a journal: got %v and %q in the stream", err, &stream)
	}
}

func TestAuditFilesAreBounded(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "audit.jsonl")
	a, err := openAudit(path, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	record := Record{Event: EventStart, Error: strings.Repeat("x", auditLine/2)}
	for range (auditFiles + 2) * auditSize / (auditLine / 2) {
		if err := a.write(record, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != auditFiles {
		t.Errorf("got %d files, %v, want %d", len(files), err, auditFiles)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil || info.Size() > auditSize || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v, %v", file.Name(), info, err)
		}
	}
}

func TestAuditMendsTornLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	if err := os.WriteFile(path, []byte("{\"event\":\"start\"}\n{\"eve"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := openAudit(path, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.close() }) // what it wrote is read below
	if err := a.write(Record{Event: EventEnd}, false); err != nil {
		t.Fatal(err)
	}
	var events []Event
	if err := a.recall(func(r Record) { events = append(events, r.Event) }); err != nil || len(events) != 2 || events[1] != EventEnd {
		t.Errorf("got %v, %v, want both whole lines", events, err)
	}
}

func TestAuditRefusesLinks(t *testing.T) {
	folder := t.TempDir()
	if err := os.Symlink("/etc/passwd", filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder + "/link", folder, folder + "/none/audit"} {
		if _, err := openAudit(path, "", nil); err == nil {
			t.Errorf("%s: got no error", path)
		}
	}
}

// FuzzRecords checks that no content of an audit log keeps an agent from
// starting.
func FuzzRecords(f *testing.F) {
	line, err := json.Marshal(Record{Event: EventStart, RequestID: "1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(line, '\n'), 3)
	f.Add([]byte("\x00\n{"), 100_000)
	f.Fuzz(func(t *testing.T, log []byte, padding int) {
		log = append(log, bytes.Repeat([]byte{'x'}, max(0, padding%100_000))...)
		log = append(append(append(log, '\n'), line...), '\n')
		var last Record
		if err := records(bytes.NewReader(log), func(r Record) { last = r }); err != nil || last.RequestID != "1" {
			t.Errorf("got %+v, %v, want the last record", last, err)
		}
	})
}
