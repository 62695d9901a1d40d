package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/storage"
)

// The measures of what is sent to another engine.
const (
	// maxRequest is the number of numbers in one request.
	maxRequest = 5000
	// requestEvery is how long numbers wait for others to be sent with.
	requestEvery = time.Second
	// maxWaiting is the bytes of requests that wait while the engine is away:
	// half an hour of a thousand hosts, half a day of thirty.
	maxWaiting = 64 << 20
	// sendTimeout is how long one request may take.
	sendTimeout = 30 * time.Second
	// minPause and maxPause are the times between attempts.
	minPause = time.Second
	maxPause = 30 * time.Second
	// finishTimeout is how long what is left may take to be sent at the end.
	finishTimeout = 5 * time.Second
)

// RefusedRemote is the reason where the other engine refuses a whole request.
const RefusedRemote = "remote"

// RemoteOptions says where another engine is.
type RemoteOptions struct {
	// WriteURL takes Prometheus' remote write
	// (https://prometheus.io/docs/specs/prw/remote_write_spec); empty where
	// nothing is written.
	WriteURL *url.URL
	// QueryURL is what Prometheus' HTTP API is below, without /api/v1; nil where
	// nothing is read.
	QueryURL *url.URL
	// Username and Password are for both; without a username, the password is
	// sent as a bearer token.
	Username, Password string
	// Late and MaxSeries are as in [Options].
	Late      time.Duration
	MaxSeries int
	Log       *slog.Logger
	// OnChange, if not nil, is called after [Remote.Status] has changed.
	OnChange func()
}

// Remote writes the history to another engine, such as VictoriaMetrics, Mimir
// or Prometheus. It is safe for concurrent use. See [NewRemote].
type Remote struct {
	*inbox
	*condition
	options RemoteOptions
	client  *http.Client
	writer  *writer // of Run alone

	// mu guards waiting and size.
	mu      sync.Mutex
	waiting []request
	size    int
	wake    chan struct{}
}

// request is what is sent as one.
type request struct {
	body    []byte
	numbers int
}

// NewRemote returns a history in another engine, for [Remote.Run] to write.
func NewRemote(o RemoteOptions) *Remote {
	r := &Remote{
		inbox: newInbox(), condition: newCondition(o.WriteURL.Redacted(), o.Log, o.OnChange), options: o,
		client: &http.Client{Transport: Authorized(o), Timeout: sendTimeout},
		writer: newWriter(Options{Late: o.Late, MaxSeries: o.MaxSeries, Log: o.Log}),
		wake:   make(chan struct{}, 1),
	}
	r.status = Status{Open: true, Since: time.Now().UTC()} // until it is known otherwise
	return r
}

// Counters returns what has been written so far.
func (r *Remote) Counters() Counters { return r.totals(r.lost.Load()) }

// Run writes what is handed over until ctx ends, and then what is left, within
// [finishTimeout].
func (r *Remote) Run(ctx context.Context) error {
	var sending sync.WaitGroup
	sending.Go(func() { r.send(ctx) })
	ticker, down := time.NewTicker(requestEvery), time.NewTicker(upEvery)
	defer ticker.Stop()
	defer down.Stop()
	gathered := &parcel{}
	for {
		var err error
		select {
		case <-ctx.Done():
			sending.Wait()
			return r.finish(context.WithoutCancel(ctx), gathered)
		case e := <-r.queue:
			err = r.writer.event(gathered, e)
			for _, e := range r.overdue() {
				err = errors.Join(err, r.writer.event(gathered, e))
			}
		case now := <-down.C:
			err = r.writer.stillDown(gathered, now)
		case <-ticker.C:
			err = r.pack(gathered)
		}
		if len(gathered.series) >= maxRequest {
			err = errors.Join(err, r.pack(gathered))
		}
		r.count(r.writer)
		if err != nil { // no target of ours returns one
			r.fault(err)
		}
	}
}

// parcel gathers numbers. It implements [target], and has no references: the
// labels of a fleet of thousands would take more memory than all else.
type parcel struct{ series []prompb.TimeSeries }

// Append adds a number.
func (p *parcel) Append(_ storage.SeriesRef, l labels.Labels, t int64, v float64) (storage.SeriesRef, error) {
	p.series = append(p.series, prompb.TimeSeries{
		Labels:  prompb.FromLabels(l.WithoutEmpty(), nil), // an empty one is none
		Samples: []prompb.Sample{{Timestamp: t, Value: v}},
	})
	return 0, nil
}

