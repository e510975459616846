package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// bytesize is a number of bytes, written like 10GiB or 1.5TiB (binary units), or plainly.
type bytesize int64

// byteUnits are the units of a bytesize, largest first.
var byteUnits = []struct {
	name  string
	bytes float64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}

// UnmarshalText reads a bytesize.
func (b *bytesize) UnmarshalText(text []byte) error {
	for _, unit := range byteUnits {
		number, ok := strings.CutSuffix(string(text), unit.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(number, 64)
		bytes := math.Round(v * unit.bytes)
		if err != nil || !(bytes >= 0 && bytes <= 1<<50) {
			break
		}
		*b = bytesize(bytes)
		return nil
	}
	return fmt.Errorf("%q must be bytes such as 10GiB or 500MiB, or 0", text)
}

// MarshalText writes it with the largest unit that leaves a whole number.
func (b bytesize) MarshalText() ([]byte, error) {
	for _, unit := range byteUnits[:4] {
		if whole := int64(unit.bytes); b != 0 && int64(b)%whole == 0 {
			return []byte(strconv.FormatInt(int64(b)/whole, 10) + unit.name), nil
		}
	}
	return []byte(strconv.FormatInt(int64(b), 10)), nil
}
