package promapi

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	prometheusapi "github.com/prometheus/client_golang/api"
	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/storage"

	"systant/dashboard/internal/history"
	"systant/pkg/schema"
)

// start is when the samples of the tests begin.
var start = time.Now().UTC().Truncate(time.Minute).Add(-30 * time.Minute)

// serve serves a history with an hour of two hosts until the test ends, at
// the address that is returned.
func serve(t *testing.T) string {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	opened := make(chan struct{}, 8)
	s := history.New(history.Options{Path: t.TempDir(), Retention: 24 * time.Hour, Late: 2 * time.Hour, MaxSeries: 100, Log: log,
		OnChange: func() { opened <- struct{}{} }})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	server := httptest.NewServer(http.StripPrefix("/api/v1", New(history.NewEngine(s, log), "1.2.3")))
	t.Cleanup(func() {
		server.Close()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	<-opened
	for i := range 61 {
		at := start.Add(time.Duration(i) * 30 * time.Second)
		for j, host := range []string{"desk", "nas"} {
			s.Sample(&schema.Stats{Hostname: host, Timestamp: at, CPU: &schema.CPU{UsagePercent: new(float64(i * (j + 1)))},
				Disk: map[string]schema.Disk{`/a "b"`: {}}}, false, at)
		}
	}
	for range 500 {
		if strings.Contains(get(t, server.URL+"/api/v1/query?query=systant_cpu_usage_percent&time="+fmt.Sprint(start.Add(30*time.Minute).Unix())), `"120"`) {
			return server.URL
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the samples are not there")
	return ""
}

// get returns status and body of an answer.
func get(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, response)
}

// read returns status and body of an answer.
func read(t *testing.T, response *http.Response) string {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(response.StatusCode, " ", string(body))
}

// Prometheus' own client reads everything.
func TestClient(t *testing.T) {
	address := serve(t)
	connection, err := prometheusapi.NewClient(prometheusapi.Config{Address: address})
	if err != nil {
		t.Fatal(err)
	}
	c := prometheus.NewAPI(connection)
	ctx := t.Context()
	end := start.Add(30 * time.Minute)
	check := func(what string, got any, err error, want string) {
		t.Helper()
		if text := strings.ReplaceAll(fmt.Sprintf("%v", got), "\n", " "); err != nil || text != want {
			t.Errorf("%s: got %s, %v, want %s", what, text, err, want)
		}
	}
	vector, _, err := c.Query(ctx, `sum by (host) (systant_cpu_usage_percent)`, end)
	check("a vector", vector, err, fmt.Sprintf(`{host="desk"} => 60 @[%d] {host="nas"} => 120 @[%d]`, end.Unix(), end.Unix()))
	vector, _, err = c.Query(ctx, `systant_none`, end)
	check("an empty vector", vector, err, "")
	scalar, _, err := c.Query(ctx, `1 + 1`, end)
	check("a scalar", scalar, err, fmt.Sprintf("scalar: 2 @[%d]", end.Unix()))
	points, _, err := c.Query(ctx, `systant_cpu_usage_percent{host="nas"}[1m]`, end)
	check("points", points, err, fmt.Sprintf(`systant_cpu_usage_percent{host="nas"} => 118 @[%d] 120 @[%d]`, end.Unix()-30, end.Unix()))
	matrix, _, err := c.QueryRange(ctx, `systant_cpu_usage_percent{host="desk"} / 8`, prometheus.Range{Start: start, End: start.Add(time.Minute), Step: 30 * time.Second})
	check("a matrix", matrix, err, fmt.Sprintf(`{host="desk"} => 0 @[%d] 0.125 @[%d] 0.25 @[%d]`, start.Unix(), start.Unix()+30, start.Unix()+60))
	infinite, _, err := c.QueryRange(ctx, `vector(1) / 0 or (vector(0) / 0)`, prometheus.Range{Start: start, End: start, Step: time.Second})
	check("infinity", infinite, err, fmt.Sprintf(`{} => +Inf @[%d]`, start.Unix()))
	none, _, err := c.QueryRange(ctx, `systant_none`, prometheus.Range{Start: start, End: end, Step: time.Minute})
	check("an empty matrix", none, err, "")
	series, _, err := c.Series(ctx, []string{`systant_disk_usage_percent`, `systant_up{host="nas"}`}, start, end)
	check("series", series, err, `[{__name__="systant_disk_usage_percent", host="desk", mount_point="/a \"b\""} {__name__="systant_disk_usage_percent", host="nas", mount_point="/a \"b\""} {__name__="systant_up", host="nas"}]`)
	names, _, err := c.LabelNames(ctx, nil, start, end)
	check("labels", names, err, `__name__, host, mount_point`)
	names, _, err = c.LabelNames(ctx, []string{"systant_up", "systant_cpu_usage_percent"}, start, end)
	check("labels of some", names, err, `__name__, host`)
	values, _, err := c.LabelValues(ctx, "host", nil, start, end)
	check("values", values, err, `[desk nas]`)
	values, _, err = c.LabelValues(ctx, "host", []string{`systant_up{host="nas"}`}, start, end)
	check("values of some", values, err, `[nas]`)
	metadata, err := c.Metadata(ctx, "systant_cpu_usage_percent", "")
	check("metadata", metadata["systant_cpu_usage_percent"][0].Type, err, string(model.MetricTypeGauge))
	build, err := c.Buildinfo(ctx)
	check("the version", build.Version, err, "1.2.3")
}

// Errors have the form, status and kind of Prometheus'.
func TestErrors(t *testing.T) {
	address := serve(t) + "/api/v1"
	at := fmt.Sprint(start.Unix())
	for path, want := range map[string]string{
		"/query":                                        `400 {"status":"error","errorType":"bad_data","error":"parameter \"query\": `,
		"/query?query=sum(":                             `400 {"status":"error","errorType":"bad_data","error":"parameter \"query\": 1:5: parse error`,
		"/query?query=1&time=yesterday":                 `400 {"status":"error","errorType":"bad_data","error":"parameter \"time\": \"yesterday\"`,
		"/query?query=1&time=NaN":                       `400 {"status":"error","errorType":"bad_data"`,
		"/query_range?query=1":                          `400 {"status":"error","errorType":"bad_data","error":"parameter \"start\"`,
		"/query_range?query=1&start=5&end=1&step=1":     `400 {"status":"error","errorType":"bad_data","error":"parameter \"end\"`,
		"/query_range?query=1&start=1&end=2&step=0":     `400 {"status":"error","errorType":"bad_data","error":"parameter \"step\"`,
		"/query_range?query=1&start=1&end=1&step=1e-6":  `400 {"status":"error","errorType":"bad_data","error":"parameter \"step\"`,
		"/metadata?limit=x":                             `400 {"status":"error","errorType":"bad_data","error":"parameter \"limit\"`,
		"/query_range?query=1&start=1&end=2&step=x":     `400 {"status":"error","errorType":"bad_data","error":"parameter \"step\"`,
		"/query_range?query=1&start=0&end=11001&step=1": `400 {"status":"error","errorType":"bad_data","error":"parameter \"step\": more than 11000`,
		"/query_range?query=1&start=0001-01-01T00:00:00Z&end=9999-12-31T23:59:59Z&step=840000":                     `400 {"status":"error","errorType":"bad_data","error":"parameter \"step\": more than 11000`,
		"/query_range?query=1&start=1&end=9e9&step=1e-9":                                                           `400 {"status":"error","errorType":"bad_data"`,
		"/query_range?query=%22a%22&start=1&end=2&step=1":                                                          `400 {"status":"error","errorType":"bad_data"`,
		"/query?query=label_replace(systant_up,%22host%22,%22a%22,%22%22,%22%22)&time=" + fmt.Sprint(start.Unix()): `422 {"status":"error","errorType":"execution"`,
		"/series":           `400 {"status":"error","errorType":"bad_data","error":"parameter \"match[]\"`,
		"/series?match[]={": `400 {"status":"error","errorType":"bad_data","error":"parameter \"match[]\"`,
		"/series?match[]={a=~%22" + strings.Repeat("(x{1000})", 60) + "%22}":          `400 {"status":"error","errorType":"bad_data","error":"parameter \"match[]\": it has patterns`,
		"/series?match[]=systant_up&limit=-1":                                         `400 {"status":"error","errorType":"bad_data","error":"parameter \"limit\"`,
		"/series?match[]=systant_up&limit=1":                                          `200 {"status":"success","data":[{"__name__":"systant_up","host":"desk"}],"warnings":[`,
		"/labels?limit=1":                                                             `200 {"status":"success","data":["__name__"],"warnings":[`,
		"/label/host/values?match[]=none":                                             `200 {"status":"success","data":[]}`,
		"/query_range?query=none&start=1&end=2&step=1":                                `200 {"status":"success","data":{"resultType":"matrix","result":[]}}`,
		"/query?query=none":                                                           `200 {"status":"success","data":{"resultType":"vector","result":[]}}`,
		"/query?query=1&limit=-1":                                                     `400 {"status":"error","errorType":"bad_data","error":"parameter \"limit\"`,
		"/query?query=1&timeout=soon":                                                 `400 {"status":"error","errorType":"bad_data","error":"parameter \"timeout\"`,
		"/query?query=1&lookback_delta=x":                                             `400 {"status":"error","errorType":"bad_data","error":"parameter \"lookback_delta\"`,
		"/query?query=1&timeout=1ns":                                                  `400 {"status":"error","errorType":"bad_data","error":"parameter \"timeout\"`,
		"/query?query=%22a%22&time=1.5":                                               `200 {"status":"success","data":{"result":[1.5,"a"],"resultType":"string"}}`,
		"/query?query=-1/0&time=1":                                                    `200 {"status":"success","data":{"result":[1,"-Inf"],"resultType":"scalar"}}`,
		"/query?query=vector(0/0)&time=1":                                             `200 {"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"NaN"]}]}}`,
		"/query_range?query=1&start=0&end=11000&step=1":                               `200 {"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[0,"1"],`,
		"/query?query=systant_up&limit=1&time=" + at:                                  `200 {"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"systant_up","host":"desk"},"value":[` + at + `,"1"]}]},"warnings":["there are more`,
		"/query?query=systant_up&limit=2&time=" + at:                                  `200 {"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"systant_up","host":"desk"},"value":[` + at + `,"1"]},{"metric":{"__name__":"systant_up","host":"nas"},"value":[` + at + `,"1"]}]}}`,
		"/query?query=systant_up&lookback_delta=1&time=" + fmt.Sprint(start.Unix()+2): `200 {"status":"success","data":{"resultType":"vector","result":[]}}`,
		"/query?query=1&stats=all&time=1":                                             `200 {"status":"success","data":{"result":[1,"1"],"resultType":"scalar","stats":{"timings":{`,
		"/rules":                                                                      `404 {"status":"error","errorType":"not_found"`,
	} {
		if got := get(t, address+path); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %.300s, want %s", path, got, want)
		}
	}
	response, err := http.PostForm(address+"/query", url.Values{"query": {strings.Repeat("1+", maxForm) + "1"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, response); !strings.HasPrefix(got, "400 ") {
		t.Errorf("a form of a megabyte: got %.200s", got)
	}
}

// FuzzParameters has no parameters that stop the API.
func FuzzParameters(f *testing.F) {
	f.Add("1", "2", "1m", "up", "5")
	f.Add("1e300", "-Inf", "1y1w", "{", "x")
	f.Add("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "840000", "x[5m:]", "1")
	f.Fuzz(func(t *testing.T, from, to, step, expr, limit string) {
		a := New(nobody{}, "")
		form := url.Values{"start": {from}, "end": {to}, "step": {step}, "query": {expr}, "match[]": {expr}, "limit": {limit}, "time": {from}}
		for _, path := range []string{"/query", "/query_range", "/series", "/labels"} {
			w := httptest.NewRecorder()
			a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path+"?"+form.Encode(), nil))
			if w.Code != http.StatusBadRequest && w.Code != http.StatusServiceUnavailable {
				t.Errorf("%s?%s: got %d %s", path, form.Encode(), w.Code, w.Body)
			}
		}
	})
}

// nobody is an engine that is never open.
type nobody struct{}

// Instant has no answer.
func (nobody) Instant(context.Context, string, time.Time, history.Limits) (*history.Result, error) {
	return nil, history.ErrClosed
}

// Range has no answer.
func (nobody) Range(_ context.Context, _ string, start, end time.Time, step time.Duration, _ history.Limits) (*history.Result, error) {
	if step < time.Millisecond || end.Before(start) || (end.UnixMilli()-start.UnixMilli())/step.Milliseconds() > history.MaxPoints {
		panic("a range without bounds")
	}
	return nil, history.ErrClosed
}

// Select has no answer.
func (nobody) Select(context.Context, time.Time, time.Time, func(context.Context, storage.Querier) error) error {
	return history.ErrClosed
}
