package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

const (
	// jobsFor is how long what systemd said of jobs is taken as unchanged: they
	// run once a day, and each look costs a connection to the bus.
	jobsFor = 5 * time.Minute
	// maxScript bounds the bytes of the program nixos-version that are read.
	maxScript = 64 << 10
)

// runs tells how jobs of systemd went.
type runs interface {
	// LastRun returns how a service that a timer of the same name starts ended
	// last; its zero value where there is none or it never ran.
	LastRun(ctx context.Context, job string) (lastRun, error)
	Close() error
}

// lastRun is how a job of systemd went.
type lastRun struct {
	at     time.Time
	result string // systemd's word; empty where it isn't known any more
}

// nixos reads which system a NixOS host runs.
type nixos struct {
	host  kernel.Host
	dial  func(ctx context.Context, socket string) (runs, error)
	facts schema.NixOS
	read  time.Time // when the facts were read
	asked time.Time // when systemd was asked
	fault error     // what came of it
}

// newNixOS returns the collector of what only NixOS has.
func newNixOS(c Config) (Collector, error) {
	dial := func(ctx context.Context, socket string) (runs, error) { return dialBus(ctx, socket) }
	return &nixos{host: c.Host, dial: dial}, nil
}

// Collect fills s.NixOS from the links of NixOS' systems, the files of the
// active one, statfs(2) and systemd. It returns [ErrAbsent] on other hosts.
func (c *nixos) Collect(ctx context.Context, s *schema.Stats, now time.Time) error {
	if c.read.IsZero() || now.Sub(c.read) >= factsFor {
		systems := readNixSystems(c.host)
		if systems.current == "" {
			return ErrAbsent
		}
		c.refresh(systems)
		if c.asked.IsZero() || now.Sub(c.asked) >= jobsFor {
			c.asked, c.fault = now, c.ask(ctx)
		}
		c.read = now
	}
	facts := c.facts
	s.NixOS = &facts
	return c.fault
}

// refresh reads all but what systemd tells.
func (c *nixos) refresh(systems nixSystems) {
	h, all := c.host, readGenerations(c.host)
	numbers := generationNumbers(h)
	f := schema.NixOS{
		State:       systems.state(h, all),
		Generations: len(numbers),
		UpgradeTime: c.facts.UpgradeTime, UpgradeResult: c.facts.UpgradeResult,
		GCTime: c.facts.GCTime, GCResult: c.facts.GCResult,
	}
	if n, ok := parseGeneration(h.Link(nixProfiles + "/system")); ok {
		f.Generation = &n
		if made, err := h.Changed(generationLink(n)); err == nil {
			f.GenerationTime = new(made.Unix())
		}
	}
	if g, ok := find(all, systems.current); ok {
		f.CurrentGeneration, f.Specialisation = &g.number, cleanText([]byte(g.specialisation), maxName)
	}
	if g, ok := find(all, systems.booted); ok {
		f.BootedGeneration = &g.number
	}
	version, _ := h.Text(systems.current + "/nixos-version")
	f.Version = cleanText([]byte(version), maxName)
	if day, ok := parseNixpkgsDay(version); ok {
		f.NixpkgsTime = new(day.Unix())
	}
	if script, err := h.Resolve(systems.current + "/sw/bin/nixos-version"); err == nil {
		text, _ := h.Head(script, maxScript)
		f.Revision, f.NixpkgsRevision = parseNixOSVersion(text)
	}
	if size, ok := storeSize(h); ok {
		f.StoreBytes = &size
	}
	c.facts = f
}

// parseNixOSVersion returns the revisions that the program nixos-version would
// print: it is a script that has them as a JSON object. Each is empty where it
// isn't there.
func parseNixOSVersion(script []byte) (configuration, nixpkgs string) {
	at := bytes.Index(script, []byte("\n{"))
	if at < 0 {
		return "", ""
	}
	var versions struct {
		ConfigurationRevision, NixpkgsRevision string
	}
	if json.NewDecoder(bytes.NewReader(script[at:])).Decode(&versions) != nil {
		return "", ""
	}
	return cleanText([]byte(versions.ConfigurationRevision), maxName), cleanText([]byte(versions.NixpkgsRevision), maxName)
}

// storeSize returns the bytes that the Nix store takes, where the filesystem that
// holds it holds nothing else. Nothing else tells them cheaply: adding up the
// sizes of its files costs seconds of processor time and much more of the disk's,
// and the database of Nix is its own.
func storeSize(h kernel.Host) (uint64, bool) {
	table, err := h.Read("/proc/self/mountinfo")
	if err != nil {
		return 0, false
	}
	mounts, _ := parseMounts(table)
	holder, ok := storeMount(mounts)
	if !ok {
		return 0, false
	}
	size, err := h.Filesystem(holder.point)
	if err != nil || size.Blocks == 0 || size.Free > size.Blocks {
		return 0, false
	}
	return product(size.Blocks-size.Free, size.BlockSize), true
}

// storeMount returns the mount that holds /nix/store, unless its filesystem is
// mounted anywhere outside /nix, lives in memory, or may not answer.
func storeMount(mounts []mount) (mount, bool) {
	var holder mount
	for _, m := range mounts { // later ones cover earlier ones
		covers := m.point == "/" || m.point == "/nix" || m.point == "/nix/store"
		if covers && len(m.point) >= len(holder.point) {
			holder = m
		}
	}
	if holder.point == "" || holder.mayHang() || slices.Contains(usuallyNoDisk, holder.filesystem) {
		return mount{}, false
	}
	for _, m := range mounts {
		inside := m.point == "/nix" || strings.HasPrefix(m.point, "/nix/")
		if m.device == holder.device && m.filesystem == holder.filesystem && !inside {
			return mount{}, false
		}
	}
	return holder, true
}

// ask asks systemd for the last upgrade and garbage collection. A host without
// the bus, or without systemd on it, has none.
func (c *nixos) ask(ctx context.Context) error {
	socket := c.host.Path(systemBus)
	if _, err := os.Stat(socket); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	bus, err := c.dial(ctx, socket)
	if err != nil {
		return fmt.Errorf("connecting to the system bus: %w", err)
	}
	defer bus.Close()
	upgrade, err := bus.LastRun(ctx, "nixos-upgrade")
	if err != nil {
		return fmt.Errorf("asking systemd for the last upgrade: %w", err)
	}
	gc, err := bus.LastRun(ctx, "nix-gc")
	if err != nil {
		return fmt.Errorf("asking systemd for the last garbage collection: %w", err)
	}
	c.facts.UpgradeTime, c.facts.UpgradeResult = upgrade.payload()
	c.facts.GCTime, c.facts.GCResult = gc.payload()
	return nil
}

// payload returns a run as it is published.
func (r lastRun) payload() (at *int64, result string) {
	if r.at.IsZero() {
		return nil, ""
	}
	return new(r.at.Unix()), printable(r.result)
}
