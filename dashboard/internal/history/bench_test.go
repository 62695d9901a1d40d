package history

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/tsdb"

	"systant/pkg/schema"
)

// What is remembered for the benchmarks: a year of one host with roll-ups, and
// in its last month ten hosts.
const (
	benchHosts = 10
	benchYear  = 365 * 24 * time.Hour
	benchMonth = 31 * 24 * time.Hour
)

// benchEnd is when the year ends.
var benchEnd = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)

// benchMachine is a recorded machine whose numbers move as a host's do: some
// not at all, some a little, counters upwards.
type benchMachine struct {
	stats  schema.Stats
	random *rand.Rand
	load   float64
}

// next returns the sample of a moment.
func (m *benchMachine) next(at time.Time) *schema.Stats {
	data, err := json.Marshal(m.stats)
	if err != nil {
		panic(err) // it was read from JSON
	}
	s := &schema.Stats{}
	if err := json.Unmarshal(data, s); err != nil {
		panic(err)
	}
	m.load = min(1, max(0.02, m.load+m.random.NormFloat64()*0.08))
	s.Timestamp = at
	s.CPU.UsagePercent = new(float64(int(m.load*1000)) / 10)
	s.CPU.Load1m = float64(int(m.load*400)) / 100
	s.Memory.UsedBytes += uint64(m.random.IntN(1<<26)) &^ 4095
	s.Memory.AvailableBytes = s.Memory.TotalBytes - s.Memory.UsedBytes
	for name, n := range s.Network {
		n.RxBytesTotal += uint64(m.random.IntN(1 << 20))
		n.TxBytesTotal += uint64(m.random.IntN(1 << 18))
		if n.RxBytesPerSecond != nil {
			n.RxBytesPerSecond, n.TxBytesPerSecond = new(float64(m.random.IntN(1<<16))), new(float64(m.random.IntN(1<<14)))
		}
		s.Network[name], m.stats.Network[name] = n, n
	}
	for name, core := range s.Core {
		core.UsagePercent = new(float64(int(m.load*m.random.Float64()*1000)) / 10)
		s.Core[name] = core
	}
	for name, t := range s.Temperature {
		t.ValueCelsius += float64(m.random.IntN(20)) / 10
		s.Temperature[name] = t
	}
	return s
}

// benchStore fills a store, once for all benchmarks, and reports what it takes
// on disk.
var benchStore = sync.OnceValues(func() (*Store, error) {
	path, err := os.MkdirTemp("", "history-bench")
	if err != nil {
		return nil, err
	}
	s := New(Options{Path: path, Retention: benchMonth, RollupRetention: 2 * benchYear, Late: time.Hour, MaxSeries: 10_000, Log: slog.New(slog.DiscardHandler)})
	if err := s.open(); err != nil {
		return nil, err
	}
	if err := fillYear(s); err != nil {
		return nil, err
	}
	s.close() // what is open shows all blocks that were written
	return s, s.open()
})

// fillYear writes the year, day by day, and rolls it up.
func fillYear(s *Store) error {
	data, err := os.ReadFile("../../../agent/internal/collect/testdata/machines/raspberry-pi.json")
	if err != nil {
		return err
	}
	var hosts []*benchMachine
	for i := range benchHosts {
		m := &benchMachine{random: rand.New(rand.NewPCG(1, uint64(i))), load: 0.5}
		if err := json.Unmarshal(data, &m.stats); err != nil {
			return err
		}
		m.stats.Hostname = fmt.Sprint("host-", i)
		hosts = append(hosts, m)
	}
	ctx := context.Background()
	for at := benchEnd.Add(-benchYear); at.Before(benchEnd); {
		step, here := time.Minute, hosts[:1]
		if at.After(benchEnd.Add(-benchMonth)) {
			step, here = 30*time.Second, hosts
		}
		for _, m := range here {
			s.take(ctx, event{sample: m.next(at), now: at})
		}
		before := at
		if at = at.Add(step); at.Truncate(rollSpan).Equal(before.Truncate(rollSpan)) {
			continue
		}
		if err := s.db.Compact(ctx); err != nil {
			return err
		}
		if err := s.rollups.catchUp(ctx, at); err != nil {
			return err
		}
	}
	return s.rollups.db.Compact(ctx)
}

