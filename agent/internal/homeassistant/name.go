package homeassistant

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"systant/pkg/schema"
)

// The bounds of what is made of a host's texts, in characters.
const (
	maxSlug = 40
	maxName = 80
)

// suffixes are the ends of fields that say the unit, which an entity says
// itself.
var suffixes = map[schema.Unit]string{
	schema.Percent:        "_percent",
	schema.Bytes:          "_bytes",
	schema.BytesPerSecond: "_bytes_per_second",
	schema.BitsPerSecond:  "_bits_per_second",
	schema.PerSecond:      "_per_second",
	schema.Seconds:        "_seconds",
	schema.Celsius:        "_celsius",
	schema.Hertz:          "_hertz",
	schema.Watts:          "_watts",
}

// field returns the name of a metric in its group, without the unit: "usage",
// "rx_total".
func field(m schema.Metric) string {
	name := m.Field()
	if suffix := suffixes[m.Unit]; suffix != "" {
		total, counter := strings.CutSuffix(name, "_total")
		name = strings.TrimSuffix(total, suffix)
		if counter {
			name += "_total"
		}
	}
	if m.Unit == schema.Celsius && !strings.HasSuffix(name, "temperature") && !strings.HasPrefix(m.ID, "temperature.") {
		name += "_temperature"
	}
	if name == "value" {
		return "" // says nothing beside the group
	}
	return name
}

// join puts words together that may be empty.
func join(separator string, words ...string) string {
	var there []string
	for _, word := range words {
		if word != "" {
			there = append(there, word)
		}
	}
	return strings.Join(there, separator)
}

// metricKey returns the key of a metric's component. Fields and groups have no
// two underscores in a row, so that no two metrics have the same.
func metricKey(g schema.Group, m schema.Metric, instance string) string {
	key := join("_", groupOf(g.Name).key, field(m))
	if g.Instance != "" {
		key += "__" + exactSlug(instance)
	}
	return key
}

// slug returns a text with nothing but a-z, 0-9 and single underscores between
// them.
func slug(text string) string {
	if text == "/" {
		return "root"
	}
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else if s := b.String(); s != "" && s[len(s)-1] != '_' {
			b.WriteByte('_')
		}
	}
	s := b.String()
	return strings.Trim(s[:min(len(s), maxSlug)], "_")
}

// exactSlug returns a slug that no other text has: where the slug alone does
// not tell the text, digits of the text's hash follow.
func exactSlug(text string) string {
	s := slug(text)
	if text == "/" || s != "root" && (s == text || "/"+strings.ReplaceAll(s, "_", "/") == text) {
		return s
	}
	sum := sha256.Sum256([]byte(text))
	return join("_", s, hex.EncodeToString(sum[:4]))
}

// entityID returns the id that is proposed for an entity, or nothing where none
// is wanted.
func (c *Config) entityID(platform string, words ...string) string {
	if !c.EntityIDs {
		return ""
	}
	return platform + "." + join("_", append([]string{slug(c.Host)}, words...)...)
}

// lowerFirst returns a label as it stands within a sentence: in lower case,
// unless it starts with an acronym.
func lowerFirst(label string) string {
	first, size := utf8.DecodeRuneInString(label)
	second, _ := utf8.DecodeRuneInString(label[size:])
	if !unicode.IsLower(second) {
		return label
	}
	return string(unicode.ToLower(first)) + label[size:]
}

// upperFirst returns a text as it starts a name.
func upperFirst(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if first == utf8.RuneError {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// cut returns the first characters of a text.
func cut(text string, most int) string {
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i]
		}
	}
	return text
}
