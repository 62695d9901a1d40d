package history

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"
)

// receiver is an engine that answers as it is told, and keeps what it takes.
type receiver struct {
	*httptest.Server
	answers chan int // the statuses to give; 204 once there are no more
	asked   chan *http.Request
	taken   chan prompb.TimeSeries
}

// startReceiver starts a receiver.
func startReceiver(t *testing.T, answers ...int) *receiver {
	t.Helper()
	r := &receiver{answers: make(chan int, len(answers)), asked: make(chan *http.Request, 100), taken: make(chan prompb.TimeSeries, 10_000)}
	for _, status := range answers {
		r.answers <- status
	}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		status := http.StatusNoContent
		select {
		case status = <-r.answers:
		default:
		}
		packed, err := io.ReadAll(request.Body)
		if err != nil {
			t.Error(err)
		}
		r.asked <- request
		if status != http.StatusNoContent {
			http.Error(w, "not\x1b[31m now\nsecond line", status)
			return
		}
		plain, err := snappy.Decode(nil, packed)
		if err != nil {
			t.Error(err)
		}
		var message prompb.WriteRequest
		if err := message.Unmarshal(plain); err != nil {
			t.Error(err)
		}
		for _, one := range message.Timeseries {
			r.taken <- one
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// startRemote writes to a receiver until the test ends.
func startRemote(t *testing.T, to *receiver, change func(*RemoteOptions)) *Remote {
	t.Helper()
	u, err := url.Parse(to.URL + "/write")
	if err != nil {
		t.Fatal(err)
	}
	o := RemoteOptions{WriteURL: u, Late: time.Hour, MaxSeries: 1000, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o)
	}
	r := NewRemote(o)
	runUntilEnd(t, r)
	return r
}

// runUntilEnd runs a remote until the test ends, or what it returns is called.
func runUntilEnd(t *testing.T, r *Remote) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		done <- nil
	}
	t.Cleanup(stop)
	return stop
}

// get receives from a channel, or fails.
func get[T any](t *testing.T, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing arrives")
	}
	return v
}

// Numbers are sent with their labels and times, and again while the engine is
// away.
func TestRemoteWrite(t *testing.T) {
	to := startReceiver(t, http.StatusServiceUnavailable, http.StatusTooManyRequests)
	r := startRemote(t, to, func(o *RemoteOptions) { o.Username, o.Password = "ann", "secret" })
	when := now()
	r.Sample(at("nas", when, "/"), false, when)
	request := get(t, to.asked)
	if user, password, _ := request.BasicAuth(); user != "ann" || password != "secret" {
		t.Errorf("got the user %q and password %q", user, password)
	}
	for name, want := range map[string]string{"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf", "X-Prometheus-Remote-Write-Version": "0.1.0"} {
		if got := request.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	get(t, to.asked)
	if got := r.Status().Error; !strings.Contains(got, `50`) && !strings.Contains(got, `429`) {
		t.Errorf("got the error %q", got)
	}
	get(t, to.asked)
	for found := false; !found; {
		one := get(t, to.taken)
		text := ""
		for _, l := range one.Labels {
			text += l.Name + "=" + l.Value + " "
		}
		if text == "__name__=systant_disk_usage_percent host=nas mount_point=/ " {
			found = one.Samples[0].Value == 50 && one.Samples[0].Timestamp == when.UnixMilli()
		}
	}
	for end := time.Now().Add(10 * time.Second); r.Status().Error != ""; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the error stays: %s", r.Status().Error)
		}
	}
}

// What the engine refuses is not sent again, but counted and said.
func TestRemoteRefuses(t *testing.T) {
	to := startReceiver(t, http.StatusBadRequest)
	r := startRemote(t, to, func(o *RemoteOptions) { o.Password = "token" })
	when := now()
	r.Sample(at("nas", when), false, when)
	if got := get(t, to.asked).Header.Get("Authorization"); got != "Bearer token" {
		t.Errorf("got the authorization %q", got)
	}
	for end := time.Now().Add(10 * time.Second); r.Counters().Refused[RefusedRemote] == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing is refused")
		}
	}
	if got := r.Status().Error; !strings.HasSuffix(got, `: 400 Bad Request: "not\x1b[31m now"`) || strings.Contains(got, "token") {
		t.Errorf("got the error %q", got)
	}
	r.Sample(at("nas", when.Add(time.Second)), false, when.Add(time.Second))
	get(t, to.taken)
}

// While the engine is away, what waits is bounded, and the newest is kept.
func TestRemoteBound(t *testing.T) {
	u, err := url.Parse("http://127.0.0.1:1/")
	if err != nil {
		t.Fatal(err)
	}
	r := NewRemote(RemoteOptions{WriteURL: u, Log: slog.New(slog.DiscardHandler)})
	for i := range 40 {
		noise := make([]byte, 4<<20)
		for j := range noise {
			noise[j] = byte(i*j + j>>8)
		}
		r.waiting = append(r.waiting, request{noise, 1})
		r.size += len(noise)
		if err := r.pack(&parcel{series: []prompb.TimeSeries{{Labels: []prompb.Label{{Name: "a", Value: "b"}}}}}); err != nil {
			t.Fatal(err)
		}
		if r.size > maxWaiting {
			t.Fatalf("%d bytes wait", r.size)
		}
	}
	if r.Counters().Lost == 0 || len(r.waiting) == 0 {
		t.Errorf("%d lost, %d wait", r.Counters().Lost, len(r.waiting))
	}
}

// What has been handed over is sent before the end: what is not packed yet,
// what waits, and what is under way.
func TestRemoteFinish(t *testing.T) {
	to := startReceiver(t, http.StatusServiceUnavailable)
	u, err := url.Parse(to.URL)
	if err != nil {
		t.Fatal(err)
	}
	r := NewRemote(RemoteOptions{WriteURL: u, Late: time.Hour, MaxSeries: 1000, Log: slog.New(slog.DiscardHandler)})
	stop := runUntilEnd(t, r)
	when := now()
	r.Sample(at("under-way", when), false, when)
	get(t, to.asked) // it is tried again a second later
	r.Sample(at("last", when), false, when)
	stop()
	want := map[string]bool{"under-way": true, "last": true}
	for len(to.taken) > 0 {
		for _, l := range get(t, to.taken).Labels {
			delete(want, l.Value)
		}
	}
	if len(want) > 0 {
		t.Errorf("not sent before the end: %v", want)
	}
}

// An engine that is away does not delay the end.
func TestRemoteFinishAway(t *testing.T) {
	to := startReceiver(t)
	u, err := url.Parse(to.URL)
	if err != nil {
		t.Fatal(err)
	}
	to.Close()
	r := NewRemote(RemoteOptions{WriteURL: u, Late: time.Hour, MaxSeries: 1000, Log: slog.New(slog.DiscardHandler)})
	stop := runUntilEnd(t, r)
	r.Sample(at("nas", now()), false, now())
	began := time.Now()
	stop()
	if took := time.Since(began); took >= finishTimeout {
		t.Errorf("the end took %v, want less than %v", took, finishTimeout)
	}
}
