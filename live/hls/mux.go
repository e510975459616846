package hls

import (
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

// marshalSegment writes a media segment of one moof and one mdat.
func marshalSegment(number uint64, tracks []*fmp4.PartTrack) ([]byte, error) {
	size := 256
	for _, t := range tracks {
		size += 128
		for _, s := range t.Samples {
			size += 16 + len(s.Payload)
		}
	}
	w := &buffer{b: make([]byte, 0, size)}
	p := fmp4.Part{SequenceNumber: uint32(number), Tracks: tracks} //nolint:gosec // mfhd has 32 bits; only its order matters
	if err := p.Marshal(w); err != nil {
		return nil, fmt.Errorf("write segment: %w", err)
	}
	return w.b, nil
}

// buffer is an io.WriteSeeker over one slice, of known capacity so that a segment is allocated once.
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
