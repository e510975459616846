package export

import (
	"context"
	"fmt"
	"io"

	"liveroom/live/record"
)

// Bounds of what is read into memory at a time.
const (
	maxInitBytes    = 1 << 20
	maxSegmentBytes = 256 << 20
)

// sample is a picture or a sound.
type sample struct {
	dts      int64  // decoding time in the timescale of its track; on which clock, the holder says
	duration uint32 // in the same
	offset   int32  // presentation less decoding time
	key      bool   // decoding can start here
	data     []byte
}

// stretch is consecutive samples of one track.
type stretch struct {
	track   int // index in the tracks of the init segment
	samples []sample
}

// source reads the files of one recording.
type source struct {
	lib    record.Library
	id     string
	inits  map[string][]track
	seg    string // file name of the segment that was read last
	pieces []stretch
}

func newSource(lib record.Library, id string) *source {
	return &source{lib: lib, id: id, inits: map[string][]track{}}
}

func (s *source) file(ctx context.Context, name string, most int64) ([]byte, error) {
	o, err := s.lib.Open(ctx, s.id, name)
	if err != nil {
		return nil, fmt.Errorf("open %s of recording %s: %w", name, s.id, err)
	}
	defer o.Close()
	size := o.Held().Size
	if size < 0 || size > most {
		return nil, broken("%s has %d bytes", name, size)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(o, b); err != nil {
		return nil, fmt.Errorf("read %s of recording %s: %w", name, s.id, err)
	}
	return b, nil
}

// tracks are those of an init segment. At most a few are kept: a push brings one, rarely two.
func (s *source) tracks(ctx context.Context, init string) ([]track, error) {
	if t, ok := s.inits[init]; ok {
		return t, nil
	}
	b, err := s.file(ctx, init, maxInitBytes)
	if err != nil {
		return nil, err
	}
	t, err := readInit(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", init, err)
	}
	if len(s.inits) >= 16 {
		clear(s.inits)
	}
	s.inits[init] = t
	return t, nil
}

// segment is what there is in a segment, in the order in which it is stored, on the session's clock. It holds until the next call.
func (s *source) segment(ctx context.Context, seg record.Segment) ([]stretch, error) {
	if s.seg == seg.File && seg.File != "" {
		return s.pieces, nil
	}
	tracks, err := s.tracks(ctx, seg.Init)
	if err != nil {
		return nil, err
	}
	b, err := s.file(ctx, seg.File, maxSegmentBytes)
	if err != nil {
		return nil, err
	}
	all, err := readSegment(b, tracks)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", seg.File, err)
	}
	s.seg, s.pieces = seg.File, all
	return all, nil
}

// ms is a time in a track's timescale in ms, rounded down.
func (t track) ms(at int64) int64 { return at * 1000 / int64(t.scale) }

// ticks is ms in a track's timescale.
func (t track) ticks(ms int64) int64 { return ms * int64(t.scale) / 1000 }
