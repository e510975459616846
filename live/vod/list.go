package vod

import (
	"context"
	"errors"
	"sort"
	"time"

	"liveroom/live/programme"
	"liveroom/live/record"
	"liveroom/live/stream"
)

var (
	errGone = &stream.Refusal{Code: "not_found", Detail: "The recording is gone; load the play address again."}
	// errNothing tells that there is a recording, but nothing of it (yet).
	errNothing = &stream.Refusal{Code: "not_found", Detail: "Nothing of it is recorded."}
)

// piece is a segment as a playlist lists it.
type piece struct {
	record.Segment
	recording string
	zero      time.Time // of the session's clock
	breaks    bool      // EXT-X-DISCONTINUITY before it
}

// list is what a session plays.
type list struct {
	pieces     []piece
	recordings []record.Recording
	startAt    time.Duration // where players begin

	shift                   bool   // passes of its files open nothing that is much older
	sequence, discontinuity uint64 // of the first piece
	sliding                 bool   // it grows and loses its oldest
	whole                   bool   // nothing of it will change any more: it ends
}

// list is what w stands for now, in the room of a stream.
func (s *Server) list(ctx context.Context, streamName string, w what, now time.Time) (*list, error) {
	if w.kind == aProgramme {
		return s.programmeList(ctx, streamName, w.id)
	}
	rec, index, err := s.recorded(ctx, w.id)
	if err != nil {
		return nil, err
	}
	switch w.kind {
	case aWindow:
		return window(rec, index, w), nil
	case aDelay:
		return s.slide(rec, index, w, now), nil
	}
	l := &list{whole: index.Ended}
	l.add(rec, index.Segments)
	return l, nil
}

// recorded is a recording and what it consists of now.
func (s *Server) recorded(ctx context.Context, id string) (record.Recording, record.Index, error) {
	rec, err := s.deps.Library.Recording(ctx, id)
	if err == nil {
		var index record.Index
		if index, err = s.deps.Library.Index(ctx, id); err == nil {
			return rec, index, nil
		}
	}
	if errors.Is(err, record.ErrUnknown) {
		err = errGone
	}
	return record.Recording{}, record.Index{}, err
}

// programme is one of the room with a stream.
func (s *Server) programme(ctx context.Context, streamName, id string) (programme.Programme, error) {
	room, _, err := s.deps.Rooms.Shown(ctx, streamName)
	if err != nil {
		return programme.Programme{}, err
	}
	p, err := s.deps.Programmes.Programme(ctx, room, id)
	if errors.Is(err, programme.ErrNoProgramme) {
		err = errGone
	}
	return p, err
}

func (s *Server) programmeList(ctx context.Context, streamName, id string) (*list, error) {
	p, err := s.programme(ctx, streamName, id)
	if err != nil {
		return nil, err
	}
	l := &list{startAt: p.StartAt, whole: true}
	for _, one := range p.Recordings {
		rec, index, err := s.recorded(ctx, one)
		if errors.Is(err, errGone) && len(p.Recordings) > 1 {
			continue // the others are there
		}
		if err != nil {
			return nil, err
		}
		l.whole = l.whole && index.Ended
		l.add(rec, index.Segments)
	}
	return l, nil
}

// add appends segments of a recording, which follow each other in it.
func (l *list) add(rec record.Recording, segments []record.Segment) {
	l.recordings = append(l.recordings, rec)
	for i := range segments {
		p := piece{Segment: segments[i], recording: rec.ID, zero: rec.Zero}
		switch {
		case i > 0:
			p.breaks = breaksAt(segments, i)
		default:
			p.breaks = len(l.pieces) > 0
		}
		l.pieces = append(l.pieces, p)
	}
}

// breaksAt says whether a segment does not follow from the one before.
func breaksAt(segments []record.Segment, i int) bool {
	return segments[i].Breaks || i > 0 && segments[i].Init != segments[i-1].Init
}

// window is a time of a recording: the segments that have something of it.
func window(rec record.Recording, index record.Index, w what) *list {
	all := index.Segments
	from := sort.Search(len(all), func(i int) bool { return all[i].End() > w.from })
	to := sort.Search(len(all), func(i int) bool { return all[i].Start >= w.to })
	l := &list{shift: true, whole: index.Ended || to < len(all) || len(all) > 0 && all[len(all)-1].End() >= w.to}
	l.add(rec, all[from:max(from, to)])
	if len(l.pieces) > 0 {
		l.pieces[0].breaks = false
		l.startAt = time.Duration(max(w.from-l.pieces[0].Start, 0)) * time.Millisecond
	}
	return l
}

// slidingTargets is how long, in target durations, a list that slides is at the least, where there is as much.
const slidingTargets = 6

// slide is the newest of a recording that is as old as was asked for.
func (s *Server) slide(rec record.Recording, index record.Index, w what, now time.Time) *list {
	all := index.Segments
	until := now.Sub(rec.Zero).Milliseconds() - w.from
	end := sort.Search(len(all), func(i int) bool { return all[i].End() > until })
	first, length := end, int64(0)
	for first > 0 && length < slidingTargets*s.cfg.Segment.Milliseconds() {
		first--
		length += all[first].Duration
	}
	l := &list{shift: true, sliding: true, whole: index.Ended && end == len(all), sequence: index.Removed + uint64(first), discontinuity: index.RemovedBreaks} //nolint:gosec // an index
	for i := range first {
		if breaksAt(all, i) {
			l.discontinuity++
		}
	}
	l.add(rec, all[first:end])
	if len(l.pieces) > 0 {
		l.pieces[0].breaks = breaksAt(all, first)
	}
	return l
}
