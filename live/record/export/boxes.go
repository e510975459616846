package export

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// errBroken says that stored bytes are not what was stored.
var errBroken = errors.New("export: a file of the recording can't be read")

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errBroken, fmt.Sprintf(format, args...))
}

// track is what an init segment says of one track.
type track struct {
	id            uint32
	scale         uint32 // timescale, per second
	video         bool
	width, height uint32
	stsd          []byte // the whole box: what a decoder must know, as it stands in MP4
	codec         string // type of its sample entry: avc1, hvc1, hev1, av01, mp4a, Opus …
	config        []byte // contents of the box inside that holds the decoder's configuration: avcC, hvcC, av1C, esds, dOps
}

// maxTracks bounds the tracks of an init segment.
const maxTracks = 8

// eachBox calls f for the boxes that stand side by side in b, with the whole box and its contents.
func eachBox(b []byte, f func(kind string, whole, inside []byte) error) error {
	for len(b) > 0 {
		if len(b) < 8 {
			return broken("a box is cut off")
		}
		size, head := uint64(binary.BigEndian.Uint32(b)), 8
		switch size {
		case 0:
			size = uint64(len(b))
		case 1:
			if len(b) < 16 {
				return broken("a box is cut off")
			}
			size, head = binary.BigEndian.Uint64(b[8:]), 16
		}
		if size < uint64(head) || size > uint64(len(b)) {
			return broken("a box of %d bytes where %d are left", size, len(b))
		}
		if err := f(string(b[4:8]), b[:size], b[head:size]); err != nil {
			return err
		}
		b = b[size:]
	}
	return nil
}

// within steps into boxes by their types, and calls f for each that is there.
func within(b []byte, path []string, f func(whole, inside []byte) error) error {
	return eachBox(b, func(kind string, whole, inside []byte) error {
		if kind != path[0] {
			return nil
		}
		if len(path) == 1 {
			return f(whole, inside)
		}
		return within(inside, path[1:], f)
	})
}

// readInit reads an init segment.
func readInit(b []byte) (all []track, err error) {
	err = within(b, []string{"moov", "trak"}, func(_, trak []byte) error {
		var t track
		if err := t.read(trak); err != nil {
			return err
		}
		if len(all) == maxTracks {
			return broken("more than %d tracks", maxTracks)
		}
		all = append(all, t)
		return nil
	})
	if err == nil && len(all) == 0 {
		err = broken("an init segment without tracks")
	}
	return all, err
}

func (t *track) read(trak []byte) error {
	read := func(path []string, f func(whole, inside []byte) error) error { return within(trak, path, f) }
	err := errors.Join(
		read([]string{"tkhd"}, func(_, p []byte) error {
			at, need := 12, 84 // version 0
			if len(p) > 0 && p[0] == 1 {
				at, need = 20, 96
			}
			if len(p) < need {
				return broken("tkhd is cut off")
			}
			t.id = binary.BigEndian.Uint32(p[at:])
			t.width, t.height = binary.BigEndian.Uint32(p[need-8:])>>16, binary.BigEndian.Uint32(p[need-4:])>>16
			return nil
		}),
		read([]string{"mdia", "mdhd"}, func(_, p []byte) error {
			at := 12
			if len(p) > 0 && p[0] == 1 {
				at = 20
			}
			if len(p) < at+4 {
				return broken("mdhd is cut off")
			}
			t.scale = binary.BigEndian.Uint32(p[at:])
			return nil
		}),
		read([]string{"mdia", "hdlr"}, func(_, p []byte) error {
			if len(p) < 12 {
				return broken("hdlr is cut off")
			}
			t.video = string(p[8:12]) == "vide"
			return nil
		}),
		read([]string{"mdia", "minf", "stbl", "stsd"}, func(whole, p []byte) error {
			t.stsd = whole
			if len(p) < 8 {
				return broken("stsd is cut off")
			}
			return t.readEntry(p[8:])
		}),
	)
	if err == nil && (t.id == 0 || t.scale == 0 || t.codec == "") {
		err = broken("a track without id, timescale or codec")
	}
	return err
}

// Bytes of a sample entry before the boxes in it (ISO/IEC 14496-12 §12.1.3, §12.2.3).
const (
	visualEntry = 78
	soundEntry  = 28
)

// readEntry reads the first sample entry.
func (t *track) readEntry(entries []byte) error {
	return eachBox(entries, func(kind string, _, p []byte) error {
		if t.codec != "" {
			return nil
		}
		t.codec = kind
		skip := soundEntry
		if t.video {
			skip = visualEntry
		}
		if len(p) < skip {
			return broken("sample entry %q is cut off", kind)
		}
		return eachBox(p[skip:], func(kind string, _, inside []byte) error {
			switch kind {
			case "avcC", "hvcC", "av1C", "esds", "dOps":
				t.config = inside
			}
			return nil
		})
	})
}

// audioConfig is the AudioSpecificConfig in an esds box (ISO/IEC 14496-1 §7.2.6); nil: there is none.
func audioConfig(esds []byte) []byte {
	if len(esds) < 4 {
		return nil
	}
	b := esds[4:]
	for len(b) >= 2 {
		tag, size, at := b[0], 0, 1
		for range 4 {
			if at >= len(b) {
				return nil
			}
			c := b[at]
			at++
			size = size<<7 | int(c&0x7f)
			if c&0x80 == 0 {
				break
			}
		}
		if size > len(b)-at {
			return nil
		}
		inside := b[at : at+size]
		switch {
		case tag == 3 && len(inside) >= 3: // ES_Descriptor: an id and flags, of which none is set here
			b = inside[3:]
		case tag == 4 && len(inside) >= 13: // DecoderConfigDescriptor
			b = inside[13:]
		case tag == 5: // DecoderSpecificInfo
			return inside
		default:
			b = b[at+size:]
		}
	}
	return nil
}

// opusHead is what a dOps box says, as Ogg has it (RFC 7845 §5.1); nil: that can't be.
func opusHead(d []byte) []byte {
	const fixed = 11 // version, channels, pre-skip, rate, gain, family
	if len(d) < fixed {
		return nil
	}
	h := append([]byte("OpusHead\x01"), d[1])
	h = binary.LittleEndian.AppendUint16(h, binary.BigEndian.Uint16(d[2:]))
	h = binary.LittleEndian.AppendUint32(h, binary.BigEndian.Uint32(d[4:]))
	h = binary.LittleEndian.AppendUint16(h, binary.BigEndian.Uint16(d[8:]))
	return append(h, d[10:]...)
}
