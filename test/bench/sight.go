package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// sight looks at a dashboard that runs.
type sight struct {
	stage *stage
	most  int // the most memory seen, in KiB
}

// look is what is seen at a moment.
type look struct {
	at      time.Time
	cpu     time.Duration
	memory  int // RSS in KiB
	metrics map[string]float64
}

// look looks once.
func (s *sight) look(ctx context.Context) (look, error) {
	l := look{at: time.Now(), metrics: map[string]float64{}}
	var err error
	if l.cpu, err = s.stage.dashboard.cpu(); err != nil {
		return l, err
	}
	l.memory = s.stage.dashboard.proc("status")["VmRSS"]
	s.most = max(s.most, l.memory)
	answer, err := s.stage.get(ctx, "/metrics")
	if err != nil {
		return l, err
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if name, number, ok := strings.Cut(lines.Text(), " "); ok && !strings.HasPrefix(name, "#") {
			if l.metrics[name], err = strconv.ParseFloat(number, 64); err != nil {
				return l, fmt.Errorf("reading its metrics: %w", err)
			}
		}
	}
	return l, nil
}

// report prints what happened between two looks, and fails where samples were
// lost.
func (s *sight) report(w io.Writer, name string, a, b look, ages []time.Duration) error {
	since := func(metric string) float64 { return b.metrics[metric] - a.metrics[metric] }
	seconds, cpu := b.at.Sub(a.at).Seconds(), (b.cpu - a.cpu).Seconds()
	samples, numbers := since(`systant_messages_accepted_total{kind="stats"}`), since("systant_history_samples_total")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(what, format string, values ...any) {
		fmt.Fprintf(t, "%s\t"+format+"\t\n", append([]any{what}, values...)...)
	}
	row(name, "%.0f s", seconds)
	row("hosts online", "%.0f", b.metrics[`systant_hosts{state="online"}`])
	row("samples a second", "%.1f", samples/seconds)
	row("numbers a sample", "%.1f", numbers/max(samples, 1))
	row("cores", "%.3f", cpu/seconds)
	row("CPU ms a sample", "%.3f", cpu*1e3/max(samples, 1))
	row("RSS MiB, at the end", "%.0f", float64(b.memory)/1024)
	row("RSS MiB, at most", "%.0f", float64(s.most)/1024)
	row("MiB on disk", "%.0f", float64(weigh(filepath.Join(s.stage.folder, "history")))/(1<<20))
	if len(ages) > 0 {
		row("events read", "%d", len(ages))
		row("published to read, ms: half within", "%.1f", quantile(ages, 0.5))
		row("99 % within", "%.1f", quantile(ages, 0.99))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	lost := since("systant_history_lost_total") + since("systant_rewind_lost_total")
	for metric := range b.metrics {
		if strings.HasPrefix(metric, "systant_messages_refused_total") || strings.HasPrefix(metric, "systant_history_refused_total") {
			lost += since(metric)
		}
	}
	if lost > 0 || samples == 0 {
		return fmt.Errorf("%w: %.0f taken, %.0f lost or refused (see its /metrics)", errLost, samples, lost)
	}
	return nil
}

// weigh returns the bytes of all files below a folder.
func weigh(folder string) (bytes int64) {
	_ = filepath.WalkDir(folder, func(_ string, entry os.DirEntry, err error) error { // a file may go meanwhile
		if err == nil && entry.Type().IsRegular() {
			if info, err := entry.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil
	})
	return bytes
}

// startEngine starts what stands for another engine: it takes what is written
// and knows nothing.
func startEngine() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		if strings.HasSuffix(r.URL.Path, "/write") {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[]}}`)
	}))
}
