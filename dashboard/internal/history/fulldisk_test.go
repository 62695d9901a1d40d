package history

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// fillDisk leaves no room on a disk until what it returns is called.
func fillDisk(t *testing.T, disk string) (empty func()) {
	t.Helper()
	ballast := filepath.Join(disk, "ballast")
	file, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for range 10_000 {
		if _, err = file.Write(make([]byte, 4096)); err != nil {
			break
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("filling the disk: %v", err)
	}
	return func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
}

// What is written after the disk was full is there after a restart too, also of
// series that began while it was; and hosts that are down stay so.
func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_NODEV|syscall.MS_NOSUID, "size=8m"); err != nil {
		t.Skipf("mounting a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	large := func(o *Options) { o.Path, o.MaxSeries = filepath.Join(disk, "history"), 100_000 }
	s, stop := open(t, large)
	var mounts []string
	for range 600 {
		mounts = append(mounts, "/"+rand.Text()+rand.Text()+rand.Text()+rand.Text())
	}
	start := now().Add(-10 * time.Minute)
	s.Sample(at("away", start), false, start)
	s.Down("away", start.Add(time.Second))
	expect(t, s, `systant_up`, start.Add(time.Second), `{__name__="systant_up", host="away"} 0`)
	empty := fillDisk(t, disk)
	for i := 0; s.Counters().Lost < 3; i++ {
		when := start.Add(time.Duration(i) * time.Second)
		s.Sample(at("nas", when, mounts...), false, when)
		time.Sleep(10 * time.Millisecond)
	}
	empty()
	last := start.Add(5 * time.Minute)
	for i := range 100 {
		when := last.Add(time.Duration(i-99) * time.Second)
		s.Sample(at("nas", when, mounts...), false, when)
		time.Sleep(10 * time.Millisecond)
	}
	expect(t, s, `count(systant_disk_usage_percent)`, last, `{} 600`)
	stop()
	if away := s.writer.hosts["away"]; away == nil || !away.down {
		t.Errorf("got %+v, want a host that is down", away)
	}
	again, _ := open(t, large)
	expect(t, again, `count(systant_disk_usage_percent)`, last, `{} 600`)
}