// weigh returns the bytes of the files in a folder.
func weigh(path string) (bytes int64, err error) {
	err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		bytes += info.Size()
		return err
	})
	return bytes, err
}

// BenchmarkDisk tells how many bytes a number takes in the blocks that have been
// merged, and a roll-up of three numbers.
func BenchmarkDisk(b *testing.B) {
	s, err := benchStore()
	if err != nil {
		b.Fatal(err)
	}
	count := func(db *tsdb.DB) (bytes int64, numbers uint64) {
		for _, block := range db.Blocks() {
			size, err := weigh(block.Dir())
			if err != nil {
				b.Fatal(err)
			}
			bytes += size
			numbers += block.Meta().Stats.NumSamples
		}
		return bytes, numbers
	}
	for b.Loop() {
		bytes, numbers := count(s.db)
		b.ReportMetric(float64(bytes)/float64(numbers), "B/number")
		b.ReportMetric(float64(numbers)/1e6, "Mnumbers")
		rolled, kept := count(s.rollups.db)
		b.ReportMetric(float64(rolled)/float64(kept)*3, "B/roll-up")
		b.ReportMetric(float64(rolled)/1e6, "MB/host-year")
	}
}

// BenchmarkChart draws what a host's page asks for at once: seven metrics.
func BenchmarkChart(b *testing.B) {
	s, err := benchStore()
	if err != nil {
		b.Fatal(err)
	}
	reader := newReader(s)
	metrics := []string{"cpu.usage_percent", "cpu.load_1m", "memory.usage_percent", "disk.usage_percent", "network.rx_bytes_per_second", "network.tx_bytes_per_second", "temperature.value_celsius"}
	for _, span := range []struct {
		name string
		of   time.Duration
	}{{"1h", time.Hour}, {"24h", 24 * time.Hour}, {"30d", 30 * 24 * time.Hour}, {"1y", benchYear}} {
		b.Run(span.name, func(b *testing.B) {
			b.ReportAllocs()
			points := 0
			for b.Loop() {
				end := benchEnd.Add(-time.Minute)
				c, err := reader.Chart(b.Context(), ChartRequest{Host: "host-0", Metrics: metrics, Start: end.Add(-span.of), End: end, Points: 400})
				if err != nil {
					b.Fatal(err)
				}
				points = len(c.Times)
				if len(c.Lines) < len(metrics) || points < 90 {
					b.Fatalf("got %d lines of %d moments, want more", len(c.Lines), points)
				}
			}
			b.ReportMetric(float64(points), "moments")
		})
	}
}

// BenchmarkQuery evaluates expressions over all hosts.
func BenchmarkQuery(b *testing.B) {
	s, err := benchStore()
	if err != nil {
		b.Fatal(err)
	}
	engine := NewEngine(s, s.options.Log)
	for _, one := range []struct {
		name, expr string
		of, step   time.Duration
	}{
		{"24h", "systant_cpu_usage_percent", 24 * time.Hour, 2 * time.Minute},
		{"30d", "max_over_time(systant_cpu_usage_percent[2h])", 30 * 24 * time.Hour, 2 * time.Hour},
		{"1y", `max_over_time(systant_cpu_usage_percent{host="host-0"}[1d])`, benchYear, 24 * time.Hour},
	} {
		b.Run(one.name, func(b *testing.B) {
			for b.Loop() {
				r, err := engine.Range(b.Context(), one.expr, benchEnd.Add(-one.of), benchEnd.Add(-time.Minute), one.step, Limits{})
				if err != nil {
					b.Fatal(err)
				}
				r.Close()
			}
		})
	}
}
