package collect

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"time"

	"github.com/prometheus/procfs"

	"systant/agent/internal/kernel"
	"systant/pkg/schema"
)

const (
	// linkFactsFor is how long speed and addresses of an interface are taken
	// as unchanged while its state stays the same. To ask takes a lock of the
	// kernel that whoever configures the network holds too.
	linkFactsFor = time.Minute
	// maxAddresses bounds the addresses of one interface.
	maxAddresses = 16
)

// usuallyNoLink are the interfaces that are left out unless asked for by name:
// the loopback, those of containers and virtual machines, whose traffic is on
// the host's own interfaces too where it leaves the host, and those that
// kernel modules make for nothing.
var usuallyNoLink = []string{
	"lo", "br-????????????", "cali*", "cilium*", "cni*", "docker*", "dummy*",
	"erspan0", "flannel*", "fwbr*", "fwln*", "fwpr*", "gre0", "gretap0", "ifb*",
	"ip6gre0", "ip6tnl0", "ip6_vti0", "ip_vti0", "kube-*", "lxc*", "lxdbr*",
	"nodelocaldns", "podman*", "sit0", "tap*i*", "teql*", "tunl0", "veth*",
	"virbr*", "vnet*",
}

// network reads the traffic of network interfaces.
type network struct {
	host   kernel.Host
	fs     procfs.FS
	names  selection
	window window
	links  map[string]*link
}

// link is what is remembered of one interface between samples.
type link struct {
	operstate string // path of the file
	before    procfs.NetDevLine
	state     string
	speed     *float64
	addresses []string
	read      time.Time // when speed and addresses were read
}

// newNetwork returns the collector of the host's network interfaces.
func newNetwork(c Config) (Collector, error) {
	fs, err := procfs.NewFS(c.Host.Path("/proc"))
	if err != nil {
		return nil, err
	}
	names, err := newSelection(c.Network, usuallyNoLink)
	return &network{host: c.Host, fs: fs, names: names, links: make(map[string]*link)}, err
}

// Collect fills s.Network from /proc/net/dev (Documentation/filesystems/proc.rst,
// 1.4), operstate and speed in /sys/class/net
// (Documentation/ABI/testing/sysfs-class-net), and the addresses that
// rtnetlink(7) tells. It returns [ErrAbsent] on a host without interfaces.
func (c *network) Collect(_ context.Context, s *schema.Stats, now time.Time) error {
	devices, err := c.fs.NetDev()
	if errors.Is(err, os.ErrNotExist) {
		return ErrAbsent // a kernel without networking
	}
	if err != nil {
		return fmt.Errorf("reading net/dev: %w", err)
	}
	seconds := c.window.advance(now)
	names := c.choose(devices)
	maps.DeleteFunc(c.links, func(name string, _ *link) bool { return !slices.Contains(names, name) })
	if len(names) == 0 {
		return ErrAbsent
	}
	s.Network = make(map[string]schema.Network, len(names))
	for _, name := range names {
		l, known := c.links[name]
		if !known {
			l = &link{operstate: c.host.Path("/sys/class/net/" + name + "/operstate")}
			c.links[name] = l
		}
		c.refresh(l, name, now)
		n := l.totals(devices[name])
		if known {
			l.rates(&n, devices[name], seconds)
		}
		l.before = devices[name]
		s.Network[printable(name)] = n
	}
	return nil
}

// choose returns the interfaces that are wanted, which those that are known are, the first by name where there
// are too many.
func (c *network) choose(devices procfs.NetDev) []string {
	names := make([]string, 0, len(devices))
	for name := range devices {
		if _, known := c.links[name]; known || c.names.wants(name) {
			names = append(names, name)
		}
	}
	if len(names) > maxInstances {
		slices.Sort(names)
		names = names[:maxInstances]
	}
	return names
}

// refresh reads the state of a link, and what else there is to know of it
// when the state has changed or it is time.
func (c *network) refresh(l *link, name string, now time.Time) {
	var buffer [32]byte
	state, _ := readSmall(l.operstate, buffer[:]) // without it, it is not known
	if string(state) == l.state && !l.read.IsZero() && now.Sub(l.read) < linkFactsFor {
		return
	}
	l.state, l.read = printable(string(state)), now
	l.speed = nil
	if l.state != "down" {
		l.speed = linkSpeed(c.host, name)
	}
	if c.host.Live() {
		l.addresses = linkAddresses(name)
	}
}

// linkSpeed returns the speed of a link in bits a second, from Mbit/s in
// sysfs. Wireless links have none, and the file then gives an error or -1; the
// ends of tunnels have a made-up one.
func linkSpeed(h kernel.Host, name string) *float64 {
	folder := "/sys/class/net/" + name
	if _, err := h.Text(folder + "/tun_flags"); err == nil {
		return nil
	}
	mbit, err := h.Int(folder + "/speed")
	if err != nil || mbit <= 0 {
		return nil
	}
	return new(float64(mbit) * 1e6)
}

// linkAddresses returns the addresses of an interface, with the length of
// their network's prefix, less those that every link has.
func linkAddresses(name string) []string {
	device, err := net.InterfaceByName(name)
	if err != nil {
		return nil // gone meanwhile
	}
	all, err := device.Addrs()
	if err != nil {
		return nil
	}
	var addresses []string
	for _, address := range all {
		network, ok := address.(*net.IPNet)
		if ok && !network.IP.IsLinkLocalUnicast() && len(addresses) < maxAddresses {
			addresses = append(addresses, network.String())
		}
	}
	return addresses
}

// totals returns the payload of a link, without the rates.
func (l *link) totals(now procfs.NetDevLine) schema.Network {
	return schema.Network{
		State:              l.state,
		Addresses:          l.addresses,
		SpeedBitsPerSecond: l.speed,
		RxBytesTotal:       now.RxBytes,
		TxBytesTotal:       now.TxBytes,
		RxErrorsTotal:      now.RxErrors,
		TxErrorsTotal:      now.TxErrors,
		RxDropsTotal:       now.RxDropped,
		TxDropsTotal:       now.TxDropped,
	}
}

// rates sets the rates of a link. There are none where any counter went back:
// then all have started again, as of an interface that was made anew, and one
// that has passed its old value already says as little.
func (l *link) rates(n *schema.Network, now procfs.NetDevLine, seconds float64) {
	before := l.before
	if now.RxBytes < before.RxBytes || now.TxBytes < before.TxBytes ||
		now.RxPackets < before.RxPackets || now.TxPackets < before.TxPackets {
		return
	}
	n.RxBytesPerSecond = perSecond(before.RxBytes, now.RxBytes, seconds)
	n.TxBytesPerSecond = perSecond(before.TxBytes, now.TxBytes, seconds)
	n.RxPacketsPerSecond = perSecond(before.RxPackets, now.RxPackets, seconds)
	n.TxPacketsPerSecond = perSecond(before.TxPackets, now.TxPackets, seconds)
}
