// Package dashboard is the program that shows a fleet of hosts live: it joins
// the parts between the broker and the browser and keeps them running. [Load]
// reads the configuration, [New] takes the addresses, [Dashboard.Run] is the
// dashboard's life.
//
// It is the only place where those parts meet. The way of a sample: link ->
// ingest -> fleet, and from there the feed tells live what has changed.
package dashboard
