package vod

import (
	"context"
	"errors"
	"time"

	"liveroom/live/record"
	"liveroom/live/stream"
)

// shifted is the time of what is live that is asked for.
func (s *Server) shifted(ctx context.Context, room, query string) (what, error) {
	now := time.Now()
	want, err := s.cfg.parseShift(query, now)
	if err != nil {
		return what{}, err
	}
	rec, index, oldest, err := s.shiftable(ctx, room, now)
	if err != nil {
		return what{}, err
	}
	if want.delay > 0 {
		w := what{kind: aDelay, id: rec.ID, from: want.delay.Milliseconds(), room: room}
		if at := now.Add(-want.delay); at.Before(oldest) || at.Sub(rec.Zero).Milliseconds() < index.Segments[0].End() {
			return what{}, refuseAt(paramDelay, "goes back before what can be watched, which begins at %s", oldest.UTC().Format(time.RFC3339))
		}
		return w, nil
	}
	if !want.end.After(oldest) {
		return what{}, refuseAt(paramEnd, "is before what can be watched, which begins at %s", oldest.UTC().Format(time.RFC3339))
	}
	length := want.end.Sub(want.start).Milliseconds()
	if want.start.Before(oldest) {
		want.start = oldest
	}
	w := what{kind: aWindow, id: rec.ID, from: max(want.start.Sub(rec.Zero).Milliseconds(), 0), to: max(want.end.Sub(rec.Zero).Milliseconds(), 0), room: room}
	l := window(rec, index, w)
	switch {
	case len(l.pieces) == 0:
		return what{}, refuseAt(paramStart, "begins a time of which nothing is recorded")
	case length < l.pieces[0].Duration:
		return what{}, refuseAt(paramEnd, "must be at least one segment, %.1f seconds, after tsStart", float64(l.pieces[0].Duration)/1000)
	}
	return w, nil
}

// shiftable is what of a room can be watched from an earlier time now, and from when on.
func (s *Server) shiftable(ctx context.Context, room string, now time.Time) (rec record.Recording, index record.Index, oldest time.Time, err error) {
	none := &stream.Refusal{Code: "not_found", Field: paramShift, Detail: "Nothing of this room is recorded that could be watched from an earlier time."}
	var window time.Duration
	if s.deps.Window != nil {
		if window, err = s.deps.Window(ctx, room); err == nil && window <= 0 {
			err = none
		}
		if err != nil {
			return rec, index, oldest, err
		}
	}
	if rec, err = s.deps.Library.Current(ctx, room); errors.Is(err, record.ErrUnknown) {
		err = none
	}
	if err != nil {
		return rec, index, oldest, err
	}
	if index, err = s.deps.Library.Index(ctx, rec.ID); err != nil {
		return rec, index, oldest, err
	}
	if len(index.Segments) == 0 {
		return rec, index, oldest, errNothing
	}
	oldest = rec.Zero.Add(time.Duration(index.Segments[0].Start) * time.Millisecond)
	if window > 0 && oldest.Before(now.Add(-window)) {
		oldest = now.Add(-window)
	}
	return rec, index, oldest, nil
}

// Shiftable says from when on a room can be watched now while it is live, and how far back that may be at the most; false: not at
// all, or not yet.
func (s *Server) Shiftable(ctx context.Context, room string) (oldest time.Time, most time.Duration, ok bool, err error) {
	_, _, oldest, err = s.shiftable(ctx, room, time.Now())
	if _, refused := errors.AsType[*stream.Refusal](err); refused {
		return time.Time{}, 0, false, nil
	}
	if err != nil || time.Since(oldest) < s.cfg.LeastAge {
		return time.Time{}, 0, false, err
	}
	most = 24 * time.Hour
	if s.deps.Window != nil {
		most, err = s.deps.Window(ctx, room)
	}
	return oldest, most, most > 0 && err == nil, err
}
