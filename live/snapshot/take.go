package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"liveroom/live/blob"
	"liveroom/live/stream"
)

// Take takes a picture of a room now, ahead of those whose turn it is, and waits for it. Where no keyframe came since the last
// picture, that is the answer.
func (s *Service) Take(ctx context.Context, id string) ([]Shot, error) {
	if err := s.maker.Available(); err != nil {
		return nil, err
	}
	result := make(chan outcome, 1)
	if !s.knows(id) {
		if sources := s.cfg.Sources(ctx); ctx.Err() == nil { // else they may not be all
			s.meet(sources) // its push may have begun since they were looked at
		}
	}
	if shots, err := s.ask(id, result); err != nil || shots != nil {
		return shots, err
	}
	select {
	case o := <-result:
		return o.shots, o.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// knows says whether a room's push was here when that was looked at last.
func (s *Service) knows(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[id]
	return !s.running || r != nil && r.here
}

// ask is Take up to waiting.
func (s *Service) ask(id string, result chan<- outcome) ([]Shot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[id]
	if r == nil || !r.here || !s.running {
		return nil, ErrNoStream
	}
	if !r.busy && !r.queued {
		if _, ok := s.frames.Keyframe(r.source.Stream); !ok {
			return nil, ErrNoStream
		}
		if len(r.shots) > 0 && !s.fresh(r) {
			return slices.Clone(r.shots), nil
		}
		r.queued, r.lined = true, time.Now()
		s.queue = append(s.queue, r)
		s.nudge()
	}
	if len(r.waiting) >= maxWaiting {
		return nil, ErrBusy
	}
	r.waiting = append(r.waiting, result)
	return nil, nil
}

// take makes and keeps one picture, of a keyframe that was there when it was begun.
func (s *Service) take(ctx context.Context, r *room, source Source, k stream.Keyframe, begun time.Time) {
	images, err := s.maker.Make(ctx, source.Room, k, s.cfg.Widths)
	s.mu.Lock()
	s.making--
	s.storing++
	s.mu.Unlock()
	s.nudge() // another may be made while this one is stored
	var shots []Shot
	if err == nil && !s.shown(source.Stream, k.Session) {
		err = ErrNoStream
	}
	if err == nil {
		shots, err = s.keep(ctx, source, begun, images)
	}
	if err == nil && s.cfg.Taken != nil {
		s.cfg.Taken(context.WithoutCancel(ctx), Taken{source.Room, source.Stream, slices.Clone(shots)})
	}
	late := errors.Is(err, ErrNoStream)
	if ctx.Err() == nil && !late {
		s.counts.ended(err)
	}
	s.mu.Lock()
	s.storing--
	r.busy, r.shots = false, shots
	was := r.failing
	r.failing = err != nil && !late
	r.answer(outcome{slices.Clone(shots), err})
	s.mu.Unlock()
	s.nudge()
	switch {
	case err == nil || late || ctx.Err() != nil:
	case !was:
		s.log.Warn("no screenshot could be taken", "room", source.Room, "err", err)
	default:
		s.log.Debug("no screenshot could be taken again", "room", source.Room, "err", err)
	}
}

// shown says whether a stream is still that of a session, and may be shown.
func (s *Service) shown(name, session string) bool {
	k, ok := s.frames.Keyframe(name)
	return ok && k.Session == session
}

// keep stores a picture in all its sizes, and removes those of the room that are too many now. It is as old as its beginning, so
// that it is older than a room which was made since.
func (s *Service) keep(ctx context.Context, source Source, begun time.Time, images []Image) ([]Shot, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	room := source.Room
	held, listed, err := s.held(ctx, room)
	if err != nil { // not even what was there once is known: the node began while S3 was away
		s.log.Debug("a screenshot is kept beside others that are not known", "room", room, "err", err)
	}
	if begun.Before(source.Made) { // another node's clock is ahead
		begun = source.Made
	}
	at := begun.UTC().Truncate(time.Millisecond)
	if len(held) > 0 && !at.After(held[0].At) { // as above
		at = held[0].At.Add(time.Millisecond)
	}
	var shots []Shot
	for _, i := range images {
		shot := Shot{At: at, Width: i.Width, Height: i.Height, Bytes: int64(len(i.JPEG))}
		if err := s.store.Put(ctx, of(room)+shot.File(), i.JPEG); err != nil {
			return nil, fmt.Errorf("keep: %w", err)
		}
		shots = append(shots, shot)
	}
	newestFirst(shots)
	held = append(slices.Clone(shots), held...)
	s.cache.put(room, held)
	s.counts.kept(shots)
	if old := outlived(held, s.cfg.Keep); len(old) > 0 {
		s.cache.put(room, held[:len(held)-len(old)])
		if !listed { // those that are listed again are removed then
			return shots, nil
		}
		if err := s.remove(ctx, room, old); err != nil && ctx.Err() == nil {
			s.log.Warn("old screenshots were not removed yet", "room", room, "err", err)
		}
	}
	return shots, nil
}

// reason is why a picture failed, for the metric.
func reason(err error) string {
	switch {
	case errors.Is(err, blob.ErrFull):
		return "full"
	case errors.Is(err, ErrPicture):
		return "picture"
	}
	return "store"
}
