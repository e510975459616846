package main

import (
	"strings"
	"testing"
)

func TestBitrate(t *testing.T) {
	for _, c := range []struct {
		text string
		want bitrate
		back string
	}{
		{"0", 0, "0"},
		{"800Mbit", 800_000_000, "800Mbit"},
		{"2.5Gbit", 2_500_000_000, "2500Mbit"},
		{"64kbit", 64_000, "64kbit"},
		{"1500", 1500, "1500"},
		{"7bit", 7, "7"},
		{"2000000", 2_000_000, "2Mbit"},
	} {
		var b bitrate
		if err := b.UnmarshalText([]byte(c.text)); err != nil || b != c.want {
			t.Errorf("%s is %d (%v), want %d", c.text, b, err, c.want)
		}
		if back, err := b.MarshalText(); err != nil || string(back) != c.back {
			t.Errorf("%s is written %s (%v), want %s", c.text, back, err, c.back)
		}
	}
	for _, wrong := range []string{"", "Mbit", "-1", "-5Mbit", "NaN", "InfMbit", "1e30Gbit", "8MB", "8 Mbit", "800mbit"} {
		var b bitrate
		if err := b.UnmarshalText([]byte(wrong)); err == nil || !strings.Contains(err.Error(), "800Mbit") {
			t.Errorf("%q is %d, error %v", wrong, b, err)
		}
	}
}
