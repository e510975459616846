package level

import "math/bits"

// Minutes are minutes of the clock, among the 64 up to the last of them: so a minute counts once, whichever nodes tell of it and
// in whatever order. What is older than that can't be told apart any more and counts for nothing.
type Minutes struct {
	Last int64  `json:"last,omitempty"` // Unix time in minutes
	Bits uint64 `json:"bits,omitempty"` // bit i: Last-i
}

// minute is one of them.
func minute(unix int64) Minutes { return Minutes{unix / 60, 1} }

// Add adds minutes, and answers how many were not there.
func (m *Minutes) Add(other Minutes) (fresh int64) {
	if other.Bits == 0 {
		return 0
	}
	if behind := other.Last - m.Last; behind > 0 {
		m.Last, m.Bits = other.Last, m.Bits<<min(behind, 64)
	} else {
		other.Bits <<= min(-behind, 64)
	}
	fresh = int64(bits.OnesCount64(other.Bits &^ m.Bits))
	m.Bits |= other.Bits
	return fresh
}
