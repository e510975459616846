package bench

import "time"

const (
	aacRate    = 48000
	aacSamples = 1024 // of one frame
)

// aacHeader is the FLV body that announces AAC-LC, 48 kHz, mono.
var aacHeader = []byte{0xaf, 0, 0x11, 0x88}

// aacFrame is the FLV body of one silent frame, filled up to about size bytes with fill elements (ISO 14496-3, 4.4.2.7).
func aacFrame(size int) []byte {
	var w bitWriter
	w.bits(3, 0)   // single channel element
	w.bits(4, 0)   // its tag
	w.bits(8, 100) // gain
	w.bits(1+2, 0) // long windows
	w.bits(1+6, 0) // sine shape, no scale factor bands
	w.bits(1, 0)   // no prediction
	w.bits(3, 0)   // no pulses, no noise shaping, no gain control
	for left := size - len(w.bytes) - 4; left > 20; {
		count := min(left-2, 269)
		w.bits(3, 6)                // fill element
		w.bits(4, 15)               // its length follows
		w.bits(8, uint32(count-14)) //nolint:gosec // 4 to 255
		w.bits(8, 0x10)             // fill data, with its nibble
		for range count - 1 {
			w.bits(8, 0xa5)
		}
		left -= count + 2
	}
	w.bits(3, 7) // end
	w.align()
	return append([]byte{0xaf, 1}, w.bytes...)
}

// aacTime is when frame n is due.
func aacTime(n int) time.Duration {
	return time.Duration(n) * aacSamples * time.Second / aacRate
}
