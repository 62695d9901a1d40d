// Package collect reads the host's metrics from procfs, sysfs, NVML and the
// system bus, natively: it starts no process.
//
// A [Collector] fills one or a few groups of a [schema.Stats]. The sampler
// runs the registered ones one after another, times them, and keeps what the
// others read when one fails. To add a collector: write its file here, its
// payload in schema, and its line in all.go.
//
// It does not publish, store or compare anything.
package collect
