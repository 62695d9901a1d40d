package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

// fleetOptions are the command line of the dashboard's measurement.
type fleetOptions struct {
	stageOptions
	hosts    int
	kinds    string
	interval time.Duration
	past     time.Duration
	warmup   time.Duration
	duration time.Duration
	browsers int
	stalled  int
	remote   bool
}

// benchFleet measures the dashboard under a simulated fleet.
func benchFleet(ctx context.Context, arguments []string) error {
	var o fleetOptions
	flags := flag.NewFlagSet("bench fleet", flag.ExitOnError)
	flags.StringVar(&o.dashboard, "dashboard", "", "the systant-dashboard binary to measure; empty: it is built")
	flags.IntVar(&o.hosts, "hosts", 1000, "how `many` hosts")
	flags.StringVar(&o.kinds, "kinds", "raspberry-pi", "the recorded machines that they are: a raspberry-pi has 90 series")
	flags.DurationVar(&o.interval, "interval", 30*time.Second, "time between two samples of a host")
	flags.DurationVar(&o.past, "past", 0, "the time before now whose samples are sent first, as fast as they are taken")
	flags.DurationVar(&o.warmup, "warmup", time.Minute, "time before the measurement")
	flags.DurationVar(&o.duration, "duration", 3*time.Minute, "time measured, once without stalled browsers and once with them")
	flags.IntVar(&o.browsers, "browsers", 10, "how `many` browsers read all events")
	flags.IntVar(&o.stalled, "stalled", 0, "how `many` browsers ask for events and read none")
	flags.BoolVar(&o.mosquitto, "mosquitto", false, "use Mosquitto instead of the embedded broker")
	flags.BoolVar(&o.remote, "remote", false, "keep the history in another engine: one that only counts")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	o.maxHosts = o.hosts
	if o.remote {
		engine := startEngine()
		defer engine.Close()
		o.history = fmt.Sprintf("embedded = false\nremote_write_url = \"%s/api/v1/write\"\nquery_url = %[1]q", engine.URL)
	}
	s, err := setUp(ctx, o.stageOptions)
	defer s.tearDown()
	if err != nil {
		return err
	}
	return o.measure(ctx, s)
}

// measure has the fleet's past sent, and then looks at the present.
func (o fleetOptions) measure(ctx context.Context, s *stage) error {
	seen := &sight{stage: s}
	if o.past > 0 {
		if err := o.sendPast(ctx, s, seen); err != nil {
			return err
		}
	}
	phases := 1 + min(o.stalled, 1)
	live, err := o.fleet(ctx, s, "-duration", (ready + o.warmup + time.Duration(phases)*o.duration).String())
	if err != nil {
		return err
	}
	defer live.stop()
	ctx, browsers := o.open(ctx, s)
	defer browsers.close()
	if err := pause(ctx, o.warmup); err != nil {
		return err
	}
	if err := o.phase(ctx, seen, browsers, "live"); err != nil || o.stalled == 0 {
		return err
	}
	for range o.stalled {
		browsers.Go(func() { stall(ctx, s.http) })
	}
	return o.phase(ctx, seen, browsers, fmt.Sprintf("with %d stalled", o.stalled))
}

// fleet starts the simulator.
func (o fleetOptions) fleet(ctx context.Context, s *stage, arguments ...string) (*subject, error) {
	all := append([]string{"-hosts", strconv.Itoa(o.hosts), "-kinds", o.kinds, "-interval", o.interval.String(), "-broker", "mqtt://" + s.mqtt, "-keep"}, arguments...)
	return start(ctx, s.simulate, all...)
}

// sendPast sends the samples of the past and prints what they have cost.
func (o fleetOptions) sendPast(ctx context.Context, s *stage, seen *sight) error {
	before, err := seen.look(ctx)
	if err != nil {
		return err
	}
	sender, err := o.fleet(ctx, s, "-past", o.past.String(), "-duration", "1ms")
	if err != nil {
		return err
	}
	defer sender.stop()
	for sender.running() {
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
		if _, err := seen.look(ctx); err != nil {
			return err
		}
	}
	after, err := seen.look(ctx)
	if err != nil {
		return err
	}
	return seen.report(os.Stdout, fmt.Sprintf("past %v", o.past), before, after, nil)
}

// phase measures for a while and prints what was seen.
func (o fleetOptions) phase(ctx context.Context, seen *sight, browsers *browsers, name string) error {
	browsers.take()
	before, err := seen.look(ctx)
	if err != nil {
		return err
	}
	seen.most = before.memory
	for end := time.Now().Add(o.duration); time.Now().Before(end); {
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
		if _, err := seen.look(ctx); err != nil {
			return err
		}
	}
	after, err := seen.look(ctx)
	if err != nil {
		return err
	}
	return seen.report(os.Stdout, name, before, after, browsers.take())
}

// browsers are readers that run.
type browsers struct {
	sync.WaitGroup
	readers []*reader
	cancel  context.CancelFunc
}

// open starts the readers, and returns a context that ends with them.
func (o fleetOptions) open(ctx context.Context, s *stage) (context.Context, *browsers) {
	ctx, cancel := context.WithCancel(ctx)
	b := &browsers{cancel: cancel}
	for range o.browsers {
		r := &reader{}
		b.readers = append(b.readers, r)
		b.Go(func() { r.run(ctx, s) })
	}
	return ctx, b
}

// close ends the readers.
func (b *browsers) close() {
	b.cancel()
	b.Wait()
}

// take returns the ages of all samples that were read since the call before.
func (b *browsers) take() []time.Duration {
	var all []time.Duration
	for _, r := range b.readers {
		all = append(all, r.take()...)
	}
	return all
}

// errLost is returned where a measurement is worth nothing, as the dashboard
// did not do its work.
var errLost = errors.New("the dashboard did not take everything")
