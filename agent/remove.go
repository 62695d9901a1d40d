package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"systant/agent/internal/homeassistant"
	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

const (
	// quiet is how long nothing must arrive before everything has.
	quiet = time.Second
	// searchWithin bounds the search for devices.
	searchWithin = 30 * time.Second
)

// ErrNotAnnounced is returned where the broker shows no device to remove.
var ErrNotAnnounced = errors.New("no such device is announced, or the broker does not show it to this user")

// Removed is a device that was taken out of Home Assistant. DeviceID is empty
// where a host has none any more.
type Removed struct {
	Host, DeviceID string
	// Forgotten tells that the broker keeps nothing of the host any more. It
	// keeps what a host has said that is still there, or may be.
	Forgotten bool
}

// RemoveDiscovery takes a device out of Home Assistant: that of this host if
// which is empty, or else that of another host, by its name or by the device's
// id. It returns [ErrNotAnnounced] if there is none, and a
// [*mqtt.ConnectError] without a broker.
func RemoveDiscovery(ctx context.Context, c Config, which string, log *slog.Logger) (Removed, error) {
	s := &search{topics: c.MQTT.Topics, found: make(chan mqtt.Message, 64)}
	documents := c.HomeAssistant.Prefix + "/device/+/config"
	if which == "" {
		if which = c.HomeAssistant.DeviceID; which == "" {
			return Removed{}, errNoDevice
		}
		documents = c.HomeAssistant.Topic()
	}
	o := c.MQTT
	o.ClientID, o.ClientName = "", "systant-discovery" // the agent may be connected too
	o.MaxPacket = homeassistant.MaxPacket
	o.Subscriptions = []mqtt.Subscription{
		{Filter: o.Topics.AllHosts(schema.KindStatus), QoS: 1, Optional: true},
		{Filter: documents, QoS: 1},
	}
	ctx, cancel := context.WithTimeout(ctx, searchWithin)
	defer cancel()
	o.OnMessage = func(m mqtt.Message) {
		select {
		case s.found <- m:
		case <-ctx.Done():
		}
	}
	o.Log = log
	link := mqtt.Open(ctx, o)
	device, err := Removed{}, link.AwaitUp(ctx)
	if err == nil {
		device, err = s.run(ctx, which)
	}
	if err == nil {
		err = s.remove(ctx, link, &device)
	}
	return device, errors.Join(err, link.Close(context.WithoutCancel(ctx)))
}

// search looks for a device.
type search struct {
	topics schema.Topics
	found  chan mqtt.Message
	// devices are by the topic of their document, states by host.
	devices map[string]Removed
	states  map[string]string
}

// run looks at what the broker keeps, and returns the one device that is meant.
func (s *search) run(ctx context.Context, which string) (Removed, error) {
	s.devices, s.states = make(map[string]Removed), make(map[string]string)
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	for waiting := true; waiting; {
		select {
		case m := <-s.found:
			s.take(m)
			timer.Reset(quiet)
		case <-timer.C:
			waiting = false
		case <-ctx.Done():
			return Removed{}, ctx.Err()
		}
	}
	var meant []Removed
	for _, device := range s.devices {
		if which == device.Host || which == device.DeviceID {
			meant = append(meant, device)
		}
	}
	switch len(meant) {
	case 0:
		if s.states[which] == schema.Offline { // its device has another name by now, or is deleted
			return Removed{Host: which}, nil
		}
		return Removed{}, fmt.Errorf("%s: %w", which, ErrNotAnnounced)
	case 1:
		return meant[0], nil
	}
	var ids []string
	for _, device := range meant {
		ids = append(ids, device.DeviceID)
	}
	slices.Sort(ids)
	return Removed{}, fmt.Errorf("%s has announced %d devices; name one of %s", which, len(ids), strings.Join(ids, ", "))
}

// take notes one message.
func (s *search) take(m mqtt.Message) {
	if host, kind, err := s.topics.ParseHost(m.Topic); err == nil && kind == schema.KindStatus {
		s.states[host] = string(m.Payload)
		return
	}
	host, ok := homeassistant.Parse(s.topics, m.Payload)
	if levels := strings.Split(m.Topic, "/"); ok {
		s.devices[m.Topic] = Removed{Host: host, DeviceID: levels[len(levels)-2]}
	}
}

// remove deletes the document of a device. It deletes the rest of what the
// broker keeps of the host too, if the host is gone and has no other device.
func (s *search) remove(ctx context.Context, link *mqtt.Link, device *Removed) error {
	var topics []string
	others := 0
	for topic, one := range s.devices {
		if one.DeviceID == device.DeviceID && device.DeviceID != "" {
			topics = append(topics, topic)
		} else if one.Host == device.Host {
			others++
		}
	}
	device.Forgotten = s.states[device.Host] == schema.Offline && others == 0
	if device.Forgotten {
		for _, kind := range []schema.Kind{schema.KindEntities, schema.KindAvailable, schema.KindStats, schema.KindStatus} {
			topics = append(topics, s.topics.Host(device.Host, kind))
		}
	}
	for _, topic := range topics {
		if err := link.Publish(ctx, mqtt.Message{Topic: topic, QoS: 1, Retain: true}); err != nil {
			return fmt.Errorf("%s: %w", topic, err)
		}
	}
	return nil
}
