package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// clientAddr is the address of the client: the connection's, or, as far as trusted proxies vouch for it, what they say.
func clientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	addr := hostAddr(r.RemoteAddr)
	if len(trusted) == 0 || !contains(trusted, addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := hostAddr(strings.TrimSpace(hops[i])) // some proxies write the port too
		if !hop.IsValid() {
			return addr // whatever stands further left is a stranger's word
		}
		addr = hop
		if !contains(trusted, addr) {
			return addr
		}
	}
	return addr
}

// hostAddr reads host:port; no address at all is the zero Addr.
func hostAddr(hostPort string) netip.Addr {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = hostPort
	}
	addr, _ := netip.ParseAddr(host)
	return addr.Unmap()
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
