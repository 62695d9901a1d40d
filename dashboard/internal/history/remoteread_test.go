package history

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"
)

// readFrom returns a reader of an engine that answers so.
func readFrom(t *testing.T, answer http.HandlerFunc) *Reader {
	t.Helper()
	engine := httptest.NewServer(answer)
	t.Cleanup(engine.Close)
	u, err := url.Parse(engine.URL)
	if err != nil {
		t.Fatal(err)
	}
	return NewRemoteReader(RemoteOptions{QueryURL: u})
}

// No question is of more points than Prometheus answers, however long the time
// is.
func TestRemotePoints(t *testing.T) {
	r := readFrom(t, func(w http.ResponseWriter, r *http.Request) {
		number := func(name string) float64 {
			v, err := strconv.ParseFloat(r.FormValue(name), 64)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			return v
		}
		if r.URL.Path == "/api/v1/query_range" {
			if got := (number("end") - number("start")) / number("step"); got > 11_000 {
				t.Errorf("%v points with the step %s", got, r.FormValue("step"))
			}
		}
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[]}}`)
	})
	end := now()
	for days := 1; days < 800; days += 3 {
		start := end.Add(-time.Duration(days)*24*time.Hour - 7*time.Millisecond)
		if _, err := r.Events(t.Context(), "nas", start, end); err != nil {
			t.Fatal(err)
		}
	}
	for _, points := range []int{1, 400, 4000} {
		if _, err := r.Chart(t.Context(), ChartRequest{"nas", []string{"cpu.usage_percent"}, time.UnixMilli(0), end, points}); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever an engine answers, nothing panics.
func TestRemoteNonsense(t *testing.T) {
	for _, answer := range []string{
		``, `null`, `{"status":"success"}`, `{"status":"error","error":"no"}`,
		`{"status":"success","data":{"result":[{"values":[[1,"2"],[null,"3"]]},{},null]}}`,
		`{"status":"success","data":{"result":[{"metric":null,"values":[null]}]}}`,
		`{"status":"success","data":{"result":[{"metric":{"__name__":"a"},"values":[[1e300,"NaN"],[2,"x"]]}]}}`,
	} {
		r := readFrom(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) })
		for _, long := range []time.Duration{time.Hour, 1000 * time.Hour} {
			_, _ = r.Events(t.Context(), "nas", now().Add(-long), now())
			_, _ = r.Chart(t.Context(), ChartRequest{"nas", []string{"cpu.usage_percent"}, now().Add(-long), now(), 100})
		}
	}
}
