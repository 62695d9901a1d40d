package agent

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"log/slog"

	"systant/agent/internal/homeassistant"
	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// inventoryAfter is how long after connecting the host is looked at for Home
// Assistant, where no sample is due by then.
const inventoryAfter = time.Second

// announcer joins the announcement to Home Assistant to the link.
type announcer struct {
	config homeassistant.Config
	inner  *homeassistant.Announcer // nil where there is no id to announce the host by
	link   atomic.Pointer[mqtt.Link]
	stop   context.CancelFunc
	task   sync.WaitGroup
}

// newAnnouncer returns an announcer, which runs from [announcer.start] on.
func newAnnouncer(c Config, log *slog.Logger) *announcer {
	a := &announcer{config: c.HomeAssistant}
	if a.config.DeviceID != "" {
		a.inner = homeassistant.NewAnnouncer(a.config, log, a.publish)
	}
	return a
}

// publish hands a retained message to the link.
func (a *announcer) publish(ctx context.Context, topic string, payload []byte, expiry time.Duration) error {
	link := a.link.Load()
	if link == nil {
		return mqtt.ErrDown
	}
	ctx, cancel := context.WithTimeout(ctx, maxPublish)
	defer cancel()
	return link.Publish(ctx, mqtt.Message{Topic: topic, Payload: payload, QoS: 1, Retain: true, Expiry: expiry})
}

// attach has the link listen to Home Assistant, and to the document that the
// broker keeps. Commands have their handler set already.
func (a *announcer) attach(o *mqtt.Options) {
	if a.inner == nil {
		return
	}
	o.MaxPacket = homeassistant.MaxPacket
	document := a.config.Topic()
	o.Subscriptions = append(o.Subscriptions, mqtt.Subscription{Filter: document, QoS: 1, NoLocal: true, Optional: true})
	if a.config.Enabled {
		o.Subscriptions = append(o.Subscriptions, mqtt.Subscription{Filter: a.config.BirthTopic, QoS: 1, Optional: true})
	}
	next := o.OnMessage
	o.OnMessage = func(m mqtt.Message) {
		switch {
		case m.Topic == document || m.Topic == a.config.BirthTopic:
			a.inner.Receive(m.Topic, m.Payload, m.Retain)
		case next != nil:
			next(m)
		}
	}
}

// start runs the announcer until [announcer.close].
func (a *announcer) start(ctx context.Context) {
	ctx, a.stop = context.WithCancel(ctx)
	if a.inner != nil {
		a.task.Go(func() { a.inner.Run(ctx) })
	}
}

// cameUp tells that the broker is connected.
func (a *announcer) cameUp(link *mqtt.Link) {
	if a.inner != nil {
		a.link.Store(link)
		a.inner.Up()
	}
}

// observe hands a sample over.
func (a *announcer) observe(s *schema.Stats) {
	if a.inner != nil {
		a.inner.Observe(s)
	}
}

// close waits until nothing is published any more.
func (a *announcer) close() {
	a.stop()
	a.task.Wait()
}
