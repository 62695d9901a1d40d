// Bench measures what the agent costs: it starts a built systant-agent and,
// beside it, a floor (a Go program that does the least work the same job
// needs) against a broker of its own, lets both run for a while on the same
// host and the same processes, and prints both and their ratio. Ratios hold
// on noisy machines where absolute numbers don't.
//
//	go build -o bin/ ./agent/cmd/systant-agent
//	go run ./test/bench -agent bin/systant-agent -duration 60s -procs 1000
//
// CPU time is the process clock (clock_gettime(2) on another process), in
// nanoseconds, user and system together. With -ratio it fails when the agent
// costs more than so many floors, for use in automated checks.
package main
