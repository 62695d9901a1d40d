package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// DefaultPrefix is the first level of every topic unless configured.
const DefaultPrefix = "systant"

// Kind is the last part of a host's topic.
type Kind string

// The kinds of a host's topics. See docs/mqtt.md for who sends what.
const (
	KindStats     Kind = "stats"              // retained Stats, agent to all
	KindStatus    Kind = "status"             // retained Online or Offline, agent to all and last will
	KindCommands  Kind = "commands"           // Request, anyone to agent
	KindAvailable Kind = "commands/available" // retained Offer, agent to all
	KindResponses Kind = "responses"          // Response, agent to all
	KindBackfill  Kind = "backfill"           // dashboard to agent: the samples it lacks
	KindBacklog   Kind = "backlog"            // agent to dashboard: the lacking samples
	KindEntities  Kind = "homeassistant"      // retained values of entities, agent to Home Assistant
)

// kinds are all of them. The slice never changes.
var kinds = []Kind{KindStats, KindStatus, KindCommands, KindAvailable, KindResponses, KindBackfill, KindBacklog, KindEntities}

// The payloads of [KindStatus].
const (
	Online  = "online"
	Offline = "offline"
)

// ErrHost is returned for a host name that can't be a level of a topic.
var ErrHost = errors.New("a host name is 1 to 63 of a-z, 0-9 and '-', not at either end")

// ErrPrefix is returned for a prefix that can't start a topic.
var ErrPrefix = errors.New("a topic prefix is 1 to 64 of a-z, A-Z, 0-9, '_' and '-', in levels parted by '/'")

// Topics spells every topic. The zero value is not usable: see [NewTopics].
type Topics struct {
	prefix string
}

// NewTopics returns the topics below prefix, or [ErrPrefix].
func NewTopics(prefix string) (Topics, error) {
	if len(prefix) > 64 {
		return Topics{}, fmt.Errorf("prefix of %d bytes: %w", len(prefix), ErrPrefix)
	}
	for level := range strings.SplitSeq(prefix, "/") {
		if level == "" || strings.Trim(level, levelCharacters) != "" {
			return Topics{}, fmt.Errorf("prefix %q: %w", prefix, ErrPrefix)
		}
	}
	return Topics{prefix: prefix}, nil
}

// Host returns the topic of one kind for one host, such as
// "systant/nas/stats". The host must have passed [CheckHost].
func (t Topics) Host(host string, kind Kind) string {
	return t.prefix + "/" + host + "/" + string(kind)
}

// AllHosts returns the subscription filter for one kind of every host.
func (t Topics) AllHosts(kind Kind) string {
	return t.prefix + "/+/" + string(kind)
}

// Alert returns the topic of one rule's state for one host.
func (t Topics) Alert(rule, host string) string {
	return t.prefix + "/alerts/" + rule + "/" + host
}

// ParseHost splits a topic that [Topics.Host] spells. It returns ErrHost for
// a host that no agent would use, and another error for any other topic.
func (t Topics) ParseHost(topic string) (host string, kind Kind, err error) {
	rest, ok := strings.CutPrefix(topic, t.prefix+"/")
	if !ok {
		return "", "", fmt.Errorf("topic %.80q is not below %s", topic, t.prefix)
	}
	host, last, _ := strings.Cut(rest, "/")
	if err := CheckHost(host); err != nil {
		return "", "", err
	}
	if kind := Kind(last); slices.Contains(kinds, kind) {
		return host, kind, nil
	}
	return "", "", fmt.Errorf("topic %.80q has no known kind", topic)
}

// IsReply tells whether a topic can be where a host's answer is wanted: below
// the prefix, and none of the topics that mean something else, other hosts'
// responses included, so that nobody can have a host publish its answers as,
// say, another one's sample. It has only the characters of a prefix, '.', ':'
// and '@', as brokers end the connection of who publishes on some topics that
// they let a request name, such as Mosquitto 2.0 one of more than 200 levels.
func (t Topics) IsReply(host, topic string) bool {
	rest, ok := strings.CutPrefix(topic, t.prefix+"/")
	if !ok || len(topic) > maxReply || strings.Count(topic, "/") > maxReplyLevels {
		return false
	}
	for level := range strings.SplitSeq(rest, "/") {
		if level == "" || strings.Trim(level, levelCharacters+".:@") != "" {
			return false
		}
	}
	first, last, _ := strings.Cut(rest, "/")
	if last == string(KindResponses) || strings.HasPrefix(last, string(KindResponses)+"/") {
		return first == host
	}
	return first != "alerts" && last != "" && !slices.Contains(kinds, Kind(last))
}

// The bounds of a topic for answers, in bytes and in slashes.
const (
	maxReply       = 256
	maxReplyLevels = 16
)

// levelCharacters are what a level of a prefix may have.
const levelCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

// CheckHost returns [ErrHost], with the name, unless host is a lower-case DNS
// label: [a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?.
func CheckHost(host string) error {
	bad := len(host) == 0 || len(host) > 63 || host[0] == '-' || host[len(host)-1] == '-'
	for i := 0; i < len(host) && !bad; i++ {
		c := host[i]
		bad = (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-'
	}
	if bad {
		return fmt.Errorf("host %.80q: %w", host, ErrHost)
	}
	return nil
}
