package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync/atomic"

	"systant/agent/internal/command"
	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// commander joins the command engine to the link. A host without commands has
// no engine and does not listen.
type commander struct {
	config Config
	log    *slog.Logger
	engine *command.Engine           // nil without commands
	link   atomic.Pointer[mqtt.Link] // the link, once it was up
	lost   int                       // how often the connection broke under the present answer; of send alone
}

// maxLost is how often an answer is sent again after the connection broke: a
// broker may end it because of the answer.
const maxLost = 2

// newCommander returns a commander whose engine runs, if the host has commands.
func newCommander(c Config, log *slog.Logger) (*commander, error) {
	m := &commander{config: c, log: log}
	if len(c.Commands.Commands) == 0 {
		return m, nil
	}
	var err error
	m.engine, err = command.New(c.Commands, log, os.Stderr, m.send)
	if err == nil && m.exposed() {
		log.Warn("everybody who can publish to the broker can run this host's commands: see docs/security.md", "server", c.MQTT.Address())
	}
	return m, err
}

// exposed tells whether commands depend on nothing but the broker, and come
// from it in the clear.
func (m *commander) exposed() bool {
	signed := m.config.Commands.RequireSignature || !slices.ContainsFunc(m.config.Commands.Commands, func(c command.Command) bool { return !c.RequireSignature })
	ip := net.ParseIP(m.config.MQTT.Host)
	local := m.config.MQTT.Host == "localhost" || ip != nil && ip.IsLoopback()
	return !signed && !local && m.config.MQTT.TLS == nil
}

// attach has the link listen for requests.
func (m *commander) attach(o *mqtt.Options) {
	if m.engine == nil {
		return
	}
	o.Subscriptions = append(o.Subscriptions, mqtt.Subscription{
		Filter: o.Topics.Host(m.config.Hostname, schema.KindCommands), QoS: 1, Live: true,
	})
	o.OnMessage = func(message mqtt.Message) {
		m.engine.Handle(command.Message{
			Payload: message.Payload, Retained: message.Retain, Arrived: message.Arrived, Expiry: message.Expiry,
			ResponseTopic: message.ResponseTopic, Correlation: message.CorrelationData,
		})
	}
}

// cameUp publishes the offer, and the answers that wait.
func (m *commander) cameUp(ctx context.Context, link *mqtt.Link) error {
	offer := schema.Offer{Commands: []schema.Command{}}
	if m.engine != nil {
		m.link.Store(link)
		m.engine.Resume()
		offer = m.engine.Offer()
	}
	payload, err := json.Marshal(offer)
	if err != nil {
		return err
	}
	return link.Publish(ctx, mqtt.Message{
		Topic: m.config.MQTT.Topics.Host(m.config.Hostname, schema.KindAvailable), Payload: payload, QoS: 1, Retain: true,
	})
}

// send publishes one answer. It returns an error only where it may succeed
// later: once the link is up again.
func (m *commander) send(ctx context.Context, a command.Answer) error {
	link := m.link.Load()
	if link == nil {
		return mqtt.ErrDown
	}
	ctx, cancel := context.WithTimeout(ctx, maxPublish)
	defer cancel()
	err := link.Publish(ctx, mqtt.Message{Topic: a.Topic, Payload: a.Payload, QoS: 1, CorrelationData: a.Correlation})
	switch {
	case err == nil:
	case errors.Is(err, mqtt.ErrLost) && m.lost < maxLost:
		m.lost++
		return err
	case errors.Is(err, mqtt.ErrDown) && !errors.Is(err, mqtt.ErrLost), errors.Is(err, context.Canceled):
		return err
	default:
		m.log.Warn("answer lost", "topic", a.Topic, "err", err)
	}
	m.lost = 0
	return nil
}

// close ends the engine and what it runs. The link must still be there, for
// the last answers.
func (m *commander) close(ctx context.Context) error {
	if m.engine == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
	defer cancel()
	return m.engine.Close(ctx)
}

// CheckHost looks for what keeps this host from running the commands, and
// returns an error for each: a program that is not installed, or that others
// could change. [Run] leaves such commands out.
func (c Config) CheckHost() error {
	var faults []error
	for i := range c.Commands.Commands {
		one := &c.Commands.Commands[i]
		if err := one.Verify(); err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %w", one.Place, one.Trigger, err))
		}
	}
	return errors.Join(faults...)
}