// pack turns what is gathered into a request that waits to be sent. The oldest
// goes where there are too many.
func (r *Remote) pack(p *parcel) error {
	if len(p.series) == 0 {
		return nil
	}
	message := prompb.WriteRequest{Timeseries: p.series}
	plain, err := message.Marshal()
	if err != nil {
		return fmt.Errorf("encoding a request: %w", err)
	}
	one := request{snappy.Encode(nil, plain), len(p.series)}
	clear(p.series)
	p.series = p.series[:0]
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(r.waiting, one)
	for r.size += len(one.body); r.size > maxWaiting && len(r.waiting) > 1; {
		r.lost.Add(1)
		r.size -= len(r.waiting[0].body)
		r.waiting = r.waiting[1:]
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return nil
}

// next takes the oldest request, or returns false for none.
func (r *Remote) next() (request, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		return request{}, false
	}
	one := r.waiting[0]
	r.waiting = r.waiting[1:]
	r.size -= len(one.body)
	return one, true
}

// send sends what waits until ctx ends.
func (r *Remote) send(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
		for one, ok := r.next(); ok; one, ok = r.next() {
			if !r.deliver(ctx, one) {
				r.putBack(one)
				return
			}
		}
	}
}

// putBack has a request wait again, before all others.
func (r *Remote) putBack(one request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = slices.Insert(r.waiting, 0, one)
	r.size += len(one.body)
}

// finish sends what has been handed over and waits, each request once, until
// one fails: the engine is away then.
func (r *Remote) finish(ctx context.Context, p *parcel) error {
	ctx, cancel := context.WithTimeout(ctx, finishTimeout)
	defer cancel()
	for len(r.queue) > 0 {
		if err := r.writer.event(p, <-r.queue); err != nil {
			return err
		}
		if len(p.series) >= maxRequest {
			if err := r.pack(p); err != nil {
				return err
			}
		}
	}
	if err := r.pack(p); err != nil {
		return err
	}
	for one, ok := r.next(); ok; one, ok = r.next() {
		if again, err := r.post(ctx, one.body); again {
			r.options.Log.Warn("the end of the history not sent", "to", r.where, "requests", len(r.waiting)+1, "err", err)
			break
		}
	}
	return nil
}

// deliver sends a request until it is taken or refused, and returns false where
// ctx ends before.
func (r *Remote) deliver(ctx context.Context, one request) bool {
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		again, err := r.post(ctx, one.body)
		if err == nil {
			r.fault(nil)
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		r.fault(fmt.Errorf("writing the history to %s: %w", r.where, err))
		if !again {
			r.refuse(one.numbers)
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
	}
}

// refuse counts numbers that the other engine did not take.
func (r *Remote) refuse(numbers int) {
	r.condition.mu.Lock()
	defer r.condition.mu.Unlock()
	r.counters.Refused[RefusedRemote] += uint64(numbers)
}

// post sends a request once, and tells whether it makes sense to try again:
// after any answer but 4xx, and after 429, as the specification has it.
func (r *Remote) post(ctx context.Context, body []byte) (again bool, err error) {
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, r.options.WriteURL.String(), bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	post.Header.Set("Content-Type", "application/x-protobuf")
	post.Header.Set("Content-Encoding", "snappy")
	post.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	answer, err := r.client.Do(post)
	if err != nil {
		return true, cause(err)
	}
	defer answer.Body.Close()
	const most = 512
	text, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if answer.StatusCode/100 == 2 {
		return false, nil
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return answer.StatusCode/100 != 4 || answer.StatusCode == http.StatusTooManyRequests,
		errors.Join(fmt.Errorf("%s: %s", answer.Status, strconv.QuoteToGraphic(line)), err)
}

// cause returns what is wrong without the address, which is said elsewhere.
func cause(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}

// Authorized returns a transport that adds the options' user and password.
func Authorized(o RemoteOptions) http.RoundTripper {
	const idle = 8
	next := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is documented to be one
	next.MaxIdleConnsPerHost = idle
	return authorized{next, o}
}

// authorized adds a user and password to requests.
type authorized struct {
	next    http.RoundTripper
	options RemoteOptions
}

// RoundTrip sends a request.
func (a authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", "systant-dashboard")
	switch {
	case a.options.Username != "":
		r.SetBasicAuth(a.options.Username, a.options.Password)
	case a.options.Password != "":
		r.Header.Set("Authorization", "Bearer "+a.options.Password)
	}
	return a.next.RoundTrip(r)
}
