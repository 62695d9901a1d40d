package history

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/index"
	"github.com/prometheus/prometheus/tsdb/tombstones"
)

// rollLabel tells the three series apart that a series is rolled up to.
const rollLabel = "__rollup__"

// What a series is rolled up to, in the order of a block.
const (
	rolledHigh = "high"
	rolledLow  = "low"
	rolledMean = "mean" // of a counter, the last of each half step
)

// rollBlock writes a block of roll-ups, as the database reads it
// (https://github.com/prometheus/prometheus/tree/main/tsdb/docs/format). It is
// written series by series: the numbers of a day are never in memory at once.
type rollBlock struct {
	from     storage.Querier
	counters map[string]bool // by the names of series
	index    *index.Writer
	chunks   *chunks.Writer
	meta     tsdb.BlockMeta
}

// writeRollBlock rolls up what lies from one time to before another, in
// milliseconds, to a new block in a folder, and tells whether there was
// anything. A block that could not be written leaves nothing behind.
func writeRollBlock(ctx context.Context, folder string, from storage.Querier, counters map[string]bool, start, end int64) (written bool, err error) {
	b := &rollBlock{from: from, counters: counters}
	b.meta.ULID = ulid.MustNew(ulid.Now(), rand.Reader)
	b.meta.Version, b.meta.MinTime, b.meta.MaxTime = 1, start, end
	b.meta.Compaction.Level = 1
	b.meta.Compaction.Sources = []ulid.ULID{b.meta.ULID}
	path := filepath.Join(folder, b.meta.ULID.String())
	draft := path + ".tmp-for-creation" // what the database removes when it finds it
	if err := os.MkdirAll(draft, 0o750); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(draft)) }()
	if err := b.write(ctx, draft); err != nil || b.meta.Stats.NumSeries == 0 {
		return false, err
	}
	if err := os.Rename(draft, path); err != nil {
		return false, err
	}
	return true, syncFolder(folder)
}

// write writes the files of the block.
func (b *rollBlock) write(ctx context.Context, folder string) (err error) {
	if b.chunks, err = chunks.NewWriter(filepath.Join(folder, "chunks")); err != nil {
		return err
	}
	if b.index, err = index.NewWriter(ctx, filepath.Join(folder, "index")); err != nil {
		return errors.Join(err, b.chunks.Close())
	}
	if err := errors.Join(b.populate(ctx), b.chunks.Close(), b.index.Close()); err != nil {
		return err
	}
	meta, err := json.MarshalIndent(b.meta, "", "\t")
	if err != nil {
		return err
	}
	if err := writeSynced(filepath.Join(folder, "meta.json"), meta); err != nil {
		return err
	}
	if _, err := tombstones.WriteFile(slog.New(slog.DiscardHandler), folder, tombstones.NewMemTombstones()); err != nil {
		return err
	}
	return syncFolder(folder)
}

// writeSynced writes a file that is there in full, or not at all, after a loss of
// power, once its folder's names last too.
func writeSynced(path string, data []byte) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}

// syncFolder makes the names in a folder last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// populate writes all series, in the order of their labels.
func (b *rollBlock) populate(ctx context.Context) error {
	if err := b.symbols(ctx); err != nil {
		return err
	}
	names, _, err := b.from.LabelValues(ctx, model.MetricNameLabel, nil)
	if err != nil {
		return err
	}
	ref := storage.SeriesRef(0)
	for _, name := range names {
		for _, kind := range []string{rolledHigh, rolledLow, rolledMean} {
			set := b.from.Select(ctx, true, nil, labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, name))
			var it chunkenc.Iterator
			for set.Next() {
				it = set.At().Iterator(it)
				if err := b.series(ref, set.At().Labels(), kind, it); err != nil {
					return err
				}
				ref++
			}
			if err := set.Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

// symbols writes all strings of labels.
func (b *rollBlock) symbols(ctx context.Context) error {
	names, _, err := b.from.LabelNames(ctx, nil)
	if err != nil {
		return err
	}
	all := append([]string{rollLabel, rolledHigh, rolledLow, rolledMean}, names...)
	for _, name := range names {
		values, _, err := b.from.LabelValues(ctx, name, nil)
		if err != nil {
			return err
		}
		all = append(all, values...)
	}
	slices.Sort(all)
	for _, symbol := range slices.Compact(all) {
		if err := b.index.AddSymbol(symbol); err != nil {
			return err
		}
	}
	return nil
}

// series writes one series.
func (b *rollBlock) series(ref storage.SeriesRef, of labels.Labels, kind string, it chunkenc.Iterator) error {
	chunk := chunkenc.NewXORChunk()
	app, err := chunk.Appender()
	if err != nil {
		return err
	}
	meta := chunks.Meta{Chunk: chunk, MinTime: math.MaxInt64}
	roll, step := &bucket{kind: kind}, rollStep.Milliseconds()
	if kind == rolledMean && b.counters[of.Get(model.MetricNameLabel)] {
		// A rate over five minutes, as most ask for, takes two numbers in each.
		roll.kind, step = "", step/2
	}
	flush := func() {
		if roll.n == 0 {
			return
		}
		at := roll.start + step - 1
		app.Append(0, at, roll.value())
		meta.MinTime, meta.MaxTime = min(meta.MinTime, at), at
		roll.n = 0
	}
	for it.Next() == chunkenc.ValFloat {
		at, v := it.At()
		if value.IsStaleNaN(v) {
			continue
		}
		if start := at - at%step; roll.start != start {
			flush()
			roll.start = start
		}
		roll.add(v)
	}
	flush()
	if err := it.Err(); err != nil || chunk.NumSamples() == 0 {
		return err
	}
	all := []chunks.Meta{meta}
	if err := b.chunks.WriteChunks(all...); err != nil {
		return err
	}
	b.meta.Stats.NumSeries++
	b.meta.Stats.NumChunks++
	b.meta.Stats.NumSamples += uint64(chunk.NumSamples())
	b.meta.Stats.NumFloatSamples += uint64(chunk.NumSamples())
	return b.index.AddSeries(ref, labels.NewBuilder(of).Set(rollLabel, kind).Labels(), all...)
}

// bucket gathers the numbers of one step.
type bucket struct {
	kind    string
	start   int64
	n       float64
	gathers float64
}

// add takes a number.
func (b *bucket) add(v float64) {
	b.n++
	switch {
	case b.n == 1 || b.kind == "":
		b.gathers = v
	case b.kind == rolledHigh:
		b.gathers = max(b.gathers, v)
	case b.kind == rolledLow:
		b.gathers = min(b.gathers, v)
	default:
		b.gathers += v
	}
}

// value returns what the numbers are rolled up to.
func (b *bucket) value() float64 {
	if b.kind == rolledMean {
		return b.gathers / b.n
	}
	return b.gathers
}
