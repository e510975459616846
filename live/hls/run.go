package hls

import (
	"context"
	"errors"
	"sync"
	"time"

	"liveroom/live/stream"
)

// begin makes sure that a stream which begins to be published has a segmenter. It is called inside Hub.Publish, so the
// subscription stands before the first tag.
func (s *Server) begin(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.streams[name]; !s.running || e != nil && !e.over {
		return
	}
	in, _ := s.hub.Info(name)
	t := newTimeline(&s.cfg, s.signer, name).of(in.Session, in.Start)
	if old := s.streams[name]; old != nil {
		old.retire()
		if t.session != "" && t.session == old.named() {
			t.former = old.newest()
		}
	}
	if s.cfg.Upstream != nil {
		t.changes = func() { s.unkept.note(t) }
	}
	e := &entry{timeline: t, sub: s.subscribe(name), elsewhere: make(chan struct{}), done: make(chan struct{})}
	s.streams[name] = e
	s.waiting = append(s.waiting, e)
	close(s.appeared)
	s.appeared = make(chan struct{})
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// subscribe reads a stream without being one of its viewers.
func (s *Server) subscribe(name string) *stream.Subscriber {
	sub := s.hub.Subscribe(name, stream.HLS, stream.SubscribeOptions{Internal: true})
	sub.SetIdle(restAfter)
	return sub
}

// takeWaiting returns the entries that need a segmenter.
func (s *Server) takeWaiting() []*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.waiting
	s.waiting = nil
	return all
}

// segment reads a stream until it ends, over as many generations as it has.
func (s *Server) segment(ctx context.Context, e *entry) {
	defer close(e.done)
	seg := s.segmenters(e.timeline)
	s.inherit(ctx, e.timeline)
	var wg sync.WaitGroup
	defer wg.Wait()
	reading, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	wg.Go(func() {
		select {
		case <-e.elsewhere:
			stop(errMoved)
		case <-reading.Done():
		}
	})
	err := s.read(reading, e, seg)
	if errors.Is(context.Cause(reading), errMoved) {
		err = errMoved
	}
	switch {
	case errors.Is(err, stream.ErrEnded):
		seg.flush()
		e.end(time.Now())
	case errors.Is(err, errMoved):
		seg.flush()
		e.leave(time.Now())
	case ctx.Err() != nil:
		seg.flush() // for who goes on with it, at the next node
	}
	e.rest() // this process segments it no longer
	if ctx.Err() != nil {
		e.retire()
	}
	s.mu.Lock()
	e.over = true
	s.mu.Unlock()
	e.sub.Close()
	// A push that came between the end and this moment found a segmenter and left it at that.
	if in, ok := s.hub.Info(e.name); ok && pushed(in) && ctx.Err() == nil && !s.moved(ctx, e.name) {
		s.begin(e.name)
	}
}

// read feeds the segmenter until the subscriber ends for good; the error says why.
func (s *Server) read(ctx context.Context, e *entry, seg *segmenters) error {
	var (
		tags   []*stream.Tag
		losses uint64
		heard  = time.Now()
		err    error
	)
	for {
		tags, err = e.sub.Next(ctx, tags)
		switch {
		case errors.Is(err, stream.ErrIdle):
			if time.Since(heard) > abandonAfter {
				return err
			}
			if s.moved(ctx, e.name) {
				return errMoved
			}
			s.rest(e.name, seg)
			continue
		case errors.Is(err, stream.ErrSlow): // this process has no time; start over instead of giving the stream up
			s.counts.lost.Add(1)
			seg.lose()
			e.sub.Close()
			e.sub, losses = s.subscribe(e.name), 0
			continue
		case err != nil:
			return err
		}
		if tags[0].Relayed() || s.missed(tags[0].Generation(), seg.generation) {
			return errMoved
		}
		heard = time.Now()
		if e.sub.Discontinuity() {
			if l := e.sub.Lost(); l.Overflows != losses {
				losses = l.Overflows
				s.counts.lost.Add(1)
				seg.lose()
			} else if tags[0].Generation() == seg.generation {
				seg.discard() // a gate opened
			}
		}
		for _, t := range tags {
			seg.write(t)
		}
		clear(tags) // the buffer must not keep tags alive while the stream is silent
	}
}

// missed says whether a stream was pushed elsewhere between two generations: then its list goes on from what it was there.
func (s *Server) missed(generation, before uint64) bool {
	return s.cfg.Upstream != nil && before > 0 && generation > before+1
}

// pushed says whether a stream is pushed to this node.
func pushed(in stream.Info) bool { return in.Publishing && !in.Relay }

// moved says whether a stream is now pushed to another node.
func (s *Server) moved(ctx context.Context, name string) bool {
	if s.cfg.Upstream == nil {
		return false
	}
	at, ok := s.cfg.Upstream.Where(ctx, name)
	return ok && at.Node != "" && !at.Here
}

// rest deals with an unfinished segment that has heard nothing for a while: what is not published of it is thrown away
// behind a closed gate, and published when the push is gone. Nobody waits for more then.
func (s *Server) rest(name string, seg *segmenters) {
	in, ok := s.hub.Info(name)
	switch {
	case ok && in.Gated:
		seg.discard()
	case !pushed(in):
		seg.flush()
	default:
		return // an encoder that stutters
	}
	seg.out.rest()
}

// sweep ends idle sessions and forgets streams that have ended.
func (s *Server) sweep(now time.Time) {
	s.sessions.Sweep(now)
	s.remotes.sweep(now)
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, e := range s.streams {
		if e.over && e.stale(now) {
			delete(s.streams, name)
		}
	}
}

// find returns the newest session of a stream, nil if there is none.
func (s *Server) find(name string) *timeline {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.streams[name]; e != nil {
		return e.timeline
	}
	return nil
}

// await is find that waits for a stream to be published, as long as ctx allows.
func (s *Server) await(ctx context.Context, name string) *timeline {
	for {
		s.mu.Lock()
		e, appeared := s.streams[name], s.appeared
		s.mu.Unlock()
		if e != nil {
			return e.timeline
		}
		select {
		case <-appeared:
		case <-ctx.Done():
			return nil
		}
	}
}
