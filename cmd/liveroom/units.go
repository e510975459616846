package main

import (
	"math"
	"strconv"
	"strings"
)

// units are what a number may be written in, largest first.
type units []struct {
	name string
	size float64
}

// read reads a number from 0 to most. Ok is false if text is none.
func (all units) read(text string, most float64) (n int64, ok bool) {
	for _, unit := range all {
		number, ok := strings.CutSuffix(text, unit.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(number, 64)
		v = math.Round(v * unit.size)
		if err != nil || !(v >= 0 && v <= most) {
			break
		}
		return int64(v), true
	}
	return 0, false
}

// write writes a number with the largest unit that leaves a whole one.
func (all units) write(n int64) []byte {
	for _, unit := range all {
		if whole := int64(unit.size); whole > 1 && n != 0 && n%whole == 0 {
			return append(strconv.AppendInt(nil, n/whole, 10), unit.name...)
		}
	}
	return strconv.AppendInt(nil, n, 10)
}
