package dashboard

import (
	"context"
	"log/slog"
	"time"

	"systant/dashboard/internal/fleet"
	"systant/dashboard/internal/ingest"
	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// farewellTimeout is how long the link may take to close.
const farewellTimeout = 2 * time.Second

// link is the dashboard's connection to the broker, its own or another. It is
// kept up for ever: a broker that is away is a state to show, not a fault.
type link struct {
	options mqtt.Options
	topics  schema.Topics
	ingest  *ingest.Ingest
	fleet   *fleet.Fleet
	state   *brokerState
	feed    *feed
	log     *slog.Logger
}

// run receives samples and statuses until ctx ends.
func (l *link) run(ctx context.Context) error {
	o := l.options
	o.ClientName = "systant-dashboard"
	o.Log = l.log
	o.MaxPacket = ingest.MaxPayload + 1<<10 // the topic and properties come on top
	o.Subscriptions = []mqtt.Subscription{
		{Filter: l.topics.AllHosts(schema.KindStats), QoS: 1},
		{Filter: l.topics.AllHosts(schema.KindStatus), QoS: 1},
	}
	o.OnMessage = func(m mqtt.Message) {
		l.ingest.Message(m.Topic, m.Payload, m.Retain, time.Now())
	}
	o.OnUp = func(_ context.Context, link *mqtt.Link) { l.changed(link.Status()) }
	o.OnDown = func(_ error, link *mqtt.Link) { l.changed(link.Status()) }
	connection := mqtt.Open(ctx, o)
	<-ctx.Done()
	farewell, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewellTimeout)
	defer cancel()
	if err := connection.Close(farewell); err != nil {
		// The broker may be away; the dashboard stops all the same.
		l.log.Debug("link not closed properly", "err", err)
	}
	return nil
}

// changed shows a change of the link's status.
func (l *link) changed(status mqtt.Status) {
	if status.Connected {
		l.fleet.Back(time.Now())
	} else {
		l.fleet.Lost(time.Now())
	}
	if now, changed := l.state.set(status); changed {
		l.feed.broadcast("broker", now)
	}
}
