package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// maxPath bounds the bytes of a mount point or device that are published.
const maxPath = 255

// DiskOptions is what the section [disk] sets.
type DiskOptions struct {
	// Mounts chooses filesystems by mount point. What it includes is published
	// though its type or another mount would keep it out.
	Mounts Filter
	// Filesystems chooses filesystems by type, such as "ext4".
	Filesystems Filter
}

// usuallyNoDisk are the types of filesystems that are left out unless their
// mount point is asked for: those that live in memory, those that show the
// kernel or another filesystem, and images that are always full.
var usuallyNoDisk = []string{
	"aufs", "autofs", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2",
	"configfs", "cramfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "erofs",
	"fuse.*.AppImage", "fuse.*portal", "fuse.fuse-overlayfs", "fuse.gvfsd-fuse",
	"fuse.lxcfs", "fuse.snapfuse", "fuse.squashfuse*", "fusectl", "hugetlbfs",
	"iso9660", "mqueue", "nfsd", "nsfs", "overlay", "proc", "pstore", "ramfs",
	"resctrl", "romfs", "rootfs", "rpc_pipefs", "securityfs", "selinuxfs",
	"shiftfs", "smackfs", "squashfs", "sysfs", "tmpfs", "tracefs",
}

// disk reads how full the mounted filesystems are.
//
// A filesystem is published once, at its shortest mount point, because its
// other mounts (bind mounts, /nix/store, subvolumes of btrfs) would show the
// same numbers. Datasets of ZFS are filesystems of their own. The root is
// published though its type is one that is left out usually. Mount points that
// are included by name are published in any case, but for autofs: asking that
// would mount it.
type disk struct {
	host        kernel.Host
	points      Filter
	filesystems selection
	sizer       *sizer

	table  []byte  // mountinfo when mounts were chosen from it
	mounts []mount // those to publish
	bad    error   // what was wrong with the table
}

// newDisk returns the collector of the host's filesystems.
func newDisk(c Config) (Collector, error) {
	types, err := newSelection(c.Disk.Filesystems, usuallyNoDisk)
	return &disk{
		host:        c.Host,
		points:      c.Disk.Mounts,
		filesystems: types,
		sizer:       newSizer(c.Host.Filesystem),
	}, err
}

// Collect fills s.Disk from /proc/self/mountinfo and statfs(2). Filesystems
// that don't answer are left out, and are told of in the error.
func (c *disk) Collect(ctx context.Context, s *schema.Stats, _ time.Time) error {
	if err := c.list(); err != nil {
		return fmt.Errorf("reading mounts: %w", err)
	}
	fault := c.bad
	disks := make(map[string]schema.Disk, len(c.mounts))
	for i, size := range c.sizer.sizes(ctx, c.mounts) {
		m := c.mounts[i]
		switch {
		case size.err == nil:
			if size.Blocks > 0 {
				disks[cleanText([]byte(m.point), maxPath)] = m.disk(size.Filesystem)
			}
		case errors.Is(size.err, unix.ENOENT), errors.Is(size.err, unix.EACCES), errors.Is(size.err, unix.EPERM):
			// Unmounted or covered meanwhile, or another user's FUSE mount,
			// which nobody else may ask.
		default:
			fault = errors.Join(fault, fmt.Errorf("reading size of %s: %w", m.point, size.err))
		}
	}
	if len(disks) > 0 {
		s.Disk = disks
	} else if fault == nil {
		return ErrAbsent
	}
	return fault
}

// list chooses the mounts anew when the kernel's table has changed.
func (c *disk) list() error {
	table, err := c.host.Read("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	if c.table != nil && bytes.Equal(table, c.table) {
		return nil
	}
	var all []mount
	all, c.bad = parseMounts(table)
	c.unseal(all)
	c.table, c.mounts = table, c.choose(all)
	return nil
}

// unseal has mounts as writable as the system's first process sees them, from
// /proc/1/mountinfo: systemd makes all of them read-only to a service with
// ProtectSystem=strict (systemd.exec(5)). Where that process is not to be seen,
// or lacks the mount, what the agent sees holds.
func (c *disk) unseal(mounts []mount) {
	table, err := c.host.Read("/proc/1/mountinfo")
	if err != nil {
		return
	}
	type place struct{ device, point string }
	readOnly := make(map[place]bool)
	system, _ := parseMounts(table)
	for _, m := range system {
		readOnly[place{m.device, m.point}] = m.readOnly
	}
	for i, m := range mounts {
		if known, ok := readOnly[place{m.device, m.point}]; ok {
			mounts[i].readOnly = known
		}
	}
}

// choose returns the mounts to publish, in the order of the table.
func (c *disk) choose(all []mount) []mount {
	top := make(map[string]int, len(all)) // the mount that covers all others at a point
	for i, m := range all {
		top[m.point] = i
	}
	type filesystem struct{ device, kind string }
	shortest := make(map[filesystem]string)
	var candidates []mount
	for i, m := range all {
		if top[m.point] != i || !c.wants(m) {
			continue
		}
		candidates = append(candidates, m)
		key := filesystem{m.device, m.filesystem}
		if point, ok := shortest[key]; !ok || len(m.point) < len(point) {
			shortest[key] = m.point
		}
	}
	chosen := candidates[:0]
	for _, m := range candidates {
		first := shortest[filesystem{m.device, m.filesystem}] == m.point
		if (first || c.points.Includes(m.point)) && len(chosen) < maxInstances {
			chosen = append(chosen, m)
		}
	}
	return chosen
}

// wants tells whether a mount is of interest, if it doesn't repeat another.
func (c *disk) wants(m mount) bool {
	if m.filesystem == "autofs" || !c.points.Allows(m.point) {
		return false
	}
	if c.points.Includes(m.point) {
		return true
	}
	if m.point == "/" {
		return c.filesystems.chosen.Allows(m.filesystem)
	}
	return c.filesystems.wants(m.filesystem)
}

// mayHang tells whether asking for the mount's size depends on more than this
// kernel and its disks: it has no block device and isn't of a type that does
// without one, or a program serves it.
func (m mount) mayHang() bool {
	if strings.HasPrefix(m.filesystem, "fuse") {
		return true
	}
	switch m.filesystem {
	case "bcachefs", "btrfs", "devtmpfs", "overlay", "ramfs", "tmpfs", "ubifs", "zfs":
		return false
	}
	return strings.HasPrefix(m.device, "0:")
}

// disk returns the payload of a mount: bytes, and percentages as df(1) shows
// them, which counts the blocks kept for root as neither used nor available.
func (m mount) disk(f kernel.Filesystem) schema.Disk {
	used := f.Blocks - min(f.Free, f.Blocks)
	d := schema.Disk{
		Device:         cleanText([]byte(m.source), maxPath),
		Filesystem:     cleanText([]byte(m.filesystem), maxPath),
		ReadOnly:       m.readOnly,
		TotalBytes:     product(f.Blocks, f.BlockSize),
		UsedBytes:      product(used, f.BlockSize),
		AvailableBytes: product(min(f.Available, f.Blocks), f.BlockSize),
	}
	d.UsagePercent = percent(float64(d.UsedBytes), float64(d.UsedBytes)+float64(d.AvailableBytes))
	// btrfs and vfat have no fixed number of inodes, and say 0.
	if f.Files > 0 && f.FilesFree <= f.Files {
		d.InodesUsagePercent = new(percent(float64(f.Files-f.FilesFree), float64(f.Files)))
	}
	return d
}

// product returns a*b, or the greatest number where a filesystem's server
// claims more than fits.
func product(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	if high > 0 {
		return math.MaxUint64
	}
	return low
}
