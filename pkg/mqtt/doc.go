// Package mqtt is the link to a broker that both programs use: MQTT 5 over
// TCP, TLS or WebSocket. It connects, says in one line why it can't, comes
// back by itself after an outage, publishes and subscribes.
//
// A [Section] of a configuration becomes [Options]; [Open] starts a [Link],
// which lives until [Link.Close]. Sessions don't outlive the connection, so
// that nothing that was sent during an outage arrives late. No broker, however
// hostile, makes a link hold more than a few packets, or keeps it waiting for
// ever. What topics and payloads mean is not this package's business.
package mqtt
