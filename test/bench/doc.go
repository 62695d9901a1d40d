// Bench measures what Systant costs, and what it gives for that:
//
//	go run ./test/bench agent     the agent, beside the least work that its job needs
//	go run ./test/bench fleet     the dashboard under a simulated fleet
//	go run ./test/bench page      the page in a browser
//	go run ./test/bench history   what a year takes on disk, and charts of it
//
// Each starts what it measures by itself, from the folder of the repository, on
// free ports of the loopback interface, and ends it again; -h lists the flags,
// which for history are those of go test.
//
// The agent runs beside a floor (a Go program that does the least work the same
// job needs) on the same host and the same processes, and both and their ratio
// are printed. Ratios hold on noisy machines where absolute numbers don't.
//
// CPU time is the process clock (clock_gettime(2) on another process), in
// nanoseconds, user and system together.
package main
