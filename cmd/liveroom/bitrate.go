package main

import "fmt"

// bitrate is a number of bits per second, written like 800Mbit or 2.5Gbit (decimal units), or plainly.
type bitrate int64

var bitUnits = units{{"Gbit", 1e9}, {"Mbit", 1e6}, {"kbit", 1e3}, {"bit", 1}, {"", 1}}

// UnmarshalText reads a bitrate.
func (b *bitrate) UnmarshalText(text []byte) error {
	n, ok := bitUnits.read(string(text), 1e15)
	if !ok {
		return fmt.Errorf("%q must be bits per second such as 800Mbit or 2.5Gbit, 0 for no limit", text)
	}
	*b = bitrate(n)
	return nil
}

// MarshalText writes it with the largest unit that leaves a whole number.
func (b bitrate) MarshalText() ([]byte, error) { return bitUnits.write(int64(b)), nil }
