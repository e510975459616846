package outbound

import (
	"net/netip"
	"strings"
	"testing"
)

// TestPublicAddresses names an address of each kind that may not be connected to, in each form it can be written, beside
// neighbours that are public.
func TestPublicAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "100.63.255.255": true, "100.128.0.0": true, "172.15.255.255": true, "172.32.0.0": true,
		"2606:4700::1111": true, "64:ff9b::808:808": true, "2002:808:808::1": true, "::ffff:8.8.8.8": true,

		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "127.0.0.1": false, "127.255.0.9": false,
		"169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "192.0.0.170": false,
		"198.19.0.1": false, "203.0.113.7": false, "224.0.0.1": false, "239.1.1.1": false, "240.0.0.1": false, "255.255.255.255": false,

		"::": false, "::1": false, "::127.0.0.1": false, "::ffff:127.0.0.1": false, "::ffff:a00:1": false, "::ffff:0.0.0.0": false,
		"64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b:1::808:808": false, "2002:7f00:1::1": false, "2002:c0a8:101::": false,
		"2001::1": false, "2001:db8::1": false, "fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "fc00::1": false,
		"fd12::1": false, "ff02::1": false, "ff0e::1": false, "100::1": false,
	} {
		if got := (Private{}).Allows(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: allowed %v, want %v", text, got, want)
		}
	}
	if (Private{}).Allows(netip.Addr{}) {
		t.Error("no address at all was allowed")
	}
}

func TestParsePrivate(t *testing.T) {
	loopback, lan := netip.MustParseAddr("::ffff:127.0.0.1"), netip.MustParseAddr("192.168.7.7")
	for _, c := range []struct {
		text          string
		loopback, lan bool
	}{
		{"", false, false},
		{"off", false, false},
		{"on", true, true},
		{"127.0.0.0/8", true, false},
		{" 192.168.7.9/24 , fd00::/8", false, true},
	} {
		p, err := ParsePrivate(c.text)
		if err != nil {
			t.Fatalf("%q: %v", c.text, err)
		}
		if p.Allows(loopback) != c.loopback || p.Allows(lan) != c.lan {
			t.Errorf("%q allows loopback %v, LAN %v, want %v, %v", c.text, p.Allows(loopback), p.Allows(lan), c.loopback, c.lan)
		}
	}
	for _, bad := range []string{"yes", "10.0.0.1", "10.0.0.0/8,", "10.0.0.0/40"} {
		if _, err := ParsePrivate(bad); err == nil || !strings.Contains(err.Error(), "CIDR") {
			t.Errorf("%q: %v, want an error that says what is expected", bad, err)
		}
	}
}
