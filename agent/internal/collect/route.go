package collect

import (
	"net"
	"strconv"
	"strings"

	"systant/agent/internal/kernel"
)

// maxRoutes bounds what is read of a routing table, in bytes. A router may have
// a million routes; the default ones stand first, as the tables are in the
// order of destinations.
const maxRoutes = 64 << 10

// defaultRoute returns the interface of the default route with the lowest
// metric: over IPv4 from /proc/net/route, else over IPv6 from
// /proc/net/ipv6_route (Documentation/networking/proc_net_tcp.rst names the
// folder; the columns are those of the kernel's fib_trie.c and ip6_route.c).
// It is empty on a host without one.
func defaultRoute(h kernel.Host) string {
	if data, err := h.Head("/proc/net/route", maxRoutes); err == nil {
		if name := lowestRoute(string(data), parseRoute4); name != "" {
			return name
		}
	}
	if data, err := h.Head("/proc/net/ipv6_route", maxRoutes); err == nil {
		return lowestRoute(string(data), parseRoute6)
	}
	return ""
}

// lowestRoute returns the interface of the usable default route with the
// lowest metric.
func lowestRoute(table string, parse func(fields []string) (name string, metric uint64, ok bool)) string {
	best, lowest := "", ^uint64(0)
	for line := range strings.Lines(table) {
		if name, metric, ok := parse(strings.Fields(line)); ok && name != "lo" && metric < lowest {
			best, lowest = cleanText([]byte(name), 15), metric
		}
	}
	return best
}

// parseRoute4 reads a line of /proc/net/route: interface, destination,
// gateway, flags, two counters, metric (decimal), mask.
func parseRoute4(f []string) (name string, metric uint64, ok bool) {
	if len(f) < 8 || f[1] != "00000000" || f[7] != "00000000" || !usable(f[3]) {
		return "", 0, false
	}
	metric, err := strconv.ParseUint(f[6], 10, 64)
	return f[0], metric, err == nil
}

// parseRoute6 reads a line of /proc/net/ipv6_route: destination and its
// prefix's length, source and its, next hop, metric (hexadecimal), two
// counters, flags, interface.
func parseRoute6(f []string) (name string, metric uint64, ok bool) {
	if len(f) < 10 || strings.Trim(f[0], "0") != "" || f[1] != "00" || !usable(f[8]) {
		return "", 0, false
	}
	metric, err := strconv.ParseUint(f[5], 16, 64)
	return f[9], metric, err == nil
}

// usable tells whether hexadecimal route flags say that the route is up and
// not there to refuse packets (RTF_UP, RTF_REJECT of linux/route.h).
func usable(flags string) bool {
	const up, reject = 0x1, 0x200
	n, err := strconv.ParseUint(flags, 16, 64)
	return err == nil && n&up != 0 && n&reject == 0
}

// interfaceAddress returns the first global unicast address of an interface,
// IPv4 before IPv6, or "".
func interfaceAddress(name string) string {
	if name == "" {
		return ""
	}
	link, err := net.InterfaceByName(name)
	if err != nil {
		return ""
	}
	addresses, err := link.Addrs()
	if err != nil {
		return ""
	}
	second := ""
	for _, address := range addresses {
		network, ok := address.(*net.IPNet)
		switch {
		case !ok || !network.IP.IsGlobalUnicast():
		case network.IP.To4() != nil:
			return network.IP.String()
		case second == "":
			second = network.IP.String()
		}
	}
	return second
}
