package homeassistant

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"systant/pkg/schema"
)

const (
	// announceAfter is how long after connecting the document is published: by
	// then, the one that the broker kept has arrived.
	announceAfter = time.Second
	// birthSpread is the time over which hosts answer to Home Assistant's start.
	birthSpread = 4 * time.Second
	// spacing is the least time between two documents. Home Assistant may skip a
	// part of one that arrives while it works on another.
	spacing = 5 * time.Second
	// settle is how long after a start the entities of something that was there
	// before are kept: drivers may need some time, and disks are plugged in.
	settle = 10 * time.Minute
)

// Publish hands a retained message to the broker at QoS 1; an expiry of 0 is
// for ever, and an empty payload deletes what was retained.
type Publish func(ctx context.Context, topic string, payload []byte, expiry time.Duration) error

// Announcer publishes the document and the values when they are due. Its other
// methods tell it what happens, at any time and from anywhere, and never block.
// See [NewAnnouncer].
type Announcer struct {
	config  Config
	log     *slog.Logger
	publish Publish
	wake    chan struct{} // holds a token while there may be news

	mu       sync.Mutex // guards the next two
	news     news
	observed time.Time // when a sample was looked at last

	// What follows is for Run.
	known       map[string]*known
	survey      *Survey
	fresh       bool              // the survey's values are to be published
	announceAt  time.Time         // when a document is due, changed or not; zero for never
	published   []byte            // the last document
	publishedAt time.Time         // when
	revoked     bool              // somebody deleted the device
	away        bool              // Home Assistant said that it goes
	faults      map[string]string // the errors that were logged last, by topic
}

// known is an entity that Home Assistant may know.
type known struct {
	component Component
	gone      time.Time // since when the host has not had it; zero if it has
}

// news is what happened since Run looked last.
type news struct {
	up       bool
	home     string // what Home Assistant said of itself last
	kept     []byte // the document that the broker had
	deleted  bool   // somebody deleted the document
	stranger []byte // somebody else's document
	survey   *Survey
}

// NewAnnouncer returns an announcer for [Announcer.Run] to run.
func NewAnnouncer(c Config, log *slog.Logger, publish Publish) *Announcer {
	return &Announcer{config: c, log: log, publish: publish, wake: make(chan struct{}, 1), known: make(map[string]*known), faults: make(map[string]string)}
}

// tell notes news.
func (a *Announcer) tell(note func(*news)) {
	a.mu.Lock()
	note(&a.news)
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Up tells that the broker is connected.
func (a *Announcer) Up() {
	a.tell(func(n *news) { n.up = true })
}

// Observe hands over a sample. It looks at no more of them than are published.
func (a *Announcer) Observe(s *schema.Stats) {
	now := time.Now()
	a.mu.Lock()
	early := now.Sub(a.observed) < a.config.period()-a.config.SampleInterval/2
	if !early {
		a.observed = now
	}
	a.mu.Unlock()
	if early || !a.config.Enabled {
		return
	}
	survey := a.config.Survey(s)
	a.tell(func(n *news) { n.survey = survey })
}

// Receive takes a message on [Config.Topic], that somebody else has published,
// or on the topic of Home Assistant's birth. Retained says that the broker had
// kept it.
func (a *Announcer) Receive(topic string, payload []byte, retained bool) {
	a.tell(func(n *news) {
		switch {
		case topic != a.config.Topic():
			n.home = string(payload[:min(len(payload), 16)])
		case retained:
			n.kept = payload
		case len(payload) == 0:
			n.deleted = true
		default:
			n.stranger = payload
		}
	})
}

// Run publishes until ctx ends.
func (a *Announcer) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-timer.C:
		}
		a.mu.Lock()
		n := a.news
		a.news = news{}
		a.mu.Unlock()
		now := time.Now()
		a.hear(ctx, n, now)
		timer.Stop()
		if next := a.act(ctx, now); !next.IsZero() {
			timer.Reset(time.Until(next))
		}
	}
}

// hear takes the news in.
func (a *Announcer) hear(ctx context.Context, n news, now time.Time) {
	if n.kept != nil {
		a.remember(ctx, n.kept, now)
	}
	if n.stranger != nil {
		a.log.Warn("somebody else publishes this host's document for Home Assistant; does another machine have the same machine id? see homeassistant.device_id",
			"topic", a.config.Topic(), "name", stranger(n.stranger))
	}
	if n.deleted && !a.revoked && a.config.Enabled {
		a.revoked = true
		a.log.Info("the device was deleted in Home Assistant; it is announced again when the agent starts the next time, unless homeassistant.discovery_enabled is false")
	}
	switch n.home {
	case schema.Online:
		a.away = false
		a.due(now.Add(announceAfter + rand.N(birthSpread)))
	case schema.Offline:
		a.away = true
	}
	if n.up {
		a.due(now.Add(announceAfter))
	}
	if n.survey != nil {
		a.survey, a.fresh = n.survey, true
		a.compare(now)
	}
}

