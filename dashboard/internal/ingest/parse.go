package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"systant/pkg/schema"
)

// Reason says in one word why a message was refused. There are few, since
// each is a label of a counter.
type Reason string

// The reasons to refuse a message.
const (
	ReasonTopic     Reason = "topic"     // not a topic of a host
	ReasonSize      Reason = "size"      // more bytes than a sample can have
	ReasonJSON      Reason = "json"      // not one JSON object in UTF-8
	ReasonDepth     Reason = "depth"     // nested too deeply
	ReasonType      Reason = "type"      // a known field has another type
	ReasonHostname  Reason = "hostname"  // the payload names another host than the topic
	ReasonTimestamp Reason = "timestamp" // no usable timestamp
	ReasonCount     Reason = "count"     // more instances or longer texts than a host can have
	ReasonStatus    Reason = "status"    // neither online nor offline
	ReasonFull      Reason = "full"      // no room in the fleet
)

// Reasons returns all of them, in the order in which they are checked.
func Reasons() []Reason {
	return []Reason{
		ReasonTopic, ReasonStatus, ReasonSize, ReasonJSON, ReasonDepth, ReasonType,
		ReasonHostname, ReasonTimestamp, ReasonCount, ReasonFull,
	}
}

// The bounds of one sample. A host with 1,024 CPUs and as many disks keeps
// well within them.
const (
	MaxPayload   = 256 << 10 // bytes
	maxDepth     = 16        // objects and lists within each other
	maxInstances = 4096      // keys of one group
	maxRows      = 1024      // rows of one table
	maxKey       = 1024      // bytes of an instance's name
	maxTags      = 64
	maxText      = 512 // bytes of a text that is shown for every host
)

// The times before and after which no sample was taken.
var (
	firstMoment = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	lastMoment  = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// refusal is why a message was not taken.
type refusal struct {
	reason Reason
	detail string
}

// Error returns the detail, which holds no more than names from the payload.
func (r *refusal) Error() string { return r.detail }

// refuse returns a refusal.
func refuse(reason Reason, detail string) error { return &refusal{reason, detail} }

// reasonOf returns the reason of an error made by [refuse].
func reasonOf(err error) Reason {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.reason
	}
	return ReasonJSON
}

// ParseStats decodes the payload of host's stats topic and checks all that
// the rest of the dashboard relies on.
func ParseStats(host string, payload []byte) (*schema.Stats, error) {
	if err := checkShape(payload); err != nil {
		return nil, err
	}
	var stats schema.Stats
	if err := json.Unmarshal(payload, &stats); err != nil {
		return nil, explain(err)
	}
	if stats.Hostname != host {
		return nil, refuse(ReasonHostname, fmt.Sprintf("payload is of host %.80q", stats.Hostname))
	}
	if stats.Timestamp.Before(firstMoment) || stats.Timestamp.After(lastMoment) {
		return nil, refuse(ReasonTimestamp, "timestamp is missing or out of range")
	}
	if err := checkCounts(&stats); err != nil {
		return nil, err
	}
	return &stats, nil
}

// checkShape refuses what must not reach the decoder: it would take the depth
// of 10,000, replace invalid UTF-8, and decode null to nothing.
func checkShape(payload []byte) error {
	if len(payload) > MaxPayload {
		return refuse(ReasonSize, fmt.Sprintf("payload of %d bytes, at most %d are taken", len(payload), MaxPayload))
	}
	if !utf8.Valid(payload) {
		return refuse(ReasonJSON, "payload is not UTF-8")
	}
	if trimmed := bytes.TrimLeft(payload, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return refuse(ReasonJSON, "payload is not a JSON object")
	}
	if depth(payload) > maxDepth {
		return refuse(ReasonDepth, fmt.Sprintf("payload is nested more than %d deep", maxDepth))
	}
	return nil
}

// depth returns how deeply objects and lists lie within each other. The
// number is right for valid JSON, and never too small for what the decoder
// reads before it finds a fault.
func depth(payload []byte) int {
	now, most, quoted := 0, 0, false
	for i := 0; i < len(payload); i++ {
		switch c := payload[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			now++
			most = max(most, now)
		case c == '}', c == ']':
			now--
		}
	}
	return most
}

// explain turns the decoder's error into a refusal that quotes no values.
func explain(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return refuse(ReasonType, fmt.Sprintf("field %.80q must be %s", wrong.Field, wrong.Type))
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return refuse(ReasonJSON, fmt.Sprintf("syntax error at byte %d", syntax.Offset))
	}
	// What is left comes from time.Time's own decoder.
	return refuse(ReasonTimestamp, "a time is not in RFC 3339")
}

// checkCounts bounds what grows with the sample and is shown for every host.
func checkCounts(s *schema.Stats) error {
	for _, err := range []error{
		checkKeys(s.Core), checkKeys(s.Disk), checkKeys(s.Block), checkKeys(s.Network),
		checkKeys(s.Temperature), checkKeys(s.Fan), checkKeys(s.Power), checkKeys(s.GPU),
		checkTables(s), checkTexts(s),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkKeys bounds the instances of one group, and their names.
func checkKeys[T any](group map[string]T) error {
	if len(group) > maxInstances {
		return refuse(ReasonCount, fmt.Sprintf("a group of %d instances, at most %d are taken", len(group), maxInstances))
	}
	for key := range group {
		if len(key) > maxKey {
			return refuse(ReasonCount, fmt.Sprintf("an instance's name of %d bytes, at most %d are taken", len(key), maxKey))
		}
	}
	return nil
}

// checkTables bounds the rows of each table.
func checkTables(s *schema.Stats) error {
	rows := len(s.Tags)
	if s.Processes != nil {
		rows = max(rows, len(s.Processes.TopCPU), len(s.Processes.TopMemory))
	}
	if s.Units != nil {
		rows = max(rows, len(s.Units.FailedUnits))
	}
	if rows > maxRows {
		return refuse(ReasonCount, fmt.Sprintf("a table of %d rows, at most %d are taken", rows, maxRows))
	}
	if len(s.Tags) > maxTags {
		return refuse(ReasonCount, fmt.Sprintf("%d tags, at most %d are taken", len(s.Tags), maxTags))
	}
	return nil
}

// checkTexts bounds the texts in the host's row.
func checkTexts(s *schema.Stats) error {
	texts := append([]string{s.BootID}, s.Tags...)
	if sys := s.System; sys != nil {
		texts = append(texts, sys.OS, sys.OSVersion, sys.Kernel, sys.Architecture, sys.AgentVersion, sys.PrimaryInterface)
	}
	for _, text := range texts {
		if len(text) > maxText {
			return refuse(ReasonCount, fmt.Sprintf("a text of %d bytes, at most %d are taken", len(text), maxText))
		}
	}
	return nil
}

// parseStatus decodes the payload of a status topic.
func parseStatus(payload []byte) (online bool, err error) {
	switch string(payload) {
	case schema.Online:
		return true, nil
	case schema.Offline:
		return false, nil
	}
	return false, refuse(ReasonStatus, fmt.Sprintf("payload of %d bytes is neither online nor offline", len(payload)))
}
