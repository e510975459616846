package export

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"liveroom/live/record"
	"liveroom/live/stream"
)

// Codec is how a track stands in FLV.
type Codec struct {
	t flvTrack
}

// Codecs reads the tracks of an fMP4 init segment. The error is of a track that FLV has no place for, or of bytes that make no sense.
func Codecs(init []byte) ([]Codec, error) {
	tracks, err := readInit(init)
	if err != nil {
		return nil, err
	}
	return codecs(tracks)
}

func codecs(tracks []track) ([]Codec, error) {
	all := make([]Codec, 0, len(tracks))
	for _, t := range tracks {
		x, err := inFLV(t)
		if err != nil {
			return nil, err
		}
		all = append(all, Codec{x})
	}
	return all, nil
}

// Kind is audio or video.
func (c Codec) Kind() stream.Kind { return c.t.kind }

// Head is the tag with the decoder's configuration, in a buffer as stream.NewBuffer makes it.
func (c Codec) Head() []byte { return inBuffer(c.t.head) }

// Tag is a sample's tag, in such a buffer. composition is presentation less decoding time in ms.
func (c Codec) Tag(key bool, composition int32, data []byte) []byte {
	return inBuffer(c.t.tag(make([]byte, 0, 16), sample{key: key}, composition), data)
}

func inBuffer(parts ...[]byte) []byte {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	b := stream.NewBuffer(size)
	at := b[:stream.HeaderBytes]
	for _, p := range parts {
		at = append(at, p...)
	}
	return b
}

// Played is a tag of a Reel.
type Played struct {
	Kind stream.Kind
	At   int64  // ms of the recording's play time; per track it never goes back
	Buf  []byte // as stream.NewBuffer makes it
}

// Reel reads a recording as tags, segment by segment: gaps take no time. It belongs to one goroutine.
type Reel struct {
	src    *source
	lay    *layer
	x      record.Index
	seg    int    // the next one
	init   string // of the segment that was read last
	codecs []Codec
	due    []due
	ready  []Played
	last   [2]int64 // given out, of sound and pictures
	length int64
}

// OpenReel begins to read a recording at the segment that has a point of its play time, in ms. What is beyond its end is
// io.EOF, or, where it loops, counted from its beginning again.
func OpenReel(ctx context.Context, lib record.Library, id string, from int64, loop bool) (*Reel, error) {
	x, err := lib.Index(ctx, id)
	if err != nil {
		return nil, err
	}
	r := &Reel{src: newSource(lib, id), x: x, length: length(x)}
	if r.lay = (&layer{src: r.src}); loop && r.length > 0 {
		from %= r.length
	}
	for r.seg < len(x.Segments) && r.lay.base+x.Segments[r.seg].Duration <= from {
		r.lay.base += x.Segments[r.seg].Duration
		r.seg++
	}
	return r, nil
}

// Length is the recording's play time in ms.
func (r *Reel) Length() int64 { return r.length }

// Next is the next tag, or io.EOF at the end.
func (r *Reel) Next(ctx context.Context) (Played, error) {
	for len(r.ready) == 0 {
		if r.seg == len(r.x.Segments) {
			return Played{}, io.EOF
		}
		if err := r.read(ctx); err != nil {
			return Played{}, err
		}
	}
	p := r.ready[0]
	last := &r.last[0]
	if p.Kind == stream.Video {
		last = &r.last[1]
	}
	*last = max(p.At, *last)
	p.At, r.ready[0] = *last, Played{}
	r.ready = r.ready[1:]
	return p, nil
}

// read makes the tags of the next segment.
func (r *Reel) read(ctx context.Context) error {
	seg := r.x.Segments[r.seg]
	r.seg++
	if seg.Init != r.init {
		if err := r.begin(ctx, seg.Init); err != nil {
			return err
		}
	}
	got, err := r.lay.lay(ctx, piece{seg: seg, from: seg.Start, to: seg.End()})
	if err != nil {
		return err
	}
	for _, run := range got.all {
		for _, s := range run.samples {
			r.due = append(r.due, due{got.tracks[run.track].ms(s.dts), run.track, s})
		}
	}
	slices.SortStableFunc(r.due, func(a, b due) int { return cmp.Compare(a.ms, b.ms) })
	n := len(r.due)
	if last := r.seg == len(r.x.Segments); !last && r.x.Segments[r.seg].Init == seg.Init {
		n, _ = slices.BinarySearchFunc(r.due, r.lay.base, func(d due, end int64) int { return cmp.Compare(d.ms, end) })
	}
	for _, d := range r.due[:n] {
		if len(d.data) > stream.MaxPayloadBytes-16 {
			return broken("a picture of %d bytes", len(d.data))
		}
		c := r.codecs[d.track]
		composition := int64(d.offset) * 1000 / int64(got.tracks[d.track].scale)
		r.ready = append(r.ready, Played{c.Kind(), d.ms, c.Tag(d.key, int32(composition), d.data)}) //nolint:gosec // bounded by what a pushed tag can say
	}
	r.due = append(r.due[:0:0], r.due[n:]...)
	return nil
}

// begin makes the tags of another init segment's decoder configurations.
func (r *Reel) begin(ctx context.Context, init string) error {
	tracks, err := r.src.tracks(ctx, init)
	if err != nil {
		return err
	}
	if r.codecs, err = codecs(tracks); err != nil {
		return err
	}
	r.init, r.lay = init, &layer{src: r.src, base: r.lay.base}
	for _, c := range r.codecs {
		r.ready = append(r.ready, Played{c.Kind(), r.lay.base, c.Head()})
	}
	return nil
}

// Unreadable says that an error of a Reel is of what is stored: trying again changes nothing.
func Unreadable(err error) bool {
	return errors.Is(err, errBroken) || errors.Is(err, errCodec) || errors.Is(err, errChanged)
}
