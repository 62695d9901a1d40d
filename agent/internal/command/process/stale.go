package process

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// namePrefix begins the names of the commands' cgroups, before the number and
// the start of the agent that made them.
const namePrefix = "command-"

// ownName returns how the names of this agent's cgroups begin.
func ownName() (string, error) {
	self, ok := readStat(os.Getpid())
	if !ok {
		return "", fmt.Errorf("reading the agent's own /proc/%d/stat", os.Getpid())
	}
	return fmt.Sprintf("%s%d-%d-", namePrefix, self.pid, self.start), nil
}

// owner returns which agent has made a cgroup of some name: its number, and
// its start in clock ticks since boot.
func owner(name string) (pid int, start uint64, ok bool) {
	var random uint64
	n, err := fmt.Sscanf(name, namePrefix+"%d-%d-%x", &pid, &start, &random)
	return pid, start, err == nil && n == 3 && pid > 0
}

// removeStale kills what runs in the cgroups of agents that are no more, and
// removes those. Cgroups of other names are somebody else's.
func removeStale(dir string, log *slog.Logger) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		log.Warn("looking for cgroups left by another agent", "err", err)
		return
	}
	for _, entry := range entries {
		pid, start, ok := owner(entry.Name())
		if !ok || !entry.IsDir() || !strings.HasPrefix(entry.Name(), namePrefix) {
			continue
		}
		if p, alive := readStat(pid); alive && p.start == start {
			continue
		}
		g := &group{dir: filepath.Join(dir, entry.Name())}
		end := time.Now().Add(killWithin)
		killed := !g.empty()
		if !kill(g, end) {
			log.Warn("processes left by another agent can't be killed", "cgroup", g.dir, "processes", len(g.members()))
		} else if err := g.removeBy(end); err != nil {
			log.Warn("a cgroup left by another agent stays", "err", err)
		} else {
			log.Info("cgroup left by another agent removed", "cgroup", g.dir, "killed", killed)
		}
	}
}
