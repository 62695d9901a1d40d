// Package homeassistant makes a host a device of Home Assistant, by MQTT device
// discovery (https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload).
//
// [Config.Survey] finds the entities of a sample. [Survey.Document] describes
// them, and [Survey.Values] is what they show: one flat object, so that every
// template is the same constant around a key, and Home Assistant has one small
// payload to parse, at a pace of its own. The [Announcer] decides
// when to publish both, and takes leave of entities whose subject is gone. All
// it has to remember is the document that the broker keeps. [Check] holds a
// document against the rules of Home Assistant.
package homeassistant
