package collect

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/prometheus/procfs"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

// addressesFor is how long interface addresses are taken as unchanged.
const addressesFor = time.Minute

// network reads the traffic of network interfaces.
type network struct {
	host       kernel.Host
	fs         procfs.FS
	interfaces Filter
	window     window
	before     procfs.NetDev
	addresses  map[string][]string
	asked      time.Time // when addresses was read
}

// newNetwork returns the collector of the host's network interfaces.
func newNetwork(c Config) (Collector, error) {
	fs, err := procfs.NewFS(c.Host.Path("/proc"))
	if err != nil {
		return nil, err
	}
	return &network{host: c.Host, fs: fs, interfaces: c.Network}, nil
}

// Collect fills s.Network from /proc/net/dev, operstate and speed in
// /sys/class/net (Documentation/ABI/testing/sysfs-class-net), and the
// addresses that rtnetlink(7) tells.
func (c *network) Collect(_ context.Context, s *schema.Stats, now time.Time) error {
	devices, err := c.fs.NetDev()
	if err != nil {
		return fmt.Errorf("reading net/dev: %w", err)
	}
	seconds := c.window.advance(now)
	before := c.before
	c.before = devices
	c.refresh(now)
	s.Network = make(map[string]schema.Network)
	for name, line := range devices {
		if !c.interfaces.Allows(name) {
			continue
		}
		n := schema.Network{
			Addresses:     c.addresses[name],
			RxBytesTotal:  line.RxBytes,
			TxBytesTotal:  line.TxBytes,
			RxErrorsTotal: line.RxErrors,
			TxErrorsTotal: line.TxErrors,
			RxDropsTotal:  line.RxDropped,
			TxDropsTotal:  line.TxDropped,
		}
		n.State, _ = c.host.Text("/sys/class/net/" + name + "/operstate")
		n.SpeedBitsPerSecond = c.speed(name, n.State)
		if last, ok := before[name]; ok {
			n.RxBytesPerSecond = perSecond(last.RxBytes, line.RxBytes, seconds)
			n.TxBytesPerSecond = perSecond(last.TxBytes, line.TxBytes, seconds)
			n.RxPacketsPerSecond = perSecond(last.RxPackets, line.RxPackets, seconds)
			n.TxPacketsPerSecond = perSecond(last.TxPackets, line.TxPackets, seconds)
		}
		s.Network[printable(name)] = n
	}
	if len(s.Network) == 0 {
		s.Network = nil
		return ErrAbsent
	}
	return nil
}

// speed returns the speed of a link that is up, which sysfs has in Mbit/s;
// wireless and virtual links have none, and the file then gives an error or -1.
func (c *network) speed(name, state string) *float64 {
	if state == "down" {
		return nil // some drivers ask the hardware, and wait for it
	}
	mbit, err := c.host.Int("/sys/class/net/" + name + "/speed")
	if err != nil || mbit <= 0 {
		return nil
	}
	return new(float64(mbit) * 1e6)
}

// refresh reads the addresses of all interfaces again if it is time. Only the
// running kernel can be asked for them.
func (c *network) refresh(now time.Time) {
	if !c.host.Live() || !c.asked.IsZero() && now.Sub(c.asked) < addressesFor {
		return
	}
	c.asked = now
	c.addresses = make(map[string][]string)
	links, err := net.Interfaces()
	if err != nil {
		return
	}
	for _, link := range links {
		found, err := link.Addrs()
		if err != nil {
			continue
		}
		for _, address := range found {
			c.addresses[link.Name] = append(c.addresses[link.Name], address.String())
		}
	}
}
