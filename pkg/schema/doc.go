// Package schema is the vocabulary that agents and dashboards share: every
// MQTT topic, every payload, and the catalogue that describes each metric.
// It imports the standard library only and does no input or output.
//
// An agent fills a [Stats] and publishes it on [Topics.Stats]; a dashboard
// parses the topic with [Topics.ParseHost] and decodes the payload. Whoever
// shows, stores or compares numbers walks [Catalogue] instead of naming
// fields, so that a new metric needs a field and its row, and nothing else.
//
// Shape of a payload: every number that is measured sits at group.field or at
// group.instance.field, in the base unit that the field's name ends with.
// Instances are object keys, never list indexes. Strings and tables are plain
// structs outside the catalogue. What a host does not have is absent, never
// zero.
//
// Compatibility: released fields and topics are neither renamed nor given
// another unit; new ones are added, and readers ignore those they don't know.
package schema
