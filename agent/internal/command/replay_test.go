package command

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"systant/pkg/schema"
)

func TestMemoryIsBounded(t *testing.T) {
	began := time.Now()
	m := newMemory(began, 1)
	add := func(id string, now time.Time) bool {
		r := &run{id: id, until: now.Add(rememberFor), issued: now, answer: schema.Response{Status: schema.StatusRunning}}
		if !m.add(r, now) {
			return false
		}
		m.finish(r, schema.Response{Status: schema.StatusOK, Output: strings.Repeat("x", 10_000)})
		return true
	}
	for i := range minRemembered {
		if !add(fmt.Sprint(i), began) {
			t.Fatalf("no room for number %d", i)
		}
	}
	if m.stored > maxStored || m.find("0").answer.Output != "" || !m.find("0").answer.Truncated || m.find("4095").answer.Output == "" {
		t.Errorf("%d bytes are stored, want at most %d, and the newest", m.stored, maxStored)
	}
	if add("late", began.Add(rememberFor)) {
		t.Error("an id was forgotten too early")
	}
	if !add("later", began.Add(rememberFor+1)) || m.find("0") != nil || m.find("1") == nil {
		t.Error("want the oldest forgotten, and only that")
	}
	if !m.issued.Equal(began) {
		t.Errorf("signed requests are taken after %v, want after that of the forgotten one", m.issued)
	}
	m.drop(m.find("later"))
	if m.find("later") != nil || len(m.oldest) != len(m.byID) {
		t.Errorf("got %d and %d requests, want the dropped one gone", len(m.oldest), len(m.byID))
	}
}

func TestRunningRequestsAreNotForgotten(t *testing.T) {
	began := time.Now()
	m := newMemory(began, 1)
	for i := range minRemembered {
		m.add(&run{id: fmt.Sprint(i), until: began, answer: schema.Response{Status: schema.StatusRunning}}, began)
	}
	if m.add(&run{id: "more"}, began.Add(time.Hour)) {
		t.Error("a request that runs was forgotten")
	}
}
