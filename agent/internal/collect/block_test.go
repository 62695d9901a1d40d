package collect

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/pkg/schema"
)

func TestParseDiskStats(t *testing.T) {
	want := diskStats{reads: 1, readSectors: 3, readTime: 4, writes: 5, writeSectors: 7, writeTime: 8, busyTime: 10, queueTime: 11}
	for _, line := range []string{
		"   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n",                    // to Linux 4.17
		"   8       0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n",        // discards
		" 259       0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 \n", // flushes, from 5.5
		"259 0 sda 1 2 3 4 5 6 7 8 9 10 11 12\n",
	} {
		name, got, err := parseDiskStats([]byte(line))
		if err != nil || string(name) != "sda" || got != want {
			t.Errorf("%q: got %s %+v, error %v, want sda %+v", line, name, got, err, want)
		}
	}
}

func TestParseDiskStatsRefuses(t *testing.T) {
	for name, line := range map[string]string{
		"empty":       "",
		"blank":       "   \n",
		"no name":     "8 0\n",
		"no numbers":  "8 0 sda\n",
		"too few":     "8 0 sda 1 2 3 4 5 6 7 8 9 10\n",
		"cut":         "8 0 sda 1 2 3 4 5 6 7 8 9 10 11",
		"a word":      "8 0 sda 1 2 x 4 5 6 7 8 9 10 11\n",
		"too long":    "8 0 sda 1 2 999999999999999999999 4 5 6 7 8 9 10 11\n",
		"Linux 2.6.0": "8 1 sda1 1 2 3 4\n",
	} {
		if _, got, err := parseDiskStats([]byte(line)); !errors.Is(err, errDiskStats) {
			t.Errorf("%s: got %+v, error %v, want %v", name, got, err, errDiskStats)
		}
	}
}

func FuzzParseDiskStats(f *testing.F) {
	f.Add([]byte("   8       0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n"))
	f.Add([]byte("8 0 sda -1 18446744073709551615 3 4 5 6 7 8 9 10 11 "))
	f.Fuzz(func(t *testing.T, line []byte) {
		name, _, err := parseDiskStats(line)
		if err == nil && (len(name) == 0 || strings.ContainsAny(string(name), " ")) {
			t.Errorf("got name %q, want a word", name)
		}
	})
}

// blockSteps are two states of diskstats, ten seconds apart.
var blockSteps = [2]string{
	`   8       0 sda 1000 0 80000 4000 2000 0 160000 4294967290 0 5000 4294967000 0 0 0 0 0 0
   8       1 sda1 1000 0 80000 4000 2000 0 160000 4294967290 0 5000 4294967000 0 0 0 0 0 0
   9       0 md0 400 0 12000 0 1000 0 35000 0 0 0 0 0 0 0 0 0 0
  11       0 sr0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
 259       0 nvme0c0n1 9 0 9 9 9 0 9 9 0 9 9 0 0 0 0 0 0
   8      16 sdb 500 0 500 500 0 0 0 0 0 500 500 0 0 0 0 0 0
`,
	`   8       0 sda 1100 0 100480 4250 2000 0 160000 4294967290 0 9000 104 0 0 0 0 0 0
   8       1 sda1 1100 0 100480 4250 2000 0 160000 4294967290 0 9000 104 0 0 0 0 0 0
   9       0 md0 400 0 12000 0 1100 0 55480 0 0 0 0 0 0 0 0 0 0
  11       0 sr0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
 259       0 nvme0c0n1 9 0 9 9 9 0 9 9 0 9 9 0 0 0 0 0 0
   8      16 sdb 5 0 40 5 0 0 0 0 0 5 5 0 0 0 0 0 0
`}

func TestBlock(t *testing.T) {
	host := writeHost(t, map[string]string{
		"proc/diskstats":                 blockSteps[0],
		"sys/block/sda/device/model":     "Samsung SSD 870 \n",
		"sys/block/sdb/device/model":     "Old",
		"sys/block/md0/":                 "",
		"sys/block/sr0/":                 "",
		"sys/block/nvme0c0n1/hidden":     "1\n",
		"sys/block/unrelated/dm/name":    "x",
		"sys/class/block/sda1/partition": "1\n",
	})
	c, _ := newBlock(Config{Host: host})
	now := time.Now()
	sample := func(at time.Time) map[string]schema.Block {
		t.Helper()
		var s schema.Stats
		if err := c.Collect(t.Context(), &s, at); err != nil {
			t.Fatal(err)
		}
		return s.Block
	}
	first := map[string]schema.Block{"sda": {Model: "Samsung SSD 870"}, "md0": {}, "sdb": {Model: "Old"}}
	if diff := cmp.Diff(sample(now), first); diff != "" {
		t.Errorf("first sample: got -, want +\n%s", diff)
	}
	// Another disk takes the name of one that was unplugged.
	for name, content := range map[string]string{"/proc/diskstats": blockSteps[1], "/sys/block/sdb/device/model": "New"} {
		if err := os.WriteFile(host.Path(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	second := map[string]schema.Block{
		"sda": {
			Model:              "Samsung SSD 870",
			ReadBytesPerSecond: new(20480 * 512 / 10.0), WriteBytesPerSecond: new(0.0),
			ReadsPerSecond: new(10.0), WritesPerSecond: new(0.0),
			BusyPercent: new(40.0), ReadLatencySeconds: new(0.0025), QueueDepth: new(0.04),
		},
		"md0": {
			ReadBytesPerSecond: new(0.0), WriteBytesPerSecond: new(20480 * 512 / 10.0),
			ReadsPerSecond: new(0.0), WritesPerSecond: new(10.0),
		},
		"sdb": {Model: "New"},
	}
	if diff := cmp.Diff(sample(now.Add(10*time.Second)), second); diff != "" {
		t.Errorf("second sample: got -, want +\n%s", diff)
	}
}

func TestBlockChooses(t *testing.T) {
	files := map[string]string{}
	for _, name := range []string{"sda", "dm-0", "md0", "loop0", "zram0", "nvme0n1", "cciss!c0d0"} {
		files["sys/block/"+name+"/"] = ""
		files["proc/diskstats"] += "8 0 " + strings.ReplaceAll(name, "!", "/") + " 1 2 3 4 5 6 7 8 9 10 11\n"
	}
	host := writeHost(t, files)
	check := func(chosen Filter, want ...string) {
		t.Helper()
		c, _ := newBlock(Config{Host: host, Block: chosen})
		var s schema.Stats
		if err := c.Collect(t.Context(), &s, time.Now()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(s.Block)), want); diff != "" {
			t.Errorf("got -, want +\n%s", diff)
		}
	}
	check(Filter{}, "cciss/c0d0", "dm-0", "md0", "nvme0n1", "sda")
	check(filter(t, []string{"zram*", "sd?"}, nil), "sda", "zram0")
	check(filter(t, nil, []string{"dm-*", "md*", "cciss*"}), "nvme0n1", "sda")
}

func TestBlockAbsent(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no diskstats": {"proc/stat": ""},
		"no devices":   {"proc/diskstats": ""},
	} {
		c, _ := newBlock(Config{Host: writeHost(t, files)})
		if err := c.Collect(t.Context(), &schema.Stats{}, time.Now()); !errors.Is(err, ErrAbsent) {
			t.Errorf("%s: got %v, want %v", name, err, ErrAbsent)
		}
	}
}

func BenchmarkBlock(b *testing.B) {
	c, _ := newBlock(Config{})
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Collect(b.Context(), &schema.Stats{}, time.Now()); err != nil && !errors.Is(err, ErrAbsent) {
			b.Fatal(err)
		}
	}
}
