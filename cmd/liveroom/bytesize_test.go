package main

import (
	"strings"
	"testing"
)

func TestByteSize(t *testing.T) {
	for _, c := range []struct {
		text string
		want bytesize
		back string
	}{
		{"0", 0, "0"},
		{"10GiB", 10 << 30, "10GiB"},
		{"1.5TiB", 3 << 39, "1536GiB"},
		{"500MiB", 500 << 20, "500MiB"},
		{"64KiB", 64 << 10, "64KiB"},
		{"1500", 1500, "1500"},
		{"1048576", 1 << 20, "1MiB"},
	} {
		var b bytesize
		if err := b.UnmarshalText([]byte(c.text)); err != nil || b != c.want {
			t.Errorf("%s is %d (%v), want %d", c.text, b, err, c.want)
		}
		if back, err := b.MarshalText(); err != nil || string(back) != c.back {
			t.Errorf("%s is written %s (%v), want %s", c.text, back, err, c.back)
		}
	}
	for _, wrong := range []string{"", "GiB", "-1", "-5GiB", "NaN", "InfGiB", "1e30GiB", "10GB", "10 GiB", "10gib"} {
		var b bytesize
		if err := b.UnmarshalText([]byte(wrong)); err == nil || !strings.Contains(err.Error(), "10GiB") {
			t.Errorf("%q is %d, error %v", wrong, b, err)
		}
	}
}