// due has a document published at a time, or earlier if one is due already.
func (a *Announcer) due(at time.Time) {
	if a.announceAt.IsZero() || at.Before(a.announceAt) {
		a.announceAt = at
	}
}

// remember learns from the document that the broker kept which entities Home
// Assistant may know. Where the host is not to be announced any more, it
// revokes it.
func (a *Announcer) remember(ctx context.Context, text []byte, now time.Time) {
	if !a.config.Enabled {
		a.log.Info("revoking what was announced to Home Assistant", "topic", a.config.Topic())
		for _, topic := range []string{a.config.Topic(), a.config.Topics.Host(a.config.Host, schema.KindEntities)} {
			_ = a.send(ctx, topic, nil, 0) // the next connection is the next try
		}
		return
	}
	for key, component := range a.config.parse(text) {
		if a.known[key] == nil {
			a.known[key] = &known{component, now.Add(min(settle, a.config.RemoveAfter) - a.config.RemoveAfter)}
		}
	}
	if a.survey != nil {
		a.compare(now)
	}
}

// compare notes which entities the host has now, and which it has no more.
func (a *Announcer) compare(now time.Time) {
	has := make(map[string]bool)
	for _, one := range a.survey.entities {
		has[one.key] = true
		a.known[one.key] = &known{component: one.Component}
	}
	for key, one := range a.known {
		if !has[key] && one.gone.IsZero() {
			one.gone = now
		}
	}
}

// act publishes what is due, and returns when to look again.
func (a *Announcer) act(ctx context.Context, now time.Time) time.Time {
	if a.revoked || a.survey == nil || !a.config.Enabled {
		return time.Time{}
	}
	if !a.announceAt.IsZero() && now.Before(a.announceAt) || now.Sub(a.publishedAt) < spacing && !a.publishedAt.IsZero() {
		next := a.announceAt
		if earliest := a.publishedAt.Add(spacing); next.Before(earliest) {
			next = earliest
		}
		if a.announceAt.IsZero() {
			a.sendValues(ctx)
		}
		return next
	}
	next := a.bury(now)
	a.sendDocument(ctx, now)
	a.sendValues(ctx)
	if a.dismiss() {
		next = a.publishedAt.Add(spacing)
	}
	return next
}

// bury turns entities that have been gone for long into tombstones, unless Home
// Assistant would not see them, and returns when to look again.
func (a *Announcer) bury(now time.Time) time.Time {
	var next time.Time
	if a.away {
		return next // it comes with news
	}
	for _, one := range a.known {
		if one.gone.IsZero() || one.component.buried() {
			continue
		}
		at := one.gone.Add(a.config.RemoveAfter)
		if !at.After(now) {
			one.component = one.component.tombstone()
		} else if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// dismiss forgets the entities whose tombstones were published, and tells
// whether there were any.
func (a *Announcer) dismiss() bool {
	any := false
	for key, one := range a.known {
		if one.component.buried() && bytes.Contains(a.published, []byte(`"`+key+`":{"platform":"`+one.component.Platform+`"}`)) {
			delete(a.known, key)
			any = true
		}
	}
	return any
}

// sendDocument publishes the document if it is due or has changed.
func (a *Announcer) sendDocument(ctx context.Context, now time.Time) {
	d := a.config.frame(a.survey.stats)
	for key, one := range a.known {
		d.Components[key] = one.component
	}
	text, left := d.fit()
	if a.announceAt.IsZero() && bytes.Equal(text, a.published) {
		return
	}
	if err := a.send(ctx, a.config.Topic(), text, 0); err != nil {
		a.announceAt = time.Time{} // the next connection or sample is the next try
		a.publishedAt = now
		return
	}
	if a.published == nil {
		a.log.Info("announced to Home Assistant", "topic", a.config.Topic(), "entities", len(d.Components)-left, "bytes", len(text))
		if left > 0 {
			a.log.Warn("the document for Home Assistant leaves out entities that are disabled at first, as it would be too large", "entities", left)
		}
	}
	a.fresh = a.fresh || !a.announceAt.IsZero() // whoever asked may have no values
	a.published, a.publishedAt, a.announceAt = text, now, time.Time{}
}

// sendValues publishes the values that the sample in hand has, if nobody has
// them.
func (a *Announcer) sendValues(ctx context.Context) {
	if !a.fresh {
		return
	}
	text, err := json.Marshal(a.survey.Values())
	if err == nil {
		err = a.send(ctx, a.config.Topics.Host(a.config.Host, schema.KindEntities), text, a.config.staleAfter())
	}
	a.fresh = err != nil
}

// send publishes a message, and logs how that fares, once for each change.
func (a *Announcer) send(ctx context.Context, topic string, payload []byte, expiry time.Duration) error {
	err := a.publish(ctx, topic, payload, expiry)
	fault := ""
	if err != nil && ctx.Err() == nil {
		fault = err.Error()
	}
	if fault != a.faults[topic] && fault != "" {
		a.log.Warn("not announced to Home Assistant", "err", err)
	}
	a.faults[topic] = fault
	return err
}
