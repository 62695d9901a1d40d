package dashboard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"systant/dashboard/internal/broker"
	"systant/dashboard/internal/fleet"
	"systant/dashboard/internal/ingest"
	"systant/dashboard/internal/live"
	"systant/dashboard/internal/web"
	"systant/pkg/schema"
)

// Version is the dashboard's, as shown on the page.
const Version = schema.Version

// The bounds of the live events.
const (
	maxSessions  = 256
	writeTimeout = 5 * time.Second
	pingEvery    = 15 * time.Second
)

// extraClients is the room in the dashboard's own broker for clients that are
// no hosts: Home Assistant, people's tools, the dashboard.
const extraClients = 200

// Dashboard is a dashboard that has its addresses and is not running yet, or
// not any more. See [New].
type Dashboard struct {
	config Config
	log    *slog.Logger
	page   net.Listener
	broker *broker.Broker // nil when another one is used
	link   *link
	hub    *live.Hub
	feed   *feed
	memory *memory // nil where nothing is remembered
	server *web.Server
}

// New takes the addresses that the configuration names and returns a
// dashboard that waits for [Dashboard.Run].
func New(c Config, log *slog.Logger) (*Dashboard, error) {
	d := &Dashboard{config: c, log: log}
	var err error
	if d.page, err = listen("the page", "listen in [http]", c.Listen); err != nil {
		return nil, err
	}
	if err := d.join(); err != nil {
		d.page.Close()
		return nil, err
	}
	return d, nil
}

// listen takes an address, and says what it was for when that fails.
func listen(what, option, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); ok {
			err = op.Err
		}
		return nil, fmt.Errorf("no address for %s: %s: %w (see %s)", what, address, err, option)
	}
	return l, nil
}

// join builds the parts and tells each of its neighbours.
func (d *Dashboard) join() error {
	hosts := fleet.New(fleet.Options{MaxHosts: d.config.MaxHosts, ForgetAfter: d.config.ForgetAfter})
	gate := ingest.New(d.config.Topics, hosts, d.log)
	if d.memory = newMemory(d.config.History, d.log, func() { d.feed.remembered() }, recaller(hosts)); d.memory != nil {
		gate = ingest.New(d.config.Topics, &recorder{hosts, d.memory}, d.log)
	}
	options := d.config.MQTT
	if d.config.Embedded {
		own, err := d.ownBroker()
		if err != nil {
			return err
		}
		d.broker = own
		options = d.config.ownMQTT(own.Addr())
	}
	state := &brokerState{broker: Broker{
		Embedded: d.config.Embedded,
		Address:  options.Address(),
		Since:    time.Now().UTC(),
		Error:    "not connected yet",
	}}
	v := &view{fleet: hosts, ingest: gate, broker: state, memory: d.memory, version: Version, log: d.log}
	d.hub = live.New(v, live.Options{MaxSessions: maxSessions, WriteTimeout: writeTimeout, PingEvery: pingEvery})
	v.hub = d.hub
	d.feed = &feed{fleet: hosts, hub: d.hub, view: v, memory: d.memory, log: d.log}
	d.link = &link{options: options, topics: d.config.Topics, ingest: gate, fleet: hosts, state: state, feed: d.feed, log: d.log}
	o := web.Options{State: v, Events: d.hub, Version: Version, AllowedHosts: d.config.AllowedHosts, Log: d.log}
	if d.memory != nil {
		o.Queries, o.Past = d.memory.queries, past{hosts, d.memory}
	}
	var err error
	d.server, err = web.New(o)
	return err
}

// ownBroker takes the address of the dashboard's own broker.
func (d *Dashboard) ownBroker() (*broker.Broker, error) {
	c := d.config.Broker
	l, err := listen("the embedded broker", "listen in [broker], or set host in [mqtt] to use another broker", c.Listen)
	if err != nil {
		return nil, err
	}
	own, err := broker.New(l, broker.Options{
		Username:   c.Username,
		Password:   c.Password,
		MaxClients: d.config.MaxHosts + extraClients,
		Log:        d.log,
	})
	if err != nil {
		l.Close()
		return nil, err
	}
	return own, nil
}

// URL returns where the page is.
func (d *Dashboard) URL() string {
	address, ok := d.page.Addr().(*net.TCPAddr)
	if ok && address.IP.IsUnspecified() {
		return fmt.Sprintf("http://localhost:%d", address.Port)
	}
	return "http://" + d.page.Addr().String()
}

// BrokerAddr returns where the dashboard's own broker listens, or nil when
// another one is used.
func (d *Dashboard) BrokerAddr() net.Addr {
	if d.broker == nil {
		return nil
	}
	return d.broker.Addr()
}

// Run serves until ctx ends, and then returns nil. It is called once.
func (d *Dashboard) Run(ctx context.Context) error {
	tasks, ctx := errgroup.WithContext(ctx)
	// The broker outlives the link to it, so that the link can say goodbye.
	brokerCtx, stopBroker := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBroker()
	if d.broker != nil {
		if err := d.broker.Start(); err != nil {
			return errors.Join(err, d.page.Close())
		}
		tasks.Go(func() error { return d.broker.Wait(brokerCtx) })
	}
	tasks.Go(func() error {
		defer stopBroker()
		return d.link.run(ctx)
	})
	tasks.Go(func() error { return tick(ctx, d.feed.fleet) })
	tasks.Go(func() error { return d.hub.Run(ctx) })
	// The history outlives the server, whose queries read it, and the feed, which
	// tells it what became of hosts.
	historyCtx, stopHistory := context.WithCancel(context.WithoutCancel(ctx))
	defer stopHistory()
	if d.memory != nil {
		d.memory.run(historyCtx, tasks)
	}
	var using sync.WaitGroup
	using.Add(2)
	tasks.Go(func() error {
		defer using.Done()
		return d.feed.run(ctx)
	})
	tasks.Go(func() error {
		defer using.Done()
		return d.server.Run(ctx, d.page)
	})
	tasks.Go(func() error {
		using.Wait()
		stopHistory()
		return nil
	})
	tasks.Go(func() error { return d.stayAlive(ctx) })
	d.ready()
	return tasks.Wait()
}

// ready tells the operator, and whoever waits, that the page can be opened.
func (d *Dashboard) ready() {
	d.log.Info("dashboard ready", "url", d.URL(), "broker", d.link.state.now().Address, "embedded", d.config.Embedded)
	d.config.Notifier.Ready()
}

// stayAlive tells the service manager, until ctx ends, that the dashboard is
// alive: that what the page shows can be read. The disk has no part in it, since
// a slow one is no reason to end what shows the present.
func (d *Dashboard) stayAlive(ctx context.Context) error {
	ticks, stop := d.config.Notifier.Ticker()
	defer stop()
	for {
		select {
		case <-ctx.Done():
			d.config.Notifier.Stopping()
			return nil
		case <-ticks:
			d.feed.fleet.States()
			d.hub.Sessions()
			d.config.Notifier.Alive()
		}
	}
}

// Run is [New] and [Dashboard.Run] in one.
func Run(ctx context.Context, c Config, log *slog.Logger) error {
	d, err := New(c, log)
	if err != nil {
		return err
	}
	return d.Run(ctx)
}
