package main

import "fmt"

// bytesize is a number of bytes, written like 10GiB or 1.5TiB (binary units), or plainly.
type bytesize int64

var byteUnits = units{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}

// UnmarshalText reads a bytesize.
func (b *bytesize) UnmarshalText(text []byte) error {
	n, ok := byteUnits.read(string(text), 1<<50)
	if !ok {
		return fmt.Errorf("%q must be bytes such as 10GiB or 500MiB, or 0", text)
	}
	*b = bytesize(n)
	return nil
}

// MarshalText writes it with the largest unit that leaves a whole number.
func (b bytesize) MarshalText() ([]byte, error) { return byteUnits.write(int64(b)), nil }
