// Package collect reads the host's metrics from procfs, sysfs, NVML and the
// system bus, natively: it starts no process.
//
// A [Collector] fills one or a few groups of a [schema.Stats]. The [Sampler]
// runs the registered ones one after another, and keeps what the others read
// when one fails, panics or hangs. To add a collector: write its file here,
// its payload in schema, and its line in all.go.
//
// Everything but NVML and the agent's own cost is read through a
// [kernel.Host], so that the recorded machines in testdata stand in for hosts
// that no test has.
//
// It does not publish, store or compare anything.
package collect
