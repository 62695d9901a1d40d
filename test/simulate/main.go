// Command simulate is a fleet that does not exist: many hosts that publish
// samples as agents do, to see what dashboards and brokers do with them. Its
// hosts are the recorded machines of the agent's tests with values that move;
// some have a problem, such as a full disk, a hot sensor or failed units.
//
//	go run ./test/simulate -hosts 1000 -interval 30s -broker mqtt://127.0.0.1:1883 -duration 60s
//
// With -past it first sends, as fast as the broker takes them, the samples of
// that time until now; -duration counts from then on. It stops by itself and then says that its hosts are offline, unless -keep.
// A few connections carry all hosts, so that none has a will of its own: when
// it is killed, the hosts go stale.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"systant/pkg/config"
	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// options is what the command line sets.
type options struct {
	hosts       int
	connections int
	interval    time.Duration
	duration    time.Duration
	broker      string
	username    string
	prefix      string
	machines    string
	kinds       string
	past        time.Duration
	seed        uint64
	keep        bool
}

func main() {
	var o options
	flag.IntVar(&o.hosts, "hosts", 100, "how `many` hosts")
	flag.IntVar(&o.connections, "connections", 8, "how `many` connections carry them")
	flag.DurationVar(&o.interval, "interval", 30*time.Second, "the `time` between two samples of a host")
	flag.DurationVar(&o.duration, "duration", time.Minute, "the `time` after which to stop")
	flag.StringVar(&o.broker, "broker", "mqtt://127.0.0.1:1883", "the broker's `URL`")
	flag.StringVar(&o.username, "username", "", "the `name` to log in with; the password is MQTT_PASSWORD")
	flag.StringVar(&o.prefix, "prefix", schema.DefaultPrefix, "the first `level` of every topic")
	flag.StringVar(&o.machines, "machines", "agent/internal/collect/testdata/machines", "the `folder` of the recorded machines")
	flag.StringVar(&o.kinds, "kinds", "*", "the `names` of the recorded machines to take, as a shell's pattern")
	flag.DurationVar(&o.past, "past", 0, "the `time` before now whose samples are sent first")
	flag.Uint64Var(&o.seed, "seed", 1, "a `number`; the same one gives the same fleet")
	flag.BoolVar(&o.keep, "keep", false, "leave the hosts online at the end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, slog.Default()); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

// run simulates the fleet until the duration is over or ctx ends.
func run(ctx context.Context, o options, log *slog.Logger) error {
	if o.hosts < 1 || o.connections < 1 || o.interval <= 0 {
		return errors.New("-hosts, -connections and -interval must be more than 0")
	}
	topics, err := schema.NewTopics(o.prefix)
	if err != nil {
		return err
	}
	machines, err := readMachines(o.machines, o.kinds)
	if err != nil {
		return err
	}
	link, err := linkOptions(o)
	if err != nil {
		return err
	}
	f := newFleet(o, topics, machines, time.Now().Add(-o.past))
	count, err := f.publish(ctx, link)
	log.Info("fleet stopped", "hosts", o.hosts, "machines", len(machines),
		"samples", count.samples, "bytes", count.bytes, "failed", count.failed, "slowest", count.slowest)
	return err
}

// linkOptions returns how to reach the broker.
func linkOptions(o options) (mqtt.Options, error) {
	file, err := config.Parse("command line", nil)
	if err != nil {
		return mqtt.Options{}, err
	}
	section := mqtt.DefaultSection()
	section.Host, section.Username = o.broker, o.username
	getenv := func(name string) string {
		if name == "MQTT_PASSWORD" {
			return os.Getenv(name)
		}
		return "" // the flags say the rest
	}
	options, err := section.Options(file, getenv)
	options.ClientName = "simulate"
	return options, err
}
