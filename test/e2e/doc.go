// Package e2e tests the built programs together: a real Mosquitto, the agent
// and the dashboard, as a user runs them, over the network and the kernel
// they find. It has tests only.
//
// The programs are built first, or taken from the folder that SYSTANT_BIN
// names. Without Mosquitto most tests are skipped, and fail where CI is set.
package e2e
