package hls

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
)

// The ids of the two tracks; a track that is missing leaves its id unused.
const (
	videoTrack = 1
	audioTrack = 2
)

// marshalInit writes the init segment. Either of the two may be nil.
func marshalInit(v *video, a *audio) ([]byte, error) {
	var f fmp4.Init
	if v != nil {
		f.Tracks = append(f.Tracks, &fmp4.InitTrack{ID: videoTrack, TimeScale: videoScale, Codec: v.codec})
	}
	if a != nil {
		f.Tracks = append(f.Tracks, &fmp4.InitTrack{ID: audioTrack, TimeScale: a.scale, Codec: a.codec})
	}
	w := &buffer{b: make([]byte, 0, 2<<10)}
	if err := f.Marshal(w); err != nil {
		return nil, fmt.Errorf("write init segment: %w", err)
	}
	return w.b, nil
}

// buffer is an io.WriteSeeker over one slice.
type buffer struct {
	b  []byte
	at int
}

func (w *buffer) Write(p []byte) (int, error) {
	if n := copy(w.b[w.at:], p); n < len(p) {
		w.b = append(w.b, p[n:]...)
	}
	w.at += len(p)
	return len(p), nil
}

func (w *buffer) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += int64(w.at)
	case io.SeekEnd:
		offset += int64(len(w.b))
	}
	if offset < 0 || offset > int64(len(w.b)) {
		return 0, errors.New("seek outside of what was written")
	}
	w.at = int(offset)
	return offset, nil
}

// fragments is the muxer of fMP4.
type fragments struct {
	sequence uint32 // of the last part; only its order matters
}

func (f *fragments) marshal(b *batch, _ *video, _ *audio) ([]byte, error) {
	f.sequence++
	return marshalPart(f.sequence, b.runs()), nil
}

func (*fragments) accepts(v *video, a *audio) error {
	_, err := marshalInit(v, a)
	return err
}

func (*fragments) reset() {}

// sample is one picture or audio frame. data is the shared bytes of its tag where possible.
type sample struct {
	data     []byte
	duration uint32 // in the track's timescale
	offset   int32  // presentation less decoding time
	key      bool   // decoding can start here
}

// run is the samples of one track in a part, in decoding order.
type run struct {
	id      uint32
	base    int64 // decoding time of the first one
	samples []sample
}

// Flags of trun and its samples (ISO/IEC 14496-12 §8.8.8, §8.8.3.1).
const (
	trunOffset    = 0x1
	trunDuration  = 0x100
	trunSize      = 0x200
	trunFlags     = 0x400
	trunComposed  = 0x800
	sampleNonSync = 1 << 16
)

// Sizes of boxes: moof, mfhd, traf, tfhd, tfdt and trun without their contents, mdat's head.
const (
	moofBytes = 8 + 16
	trafBytes = 8 + 16 + 20 + 20
	mdatBytes = 8
)

// shape says which fields of a run's samples differ from the defaults of its track, and what a sample takes in trun.
func (r *run) shape() (flags uint32, sampleSize int) {
	flags, sampleSize = trunOffset|trunDuration|trunSize, 8
	for i := range r.samples {
		if !r.samples[i].key {
			flags |= trunFlags
		}
		if r.samples[i].offset != 0 {
			flags |= trunComposed
		}
	}
	if flags&trunFlags != 0 {
		sampleSize += 4
	}
	if flags&trunComposed != 0 {
		sampleSize += 4
	}
	return flags, sampleSize
}

// marshalPart writes runs as one moof and one mdat, in a buffer of just that size. mediacommon writes the same bytes, by
// reflection and with two more copies; that is felt where a node has hundreds of streams with three parts a second.
func marshalPart(sequence uint32, runs []run) []byte {
	moof, media := moofBytes, 0
	for i := range runs {
		_, each := runs[i].shape()
		moof += trafBytes + each*len(runs[i].samples)
		for j := range runs[i].samples {
			media += len(runs[i].samples[j].data)
		}
	}
	b := make([]byte, 0, moof+mdatBytes+media)
	b = append32(b, uint32(moof)) //nolint:gosec // a part is bounded by SegmentBytes
	b = append(b, "moof"...)
	b = append32(b, 16)
	b = append(b, "mfhd\x00\x00\x00\x00"...)
	b = append32(b, sequence)
	at := moof + mdatBytes
	for i := range runs {
		b = appendTraf(b, &runs[i], at)
		for j := range runs[i].samples {
			at += len(runs[i].samples[j].data)
		}
	}
	b = append32(b, uint32(mdatBytes+media)) //nolint:gosec // as above
	b = append(b, "mdat"...)
	for i := range runs {
		for j := range runs[i].samples {
			b = append(b, runs[i].samples[j].data...)
		}
	}
	return b
}

// appendTraf writes one track's fragment, whose media begins at that offset from the begin of moof.
func appendTraf(b []byte, r *run, media int) []byte {
	flags, each := r.shape()
	n := each * len(r.samples)
	b = append32(b, uint32(trafBytes+n)) //nolint:gosec // as above
	b = append(b, "traf"...)
	b = append32(b, 16)
	b = append(b, "tfhd\x00\x02\x00\x00"...) // default-base-is-moof
	b = append32(b, r.id)
	b = append32(b, 20)
	b = append(b, "tfdt\x01\x00\x00\x00"...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.base)) //nolint:gosec // the session's clock is not negative
	b = append32(b, uint32(20+n))                        //nolint:gosec // as above
	b = append(b, "trun"...)
	b = append32(b, 1<<24|flags) // version 1: offsets have a sign
	b = append32(b, uint32(len(r.samples)))
	b = append32(b, uint32(media)) //nolint:gosec // as above
	for i := range r.samples {
		s := &r.samples[i]
		b = append32(b, s.duration)
		b = append32(b, uint32(len(s.data))) //nolint:gosec // as above
		if flags&trunFlags != 0 {
			if s.key {
				b = append32(b, 0)
			} else {
				b = append32(b, sampleNonSync)
			}
		}
		if flags&trunComposed != 0 {
			b = append32(b, uint32(s.offset)) //nolint:gosec // two's complement is what is meant
		}
	}
	return b
}

func append32(b []byte, n uint32) []byte { return binary.BigEndian.AppendUint32(b, n) }
