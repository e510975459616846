package hls

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// hevcName is the CODECS name of an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 annex E).
func hevcName(p []byte) string {
	var b strings.Builder
	b.WriteString("hvc1.")
	if space := p[1] >> 6; space > 0 {
		b.WriteByte('A' + space - 1)
	}
	b.WriteString(strconv.Itoa(int(p[1] & 31)))
	fmt.Fprintf(&b, ".%x.", bits.Reverse32(binary.BigEndian.Uint32(p[2:])))
	b.WriteByte("LH"[p[1]>>5&1])
	b.WriteString(strconv.Itoa(int(p[12])))
	constraints := p[6:12]
	for len(constraints) > 0 && constraints[len(constraints)-1] == 0 {
		constraints = constraints[:len(constraints)-1]
	}
	for _, c := range constraints {
		fmt.Fprintf(&b, ".%x", c)
	}
	return b.String()
}

// av1Name is the CODECS name of an AV1CodecConfigurationRecord, in its short form (AV1 in ISOBMFF §5).
func av1Name(p []byte) string {
	depth := 8
	switch highBitDepth, twelveBit := p[2]>>6&1, p[2]>>5&1; {
	case highBitDepth == 1 && twelveBit == 1:
		depth = 12
	case highBitDepth == 1:
		depth = 10
	}
	return fmt.Sprintf("av01.%d.%02d%c.%02d", p[1]>>5, p[1]&31, "MH"[p[2]>>7], depth)
}
