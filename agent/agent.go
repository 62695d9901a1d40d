package agent

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"systant/agent/internal/collect"
	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

const (
	// onceWindow is the time over which [Once] measures rates.
	onceWindow = time.Second
	// expiryIntervals is for how many intervals a sample is of use: a broker
	// then drops it, so that nobody takes a dead host's last one for news.
	expiryIntervals = 3
	// maxPublish bounds how long one sample waits for the broker.
	maxPublish = 10 * time.Second
	// leaveWithin bounds the goodbye, so that a stop is never held up for
	// long by a broker that does not answer.
	leaveWithin = 3 * time.Second
)

// Run measures and publishes until ctx ends, and then returns nil. It returns
// an [mqtt.ConnectError] when the broker can't be reached within the
// configured time, unless it is told to wait; later outages are only logged.
func Run(ctx context.Context, c Config, log *slog.Logger) error {
	commander, err := newCommander(c, log)
	if err != nil {
		return err
	}
	sampler, err := collect.New(c.Collect, log)
	if err != nil {
		return errors.Join(err, commander.close(ctx))
	}
	started := time.Now()
	sampler.Prime(ctx)
	p := &publisher{config: c, log: log, sampler: sampler, commander: commander, announcer: newAnnouncer(c, log), up: make(chan struct{}, 1)}
	p.announcer.start(ctx)
	if err = p.connect(ctx); err == nil && ctx.Err() == nil {
		log.Info("agent ready", "host", c.Hostname, "server", p.link.Status().Address, "interval", c.Interval, "commands", len(c.Commands.Commands))
		c.Notifier.Ready()
		p.run(ctx, started.Add(c.StartupDelay))
		c.Notifier.Stopping()
		err = p.leave(ctx)
	}
	return errors.Join(err, sampler.Close())
}

// Once takes one sample, with rates over one second, and returns it as
// indented JSON. It needs no broker.
func Once(ctx context.Context, c Config, log *slog.Logger) ([]byte, error) {
	sampler, err := collect.New(c.Collect, log)
	if err != nil {
		return nil, err
	}
	sampler.Prime(ctx)
	select {
	case <-time.After(onceWindow):
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), sampler.Close())
	}
	text, err := json.MarshalIndent(sampler.Sample(ctx), "", "  ")
	return text, errors.Join(err, sampler.Close())
}

// publisher sends one sample each interval for as long as there is a link.
type publisher struct {
	config    Config
	log       *slog.Logger
	sampler   *collect.Sampler
	commander *commander
	announcer *announcer
	link      *mqtt.Link
	up        chan struct{} // a token for each time the link came up
	fault     string        // the error of the last publish, which was logged
}

// connect opens the link and, unless a broker that is away does not matter, waits
// until it has accepted the link. Where it has not, or ctx has ended, the link is
// closed again.
func (p *publisher) connect(ctx context.Context) error {
	o := p.config.MQTT
	o.Will = new(p.status(schema.Offline))
	o.OnUp = p.cameUp
	p.commander.attach(&o)
	p.announcer.attach(&o)
	o.Awaited = !p.config.WaitForBroker
	o.Log = p.log
	p.link = mqtt.Open(ctx, o)
	if !o.Awaited {
		return nil
	}
	wait, cancel := context.WithTimeout(ctx, p.config.ConnectTimeout)
	defer cancel()
	err := p.link.AwaitUp(wait)
	switch {
	case err == nil && ctx.Err() == nil:
		return nil
	case ctx.Err() != nil:
		err = nil // told to stop meanwhile
	}
	return errors.Join(err, p.leave(ctx))
}

// cameUp says that the host is there; the broker may have forgotten.
func (p *publisher) cameUp(ctx context.Context, link *mqtt.Link) {
	if err := link.Publish(ctx, p.status(schema.Online)); err != nil && ctx.Err() == nil {
		p.log.Warn("status not published", "err", err)
	}
	if err := p.commander.cameUp(ctx, link); err != nil && ctx.Err() == nil {
		p.log.Warn("offer of commands not published", "err", err)
	}
	p.announcer.cameUp(link)
	select {
	case p.up <- struct{}{}:
	default:
	}
}

// status returns the retained message that says whether the host is there.
func (p *publisher) status(state string) mqtt.Message {
	return mqtt.Message{
		Topic:   p.config.MQTT.Topics.Host(p.config.Hostname, schema.KindStatus),
		Payload: []byte(state),
		QoS:     1,
		Retain:  true,
	}
}

// run publishes a sample at first, and then each interval, until ctx ends.
// While there is no link it measures nothing; once it is back, it publishes
// at once if a sample is overdue. Home Assistant need not wait for the first.
// The service manager hears from here, and so only while samples are taken,
// that the agent is alive.
func (p *publisher) run(ctx context.Context, first time.Time) {
	timer := time.NewTimer(time.Until(first))
	defer timer.Stop()
	inventory := time.NewTimer(inventoryAfter)
	defer inventory.Stop()
	alive, stop := p.config.Notifier.Ticker()
	defer stop()
	next, overdue := first, false
	for {
		select {
		case <-ctx.Done():
			return
		case <-alive:
			p.config.Notifier.Alive()
			continue
		case <-p.up:
			if !overdue {
				continue
			}
		case <-inventory.C:
			if p.config.HomeAssistant.Enabled && time.Now().Before(first) {
				p.announcer.observe(p.sampler.Inventory(ctx))
			}
			continue
		case <-timer.C:
			now := time.Now()
			for ; !next.After(now); next = next.Add(p.config.Interval) {
			}
			timer.Reset(next.Sub(now))
		}
		overdue = !p.link.Status().Connected
		if !overdue {
			p.publish(ctx)
		}
	}
}

// publish takes a sample and sends it.
func (p *publisher) publish(ctx context.Context) {
	sample := p.sampler.Sample(ctx)
	payload, err := json.Marshal(sample)
	if err == nil {
		wait, cancel := context.WithTimeout(ctx, min(p.config.Interval, maxPublish))
		defer cancel()
		err = p.link.Publish(wait, mqtt.Message{
			Topic:   p.config.MQTT.Topics.Host(p.config.Hostname, schema.KindStats),
			Payload: payload,
			QoS:     1,
			Retain:  true,
			Expiry:  expiryIntervals * p.config.Interval,
		})
	}
	p.note(ctx, err)
	p.announcer.observe(sample)
}

// note logs how publishing fares, once for each change. A lost link is told
// by its status already.
func (p *publisher) note(ctx context.Context, err error) {
	fault := ""
	if err != nil && !errors.Is(err, mqtt.ErrDown) && ctx.Err() == nil {
		fault = err.Error()
	}
	if fault != p.fault && fault != "" {
		p.log.Warn("sample not published", "err", err)
	}
	p.fault = fault
}

// leave ends what runs and says goodbye to the broker, though ctx may have
// ended.
func (p *publisher) leave(ctx context.Context) error {
	p.announcer.close()
	fault := p.commander.close(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
	defer cancel()
	if err := p.link.Close(ctx, p.status(schema.Offline)); err != nil {
		p.log.Warn("left the broker without a goodbye", "err", err)
	}
	return fault
}
