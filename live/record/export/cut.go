package export

import (
	"bytes"
	"context"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"

	"liveroom/live/record"
)

// cut makes another recording of pieces: segments that are whole are copied as they are, of those that are not what is wanted
// becomes a segment. What was stored before a crash is not stored again.
func (s *Service) cut(ctx context.Context, r record.Recording, j *Job, pieces []piece) error {
	if len(pieces) == 0 {
		return errChanged
	}
	if err := s.store.Put(ctx, *j); err != nil {
		return err
	}
	if err := room(s.blobs, unmade(pieces, j.Made)); err != nil {
		return err
	}
	src := newSource(s.lib, j.Recording)
	tell := s.progress(ctx, j)
	inits := map[string]bool{}
	var at int64
	for _, p := range pieces {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if at += p.duration(); at <= j.Made {
			continue
		}
		if !inits[p.seg.Init] {
			if err := s.copy(ctx, src, j.Target, p.seg.Init, maxInitBytes); err != nil {
				return err
			}
			inits[p.seg.Init] = true
		}
		if err := s.place(ctx, src, j.Target, p); err != nil {
			return err
		}
		if err := tell(p.duration()); err != nil {
			return err
		}
	}
	tracks, err := src.tracks(ctx, pieces[0].seg.Init)
	if err != nil {
		return err
	}
	about := described(tracks, made{pieces: pieces})
	_, err = s.lib.Place(ctx, record.Recording{
		ID: j.Target, Room: r.Room, Group: r.Group, Stream: r.Stream, Title: j.Title, Session: r.Session, Zero: r.Zero, By: j.By, Of: r.ID, Age: r.Age,
		Width: about.Width, Height: about.Height, Video: r.Video, Audio: r.Audio,
	})
	return err
}

// unmade is what is left of pieces of which so many ms are made.
func unmade(pieces []piece, made int64) []piece {
	var at int64
	for i, p := range pieces {
		if at += p.duration(); at > made {
			return pieces[i:]
		}
	}
	return nil
}

// copy copies a file of the recording.
func (s *Service) copy(ctx context.Context, src *source, to, file string, most int64) error {
	b, err := src.file(ctx, file, most)
	if err != nil {
		return err
	}
	return s.blobs.Put(ctx, record.Prefix(to)+file, b)
}

// place stores a piece as a segment.
func (s *Service) place(ctx context.Context, src *source, to string, p piece) error {
	if !p.trimmed() {
		return s.copy(ctx, src, to, p.seg.File, maxSegmentBytes)
	}
	data, err := trim(ctx, src, p)
	if err != nil {
		return err
	}
	seg := p.seg
	seg.Start, seg.Duration = p.from, p.duration()
	return s.blobs.Put(ctx, record.Prefix(to)+record.SegmentName(seg), data)
}

// trim is what is wanted of a segment, as a segment.
func trim(ctx context.Context, src *source, p piece) ([]byte, error) {
	tracks, err := src.tracks(ctx, p.seg.Init)
	if err != nil {
		return nil, err
	}
	all, err := src.segment(ctx, p.seg)
	if err != nil {
		return nil, err
	}
	var out seekablebuffer.Buffer
	for i, run := range all {
		t := tracks[run.track]
		part := &fmp4.PartTrack{ID: int(t.id)}
		for _, one := range run.samples {
			if !p.wants(t.ms(one.dts)) || len(one.data) == 0 {
				continue
			}
			if len(part.Samples) == 0 {
				part.BaseTime = uint64(one.dts) //nolint:gosec // the session's clock
			}
			part.Samples = append(part.Samples, &fmp4.Sample{Duration: one.duration, PTSOffset: one.offset, IsNonSyncSample: !one.key, Payload: one.data})
		}
		if len(part.Samples) == 0 {
			continue
		}
		if err := (fmp4.Part{SequenceNumber: uint32(i + 1), Tracks: []*fmp4.PartTrack{part}}).Marshal(&out); err != nil { //nolint:gosec // few
			return nil, fmt.Errorf("write what is left of %s: %w", p.seg.File, err)
		}
	}
	return bytes.Clone(out.Bytes()), nil
}
