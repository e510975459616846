package bench

import "math/rand/v2"

// Size of the pictures in macroblocks: 1280×720.
const (
	blocksWide = 80
	blocksHigh = 45
	blocks     = blocksWide * blocksHigh

	blockBytes = 384 // samples of one I_PCM macroblock, 4:2:0
)

// Slice types of which a picture has only one kind, and macroblock types (H.264, tables 7-6, 7-11, 7-13).
const (
	sliceP, sliceI   = 5, 7
	mbDC16x16, mbPCM = 3, 25
	mbIntraInP       = 5 // added to the type of an intra macroblock in a P slice
)

// parameterSets returns the sequence and the picture parameter set: constrained baseline, one reference picture,
// pictures shown in the order they are decoded.
func parameterSets() (sps, pps []byte) {
	var w bitWriter
	w.bits(8, 66)        // baseline
	w.bits(8, 0xc0)      // constraint flags 0 and 1
	w.bits(8, 42)        // level 4.2
	w.golomb(0, 4, 2, 1) // id; 8 bits of frame_num; order count type 2; one reference
	w.bits(1, 0)         // no gaps in frame_num
	w.golomb(blocksWide-1, blocksHigh-1)
	w.bits(1, 1) // frames, no fields
	w.bits(1, 1) // direct 8×8 inference
	w.bits(2, 0) // no cropping, no VUI
	w.trail()
	sps = escape(0x67, w.bytes)

	w = bitWriter{}
	w.golomb(0, 0)
	w.bits(2, 0)      // CAVLC, no field order
	w.golomb(0, 0, 0) // one slice group; one reference in each list
	w.bits(3, 0)      // no weighted prediction
	w.golomb(0, 0, 0) // quantiser 26 twice, no chroma offset
	w.bits(3, 0b100)  // deblocking is said in the slice; free intra prediction; no redundant pictures
	w.trail()
	return sps, escape(0x68, w.bytes)
}

// sliceHeader begins a slice of picture number in its GOP, at macroblock first.
func sliceHeader(w *bitWriter, number, first int) {
	key := number == 0
	kind := uint32(sliceP)
	if key {
		kind = sliceI
	}
	w.golomb(uint32(first), kind, 0) //nolint:gosec // macroblocks of one picture
	w.bits(8, uint32(number)&0xff)   //nolint:gosec // taken modulo
	if key {
		w.golomb(0)  // idr_pic_id
		w.bits(2, 0) // output as usual, no long-term reference
	} else {
		w.bits(2, 0) // as many references as the PPS says, in the usual order
		w.bits(1, 0) // sliding window
	}
	w.golomb(0, 1) // quantiser as the PPS says; no deblocking
}

// noiseSlice is the upper part of a picture: n macroblocks of uncompressed noise, which nothing can make smaller.
func noiseSlice(number, n int, noise *rand.Rand) []byte {
	var w bitWriter
	sliceHeader(&w, number, 0)
	for range n {
		if number == 0 {
			w.golomb(mbPCM)
		} else {
			w.golomb(0, mbIntraInP+mbPCM) // nothing skipped before it
		}
		w.align()
		for range blockBytes {
			w.bytes = append(w.bytes, byte(1+noise.IntN(255))) // without zeros nothing needs escaping
		}
	}
	w.trail()
	return escape(unitHeader(number), w.bytes)
}

// plainSlice is the rest of a picture: grey in a keyframe, unchanged in the others. That it is a slice of its own keeps
// the noise from being its neighbour, on which the coding of its coefficients would depend.
func plainSlice(number, first int) []byte {
	if first >= blocks {
		return nil
	}
	var w bitWriter
	sliceHeader(&w, number, first)
	if number > 0 {
		w.golomb(uint32(blocks - first)) //nolint:gosec // skipped macroblocks
	} else {
		for range blocks - first {
			w.golomb(mbDC16x16, 0, 0) // chroma by DC too; the quantiser stays
			w.bits(1, 1)              // no coefficients
		}
	}
	w.trail()
	return escape(unitHeader(number), w.bytes)
}

// unitHeader is the NAL header of a slice.
func unitHeader(number int) byte {
	if number == 0 {
		return 0x65
	}
	return 0x41
}

// escape makes a NAL unit: the header, and emulation prevention (H.264, 7.4.1).
func escape(header byte, payload []byte) []byte {
	out := append(make([]byte, 0, len(payload)+8), header)
	zeros := 0
	for _, c := range payload {
		if zeros >= 2 && c <= 3 {
			out, zeros = append(out, 3), 0
		}
		if out = append(out, c); c == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return out
}
