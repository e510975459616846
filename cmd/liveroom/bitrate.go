package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// bitrate is a number of bits per second, written like 800Mbit or 2.5Gbit (decimal units), or plainly.
type bitrate int64

// bitUnits are the units of a bitrate, largest first.
var bitUnits = []struct {
	name string
	bits float64
}{{"Gbit", 1e9}, {"Mbit", 1e6}, {"kbit", 1e3}, {"bit", 1}, {"", 1}}

// UnmarshalText reads a bitrate.
func (b *bitrate) UnmarshalText(text []byte) error {
	for _, unit := range bitUnits {
		number, ok := strings.CutSuffix(string(text), unit.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(number, 64)
		bits := math.Round(v * unit.bits)
		if err != nil || !(bits >= 0 && bits <= 1e15) {
			break
		}
		*b = bitrate(bits)
		return nil
	}
	return fmt.Errorf("%q must be bits per second such as 800Mbit or 2.5Gbit, 0 for no limit", text)
}

// MarshalText writes it with the largest unit that leaves a whole number.
func (b bitrate) MarshalText() ([]byte, error) {
	for _, unit := range bitUnits[:3] {
		if whole := int64(unit.bits); b != 0 && int64(b)%whole == 0 {
			return []byte(strconv.FormatInt(int64(b)/whole, 10) + unit.name), nil
		}
	}
	return []byte(strconv.FormatInt(int64(b), 10)), nil
}
