// Package command runs what the host's own configuration allows, and nothing
// else: it reads requests strictly, refuses those that are retained, expired,
// repeated, unsigned where they must not be, or have a parameter that its
// command does not take, writes an audit record before anything runs, and
// answers every request.
//
// It trusts nobody who can publish: in most homes every device with a password
// can. The threats that it stands up to are in docs/security.md.
//
// It does not know MQTT: [Engine.Handle] takes messages, and a function given
// to [New] sends the answers. Processes are run by the package process,
// signatures checked by sshsig.
package command
