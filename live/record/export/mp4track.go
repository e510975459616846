package export

import (
	"bufio"
	"encoding/binary"
	"math"
)

// content is the contents of a box under construction.
type content []byte

// full begins a box that has a version and flags.
func full(version byte, flags uint32) content { return content{}.u32(uint32(version)<<24 | flags) }

func (b content) u16(all ...uint16) content {
	for _, n := range all {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	return b
}

func (b content) u32(all ...uint32) content {
	for _, n := range all {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

func (b content) u64(all ...uint64) content {
	for _, n := range all {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

// matrix is that of a picture which is shown as it is.
func (b content) matrix() content { return b.u32(1<<16, 0, 0, 0, 1<<16, 0, 0, 0, 1<<30) }

// box is a box that is to be written: its contents, then what emit writes, then the boxes in it.
type box struct {
	kind   string
	inside content
	rest   int64               // bytes that emit writes, or whoever writes what follows
	emit   func(*bufio.Writer) // nil: nothing
	kids   []box
	whole  []byte // instead of all the others: a box as it was read
}

// head is how many bytes of a box stand before its contents.
func (b box) head() int64 {
	if int64(len(b.inside))+b.rest+8 > math.MaxUint32 {
		return 16
	}
	return 8
}

func (b box) size() int64 {
	if b.whole != nil {
		return int64(len(b.whole))
	}
	n := b.head() + int64(len(b.inside)) + b.rest
	for _, kid := range b.kids {
		n += kid.size()
	}
	return n
}

// write writes it; the writer keeps the first error.
func (b box) write(w *bufio.Writer) {
	if b.whole != nil {
		_, _ = w.Write(b.whole)
		return
	}
	size := b.size()
	if b.head() == 16 {
		put(w, 1)
	} else {
		put(w, uint32(size)) //nolint:gosec // head has looked
	}
	_, _ = w.WriteString(b.kind)
	if b.head() == 16 {
		_, _ = w.Write(content{}.u64(uint64(size))) //nolint:gosec // not negative
	}
	_, _ = w.Write(b.inside)
	if b.emit != nil {
		b.emit(w)
	}
	for _, kid := range b.kids {
		kid.write(w)
	}
}

func put(w *bufio.Writer, n uint32) {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	_, _ = w.Write(b[:])
}

// list is a box with a table: how many rows it has, then their numbers.
func list(kind string, version byte, rows, numbers int, each func(put func(uint32))) box {
	return box{
		kind: kind, inside: full(version, 0).u32(uint32(rows)), rest: 4 * int64(numbers), //nolint:gosec // bounded by maxSamples
		emit: func(w *bufio.Writer) { each(func(n uint32) { put(w, n) }) },
	}
}

func pairs(kind string, version byte, all []repeated) box {
	return list(kind, version, len(all), 2*len(all), func(put func(uint32)) {
		for _, r := range all {
			put(r.count)
			put(r.value)
		}
	})
}

func numbers(kind string, all []uint32) box {
	return list(kind, 0, len(all), len(all), func(put func(uint32)) {
		for _, n := range all {
			put(n)
		}
	})
}

// trak is the track's part of the index, of media that begins at start (ISO/IEC 14496-12 §8.3 and on).
func (t *table) trak(id int, start int64, long bool) box {
	volume, kind, name, head := uint16(0), "vide", "video\x00", box{kind: "vmhd", inside: full(0, 1).u64(0)}
	if !t.video {
		volume, kind, name, head = 1<<8, "soun", "sound\x00", box{kind: "smhd", inside: full(0, 0).u32(0)}
	}
	media := uint64(t.media())                                                                                                            //nolint:gosec // not negative
	tkhd := full(1, 3).u64(0, 0).u32(uint32(id), 0).u64(uint64(t.ends()), 0).u16(0, 0, volume, 0).matrix().u32(t.width<<16, t.height<<16) //nolint:gosec // as above
	hdlr := append(append(full(0, 0).u32(0), kind...).u32(0, 0, 0), name...)
	dref := append(full(0, 0).u32(1, 12), "url \x00\x00\x00\x01"...)
	dinf := box{kind: "dinf", kids: []box{{kind: "dref", inside: dref}}}
	minf := box{kind: "minf", kids: []box{head, dinf, t.stbl(start, long)}}
	mdia := box{kind: "mdia", kids: []box{{kind: "mdhd", inside: full(1, 0).u64(0, 0).u32(t.scale).u64(media).u16(0x55c4, 0)}, {kind: "hdlr", inside: hdlr}, minf}}
	kids := []box{{kind: "tkhd", inside: tkhd}}
	if t.first > 0 { // it begins later than the file: nothing for so long, then all of it
		elst := full(1, 0).u32(2).u64(uint64(t.ms(t.first)), math.MaxUint64).u16(1, 0) //nolint:gosec // as above
		elst = elst.u64(uint64(t.ms(t.media())), 0).u16(1, 0)                          //nolint:gosec // as above
		kids = append(kids, box{kind: "edts", kids: []box{{kind: "elst", inside: elst}}})
	}
	return box{kind: "trak", kids: append(kids, mdia)}
}

func (t *table) stbl(start int64, long bool) box {
	kids := []box{{whole: t.stsd}, pairs("stts", 0, t.deltas), t.stsc(), t.stsz(), t.places(start, long)}
	if len(t.offsets) > 1 || t.offsets[0].value != 0 {
		kids = append(kids, pairs("ctts", 1, t.offsets))
	}
	if len(t.keys) < t.count {
		kids = append(kids, numbers("stss", t.keys))
	}
	return box{kind: "stbl", kids: kids}
}

// stsc says how many samples chunks have, where it changes.
func (t *table) stsc() box {
	var rows []uint32
	for i, c := range t.chunks {
		if i == 0 || c.count != t.chunks[i-1].count {
			rows = append(rows, uint32(i+1), c.count, 1) //nolint:gosec // bounded by maxSamples
		}
	}
	b := numbers("stsc", rows)
	b.inside = full(0, 0).u32(uint32(len(rows) / 3)) //nolint:gosec // as above
	return b
}

func (t *table) stsz() box {
	b := numbers("stsz", t.sizes)
	b.inside = full(0, 0).u32(0, uint32(len(t.sizes))) //nolint:gosec // as above
	return b
}

// places says where the chunks stand.
func (t *table) places(start int64, long bool) box {
	if !long {
		return list("stco", 0, len(t.chunks), len(t.chunks), func(put func(uint32)) {
			for _, c := range t.chunks {
				put(uint32(start + c.at)) //nolint:gosec // not long
			}
		})
	}
	return list("co64", 0, len(t.chunks), 2*len(t.chunks), func(put func(uint32)) {
		for _, c := range t.chunks {
			at := uint64(start + c.at) //nolint:gosec // not negative
			put(uint32(at >> 32))
			put(uint32(at)) //nolint:gosec // its lower half
		}
	})
}
