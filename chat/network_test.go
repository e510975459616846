package chat_test

import (
	"net/netip"
	"testing"

	"liveroom/chat"
)

func TestNetwork(t *testing.T) {
	for _, tt := range []struct{ addr, want string }{
		{"192.0.2.1", "192.0.2.1/32"},
		{"::ffff:192.0.2.1", "192.0.2.1/32"},
		{"2001:db8::1", "2001:db8::/64"},
		{"fe80::1%eth0", "fe80::/64"},
	} {
		if got := chat.Network(netip.MustParseAddr(tt.addr)).String(); got != tt.want {
			t.Errorf("Network(%s) = %s, want %s", tt.addr, got, tt.want)
		}
	}
	if chat.Network(netip.Addr{}).IsValid() {
		t.Error("no address has a network")
	}
}
