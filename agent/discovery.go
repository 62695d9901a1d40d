package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"systant/agent/internal/collect"
	"systant/agent/internal/homeassistant"
)

// Discovery looks at the host and returns the document that announces it to
// Home Assistant, as indented JSON, and what Home Assistant would not take of
// it. It needs no broker.
func Discovery(ctx context.Context, c Config, log *slog.Logger) (document []byte, faults []string, err error) {
	if c.HomeAssistant.DeviceID == "" {
		return nil, nil, errNoDevice
	}
	sampler, err := collect.New(c.Collect, log)
	if err != nil {
		return nil, nil, err
	}
	sampler.Prime(ctx)
	select {
	case <-time.After(onceWindow):
	case <-ctx.Done():
		return nil, nil, errors.Join(ctx.Err(), sampler.Close())
	}
	document, err = json.MarshalIndent(c.HomeAssistant.Survey(sampler.Sample(ctx)).Document(), "", "  ")
	for _, finding := range homeassistant.Check(c.HomeAssistant.Prefix, c.HomeAssistant.Topic(), document) {
		faults = append(faults, finding.String())
	}
	return document, faults, errors.Join(err, sampler.Close())
}

// errNoDevice is returned where a host can't be announced.
var errNoDevice = errors.New("the host has no id; set homeassistant.device_id")

// DiscoveryTopic returns where the document is published.
func (c Config) DiscoveryTopic() string {
	return c.HomeAssistant.Topic()
}

// DiscoveryRules says whose rules [Discovery] knows.
func DiscoveryRules() string {
	return fmt.Sprintf("Home Assistant %s", homeassistant.RulesOf)
}
