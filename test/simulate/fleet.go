package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// expiry is how many intervals the broker keeps a sample, as agents ask.
const expiry = 3

// readMachines returns the samples that the agent's tests expect of the
// recorded machines whose kind matches a pattern, each with the kind as host
// name.
func readMachines(folder, kinds string) ([]schema.Stats, error) {
	names, err := filepath.Glob(filepath.Join(folder, kinds+".json"))
	if err != nil {
		return nil, err
	}
	var machines []schema.Stats
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var machine schema.Stats
		if err := json.Unmarshal(data, &machine); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		machine.Hostname = strings.TrimSuffix(filepath.Base(name), ".json")
		machines = append(machines, machine)
	}
	if len(machines) == 0 {
		return nil, fmt.Errorf("no recorded machines %s in %s; start at the repository's root or use -machines", kinds, folder)
	}
	return machines, nil
}

// fleet is all hosts.
type fleet struct {
	options options
	topics  schema.Topics
	hosts   []*host
}

// newFleet returns a fleet at a moment.
func newFleet(o options, topics schema.Topics, machines []schema.Stats, now time.Time) *fleet {
	f := &fleet{options: o, topics: topics}
	for n := range o.hosts {
		random := rand.New(rand.NewPCG(o.seed, uint64(n)))
		f.hosts = append(f.hosts, newHost(n, machines[n%len(machines)], o.interval, now, random))
	}
	return f
}

// count is what was published.
type count struct {
	samples, bytes, failed int
	slowest                time.Duration // the longest publish
}

// add adds what another connection published.
func (c *count) add(d count) {
	c.samples += d.samples
	c.bytes += d.bytes
	c.failed += d.failed
	c.slowest = max(c.slowest, d.slowest)
}

// publish publishes until ctx ends; hosts are dealt out to the connections,
// and their samples spread over the interval.
func (f *fleet) publish(ctx context.Context, o mqtt.Options) (count, error) {
	var wait sync.WaitGroup
	var mu sync.Mutex // guards total and fault
	var total count
	var fault error
	connections := min(f.options.connections, len(f.hosts))
	for n := range connections {
		wait.Go(func() {
			var mine []*host
			for i := n; i < len(f.hosts); i += connections {
				mine = append(mine, f.hosts[i])
			}
			c, err := f.carry(ctx, o, mine)
			mu.Lock()
			defer mu.Unlock()
			total.add(c)
			fault = errors.Join(fault, err)
		})
	}
	wait.Wait()
	return total, fault
}

// carry publishes some hosts over one connection.
func (f *fleet) carry(ctx context.Context, o mqtt.Options, hosts []*host) (count, error) {
	var c count
	link := mqtt.Open(ctx, o)
	// The farewell must still be sent when ctx is over.
	closing := func(farewell ...mqtt.Message) error {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return link.Close(end, farewell...)
	}
	up, cancel := context.WithTimeout(ctx, o.ConnectTimeout)
	defer cancel()
	if err := link.AwaitUp(up); err != nil {
		return c, errors.Join(err, closing())
	}
	pause := max(f.options.interval/time.Duration(len(hosts)), time.Microsecond)
	for at := hosts[0].last; at.Before(time.Now()) && ctx.Err() == nil && f.options.past > 0; {
		for _, h := range hosts {
			at = at.Add(pause)
			f.send(ctx, link, h, at, &c)
		}
	}
	ctx, cancel = context.WithTimeout(ctx, f.options.duration)
	defer cancel()
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for n := 0; ctx.Err() == nil; n = (n + 1) % len(hosts) {
		f.send(ctx, link, hosts[n], time.Now(), &c)
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	var farewell []mqtt.Message
	if !f.options.keep {
		for _, h := range hosts {
			if h.online {
				farewell = append(farewell, f.status(h, schema.Offline))
			}
		}
	}
	return c, closing(farewell...)
}

// send publishes a host's next sample, as taken at a moment, and its status
// when that has changed.
func (f *fleet) send(ctx context.Context, link *mqtt.Link, h *host, at time.Time, c *count) {
	now := time.Now()
	payload, err := json.Marshal(h.next(at))
	if err != nil {
		panic(err) // a sample is plain data
	}
	messages := []mqtt.Message{{
		Topic:   f.topics.Host(h.stats.Hostname, schema.KindStats),
		Payload: payload, QoS: 1, Retain: true, Expiry: expiry * f.options.interval,
	}}
	if !h.online {
		messages = append(messages, f.status(h, schema.Online))
	}
	for _, m := range messages {
		if err := link.Publish(ctx, m); err != nil {
			if ctx.Err() == nil {
				c.failed++
			}
			return
		}
	}
	h.online = true
	c.samples++
	c.bytes += len(payload)
	c.slowest = max(c.slowest, time.Since(now))
}

// status returns the message that a host is online or offline.
func (f *fleet) status(h *host, state string) mqtt.Message {
	return mqtt.Message{Topic: f.topics.Host(h.stats.Hostname, schema.KindStatus), Payload: []byte(state), QoS: 1, Retain: true}
}
