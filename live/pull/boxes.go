package pull

import "encoding/binary"

// Bounds of fragmented MP4.
const (
	maxSamples = 20_000 // of a file; one that claims many in a few bytes would cost a hundred times what it is
	runSamples = 10     // that a run of them counts for at the least: they may be large, and all be the same bytes
	maxNested  = 8      // boxes inside boxes: what reads them calls itself, and a stack that is full ends the process
	maxHeader  = 112    // of mvhd, which is looked into as well
)

var (
	errBoxes   = failed(CauseFormat, "a segment can't be read, or is not what the playlist says")
	errSamples = failed(CauseFormat, "a segment has more pictures and sound than it may have")
)

// checkBoxes says what is wrong with a file of fMP4 before gohlslib reads it, and hides what people wrote into it (udta), which gohlslib
// would read whatever it is.
func checkBoxes(file []byte) error {
	left := uint64(maxSamples)
	return countSamples(file, maxNested, &left)
}

func countSamples(b []byte, deep int, left *uint64) error {
	if deep == 0 {
		return errBoxes
	}
	for len(b) > 0 {
		if len(b) < 8 {
			return errBoxes
		}
		size, head := uint64(binary.BigEndian.Uint32(b)), uint64(8)
		switch {
		case size == 0:
			size = uint64(len(b))
		case size == 1 && len(b) >= 16:
			size, head = binary.BigEndian.Uint64(b[8:]), 16
		}
		if size < head || size > uint64(len(b)) {
			return errBoxes
		}
		inside := b[head:size]
		switch string(b[4:8]) {
		case "udta":
			copy(b[4:8], "free")
		case "mvhd":
			if len(inside) > maxHeader {
				return errBoxes
			}
		case "moov", "trak", "mdia", "minf", "stbl", "moof", "traf":
			if err := countSamples(inside, deep-1, left); err != nil {
				return err
			}
		case "trun":
			if len(inside) < 8 {
				return errBoxes
			}
			n := uint64(binary.BigEndian.Uint32(inside[4:])) // after version and flags
			if n > *left {
				return errSamples
			}
			*left -= min(max(n, runSamples), *left)
		}
		b = b[size:]
	}
	return nil
}
