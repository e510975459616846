package bench

// bitWriter writes bits, the highest first.
type bitWriter struct {
	bytes []byte
	last  byte // bits not in bytes yet
	held  uint // how many they are
}

// bits writes the lowest n bits of v.
func (w *bitWriter) bits(n uint, v uint32) {
	for i := n; i > 0; i-- {
		w.last = w.last<<1 | byte(v>>(i-1)&1)
		if w.held++; w.held == 8 {
			w.bytes, w.last, w.held = append(w.bytes, w.last), 0, 0
		}
	}
}

// golomb writes v as an unsigned Exp-Golomb code (H.264, 9.1).
func (w *bitWriter) golomb(values ...uint32) {
	for _, v := range values {
		length := uint(0)
		for x := v + 1; x > 1; x >>= 1 {
			length++
		}
		w.bits(length, 0)
		w.bits(length+1, v+1)
	}
}

// align fills the last byte with zeros.
func (w *bitWriter) align() {
	for w.held != 0 {
		w.bits(1, 0)
	}
}

// trail ends a raw byte sequence payload (H.264, 7.3.2.11).
func (w *bitWriter) trail() {
	w.bits(1, 1)
	w.align()
}
