package rtmp

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

func TestBrake(t *testing.T) {
	b := brake{addrs: map[netip.Prefix]offences{}}
	now := time.Now()
	bad, other := tcp("1.2.3.4:5"), tcp("1.2.3.5:5")
	for i := range 20 * brakeStep {
		if got, want := b.step(bad, now), min(1+i/brakeStep, brakeMost); got != want {
			t.Fatalf("refusal %d: held back %d times, want %d", i+1, got, want)
		}
	}
	if got := b.step(other, now); got != 1 {
		t.Errorf("another address is held back %d times", got)
	}
	if got := b.step(bad, now.Add(brakeMemory)); got != brakeMost {
		t.Errorf("at the end of the memory: %d times", got)
	}
	if got := b.step(bad, now.Add(2*brakeMemory+1)); got != 1 {
		t.Errorf("forgotten, but held back %d times", got)
	}
}

func TestBrakeIsBounded(t *testing.T) {
	b := brake{addrs: map[netip.Prefix]offences{}}
	now := time.Now()
	addr := func(i int) net.Addr {
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1))
	}
	for i := range 3 * brakeAddresses {
		b.step(addr(i), now)
	}
	if n := len(b.addrs); n != brakeAddresses {
		t.Errorf("%d addresses are remembered", n)
	}
	b.step(addr(-1), now.Add(brakeMemory+1))
	if n := len(b.addrs); n != 1 {
		t.Errorf("%d addresses are remembered after their time", n)
	}
}
