package export

import (
	"encoding/binary"
	"slices"
)

// Flags of tfhd, trun and samples (ISO/IEC 14496-12 §8.8.7, §8.8.8, §8.8.3.1).
const (
	tfhdBase     = 0x1
	tfhdEntry    = 0x2
	tfhdDuration = 0x8
	tfhdSize     = 0x10
	tfhdFlags    = 0x20

	trunOffset   = 0x1
	trunFirst    = 0x4
	trunDuration = 0x100
	trunSize     = 0x200
	trunFlags    = 0x400
	trunComposed = 0x800

	sampleNonSync = 1 << 16
)

// cursor reads numbers from the front of a box; what is not there is 0, and short is set.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) u32() uint32 {
	if len(c.b) < 4 {
		c.short, c.b = true, nil
		return 0
	}
	n := binary.BigEndian.Uint32(c.b)
	c.b = c.b[4:]
	return n
}

func (c *cursor) u64() uint64 { return uint64(c.u32())<<32 | uint64(c.u32()) }

// if32 reads a number that is there if a flag is set, else it is as given.
func (c *cursor) if32(set bool, otherwise uint32) uint32 {
	if set {
		return c.u32()
	}
	return otherwise
}

// fragment is what a traf box says before its runs.
type fragment struct {
	tracks                []track
	index                 int // of the track; -1: none that is known
	at                    int64
	duration, size, flags uint32
	from                  uint64 // where offsets count from, in the segment
	next                  uint64 // where the last run ended
	whole                 []byte // the segment
	left                  *int   // how many samples more it may have
}

// maxSegmentSamples bounds the samples of a segment: an hour at 50 a second.
const maxSegmentSamples = 200_000

// readSegment reads the fragments of a segment. Samples share the bytes given.
func readSegment(b []byte, tracks []track) (all []stretch, err error) {
	at, left := uint64(0), maxSegmentSamples
	err = eachBox(b, func(kind string, whole, inside []byte) error {
		moof := at
		at += uint64(len(whole))
		if kind != "moof" {
			return nil
		}
		return eachBox(inside, func(kind string, _, traf []byte) error {
			if kind != "traf" {
				return nil
			}
			f := fragment{tracks: tracks, index: -1, from: moof, next: moof, whole: b, left: &left}
			return eachBox(traf, func(kind string, _, p []byte) error {
				switch kind {
				case "tfhd":
					return f.head(cursor{b: p})
				case "tfdt":
					return f.time(cursor{b: p})
				case "trun":
					run, err := f.run(cursor{b: p})
					if len(run.samples) > 0 && f.index >= 0 {
						all = append(all, run)
					}
					return err
				}
				return nil
			})
		})
	})
	return all, err
}

func (f *fragment) head(c cursor) error {
	flags, id := c.u32(), c.u32()
	f.index = slices.IndexFunc(f.tracks, func(t track) bool { return t.id == id })
	if flags&tfhdBase != 0 {
		f.from = c.u64()
	}
	c.if32(flags&tfhdEntry != 0, 0)
	f.duration, f.size, f.flags = c.if32(flags&tfhdDuration != 0, 0), c.if32(flags&tfhdSize != 0, 0), c.if32(flags&tfhdFlags != 0, 0)
	if c.short {
		return broken("tfhd is cut off")
	}
	return nil
}

// maxTime bounds times in a segment, so that nothing made of them overflows: longer than any session at any timescale.
const maxTime = 1 << 50

func (f *fragment) time(c cursor) error {
	var at uint64
	if version := c.u32() >> 24; version == 0 {
		at = uint64(c.u32())
	} else {
		at = c.u64()
	}
	if c.short || at > maxTime {
		return broken("tfdt makes no sense")
	}
	f.at = int64(at)
	return nil
}

func (f *fragment) run(c cursor) (stretch, error) {
	flags, count := c.u32(), c.u32()
	begin := f.next
	if flags&trunOffset != 0 {
		begin = f.from + uint64(int64(int32(c.u32()))) //nolint:gosec // it has a sign
	}
	first := c.if32(flags&trunFirst != 0, f.flags)
	each := 0
	for _, has := range []uint32{trunDuration, trunSize, trunFlags, trunComposed} {
		if flags&has != 0 {
			each += 4
		}
	}
	if c.short || begin > uint64(len(f.whole)) || uint64(count)*uint64(each) > uint64(len(c.b)) || int64(count) > int64(*f.left) {
		return stretch{}, broken("trun makes no sense")
	}
	*f.left -= int(count)
	out := stretch{track: f.index, samples: make([]sample, 0, count)}
	rest := f.whole[begin:]
	for i := range count {
		duration, size := c.if32(flags&trunDuration != 0, f.duration), c.if32(flags&trunSize != 0, f.size)
		otherwise := f.flags
		if i == 0 {
			otherwise = first
		}
		how, offset := c.if32(flags&trunFlags != 0, otherwise), c.if32(flags&trunComposed != 0, 0)
		if uint64(size) > uint64(len(rest)) {
			return stretch{}, broken("a sample is cut off")
		}
		out.samples = append(out.samples, sample{
			dts: f.at, duration: duration, offset: int32(offset), key: how&sampleNonSync == 0, data: rest[:size:size], //nolint:gosec // it has a sign
		})
		rest, f.at = rest[size:], f.at+int64(duration)
	}
	f.next = uint64(len(f.whole) - len(rest))
	return out, nil
}
