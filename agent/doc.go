// Package agent is the program that watches one host: it joins the collectors
// to the MQTT link and keeps them running. [Load] reads the configuration,
// [Run] is the agent's life, [Once] takes a single sample.
//
// It is the only place where the agent's parts meet; what it reads from the
// kernel stands in internal/collect.
package agent
