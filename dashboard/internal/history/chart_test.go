package history

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"systant/pkg/schema"
)

// fill writes n samples of a host, some seconds apart, the last one at a moment.
func fill(t *testing.T, s *Store, n, apart int, last time.Time) {
	t.Helper()
	for i := range n {
		when := last.Add(-time.Duration((n-1-i)*apart) * time.Second)
		sample := &schema.Stats{Hostname: "nas", Timestamp: when, CPU: &schema.CPU{UsagePercent: new(float64(i))},
			Disk: map[string]schema.Disk{"/": {UsagePercent: 1.0 / 3}, "/b": {UsagePercent: 2}}}
		s.Sample(sample, false, last)
		for len(s.queue) > queueLength/2 {
			time.Sleep(time.Millisecond)
		}
	}
	expect(t, s, fmt.Sprintf("timestamp(systant_cpu_usage_percent) - %d", last.Unix()), last, `{host="nas"} 0`)
}

// draw returns a chart of the last while.
func draw(t *testing.T, s *Store, r ChartRequest) (*Chart, string) {
	t.Helper()
	chart, err := NewEngine(s, s.options.Log).Chart(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(chart)
	if err != nil {
		t.Fatal(err)
	}
	return chart, string(text)
}

// Where there is room, each sample is a moment, and a pause is a gap.
func TestChartOfSamples(t *testing.T) {
	s, _ := open(t, nil)
	last := now()
	fill(t, s, 3, 10, last.Add(-time.Minute))
	fill(t, s, 3, 10, last)
	_, got := draw(t, s, ChartRequest{"nas", []string{"disk.usage_percent", "cpu.usage_percent", "none.none"}, last.Add(-time.Hour), last, 100})
	at := last.Unix()
	want := fmt.Sprintf(`{"step":0,"times":[%d,%d,%d,%d,%d,%d,%d],"lines":[`+
		`{"metric":"disk.usage_percent","instance":"/","mean":[0.33333,0.33333,0.33333,null,0.33333,0.33333,0.33333]},`+
		`{"metric":"disk.usage_percent","instance":"/b","mean":[2,2,2,null,2,2,2]},`+
		`{"metric":"cpu.usage_percent","mean":[0,1,2,null,0,1,2]}]}`, at-80, at-70, at-60, at-50, at-20, at-10, at)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	_, got = draw(t, s, ChartRequest{"none", []string{"cpu.usage_percent"}, last.Add(-time.Hour), last, 100})
	if want := `{"step":0,"times":[],"lines":[]}`; got != want {
		t.Errorf("of an unknown host: got %s, want %s", got, want)
	}
}

// Where there is no room, moments are buckets of a round width, with mean, low
// and high, at places that do not depend on when the chart begins.
func TestChartOfBuckets(t *testing.T) {
	s, _ := open(t, func(o *Options) { o.Late = 3 * time.Hour })
	last := now().Truncate(10 * time.Minute)
	fill(t, s, 601, 10, last)
	for _, shift := range []time.Duration{0, 7 * time.Second} {
		chart, text := draw(t, s, ChartRequest{"nas", []string{"cpu.usage_percent"}, last.Add(-100*time.Minute - shift), last, 10})
		if chart.Step != 600 || len(chart.Times) < 11 || len(chart.Lines) != 1 {
			t.Fatalf("got %s", text)
		}
		line, n := chart.Lines[0], len(chart.Times)
		if chart.Times[n-1] != float64(last.Unix()) || line.Mean[n-1] != 600 {
			t.Errorf("the last bucket: got %s", text)
		}
		if line.Mean[n-2] != 569.5 || line.Low[n-2] != 540 || line.High[n-2] != 599 {
			t.Errorf("the one before: got %v, %v, %v", line.Low[n-2], line.Mean[n-2], line.High[n-2])
		}
	}
	chart, text := draw(t, s, ChartRequest{"nas", []string{"cpu.usage_percent"}, last.Add(-100 * time.Hour), last, 300})
	if len(chart.Times) > 301 || !math.IsNaN(chart.Lines[0].Mean[0]) {
		t.Errorf("got %d moments: %.300s", len(chart.Times), text)
	}
}
