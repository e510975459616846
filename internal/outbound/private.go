// Package outbound says where connections may go that others ask this server to make: receivers of callbacks, targets and sources
// of relays. Who names an address must not reach through it what only this server can reach.
package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// Private says which addresses may be connected to that are not on the public internet. The zero one allows none.
type Private struct {
	all  bool
	nets []netip.Prefix
}

// ParsePrivate reads a setting such as callback-private: off, on, or CIDRs separated by commas.
func ParsePrivate(text string) (Private, error) {
	switch text = strings.TrimSpace(text); text {
	case "", "off":
		return Private{}, nil
	case "on":
		return Private{all: true}, nil
	}
	var p Private
	for part := range strings.SplitSeq(text, ",") {
		net, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return Private{}, fmt.Errorf("%q is neither on nor off nor a CIDR such as 10.0.0.0/8", strings.TrimSpace(part))
		}
		p.nets = append(p.nets, net.Masked())
	}
	return p, nil
}

// Allows says whether ip may be connected to.
func (p Private) Allows(ip netip.Addr) bool {
	ip = ip.WithZone("").Unmap()
	if p.all || public(ip) {
		return true
	}
	for _, net := range p.nets {
		if net.Contains(ip) {
			return true
		}
	}
	return false
}

// Addresses of which none is a host on the public internet (the IANA registries of special purpose addresses). What of
// IPv6 is not global unicast is refused as a whole.
var (
	reserved4 = prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"224.0.0.0/4", "240.0.0.0/4")
	global6   = netip.MustParsePrefix("2000::/3")
	reserved6 = prefixes("2001::/23", "2001:db8::/32", "3fff::/20") // Teredo and ORCHID among the first
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour = netip.MustParsePrefix("2002::/16")
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// public says whether ip may be a host on the public internet. Of addresses that stand for an IPv4 one, that one counts.
func public(ip netip.Addr) bool {
	if ip.Is4() {
		return !within(ip, reserved4)
	}
	raw := ip.As16()
	switch {
	case !ip.IsValid():
		return false
	case nat64.Contains(ip):
		return public(netip.AddrFrom4([4]byte(raw[12:])))
	case sixToFour.Contains(ip):
		return public(netip.AddrFrom4([4]byte(raw[2:6])))
	}
	return global6.Contains(ip) && !within(ip, reserved6)
}

func within(ip netip.Addr, nets []netip.Prefix) bool {
	for _, net := range nets {
		if net.Contains(ip) {
			return true
		}
	}
	return false
}

// ErrPrivate says that a host has an address that is not public, and is not allowed.
var ErrPrivate = errors.New("the address is private")

// Control refuses to connect to an address that is not allowed, with ErrPrivate. It is for net.Dialer, which calls it with each
// address that a name resolved to, so that what was checked is what is connected to.
func (p Private) Control(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return err
	}
	if !p.Allows(ip) {
		return ErrPrivate
	}
	return nil
}
