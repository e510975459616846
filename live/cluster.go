package live

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"liveroom/internal/wait"
	"liveroom/status"
)

const (
	// roomClaim is how soon another node may go on with a room whose node fell silent while it worked on it.
	roomClaim = 3 * time.Second
	// claimLook is how often a node looks whether another has finished with a room.
	claimLook = 50 * time.Millisecond
	// pushLook is how often a push that waits for the store asks again.
	pushLook = 100 * time.Millisecond
	// keepEvery is how often the leases of this node's pushes are renewed, of which it may miss four.
	keepEvery = status.DefaultLease / 5
	// keepTimeout bounds one renewal of leases.
	keepTimeout = 2 * time.Second
	// keepAtOnce is how many pushes are looked after at the same time: all of a node may have been believed lost.
	keepAtOnce = 16
)

// alone does work on a room that nobody else does at the same time, on any node.
func (s *Service) alone(ctx context.Context, room string, work func(ctx context.Context) error) error {
	if s.cfg.Shared == nil {
		s.aligning.Lock()
		defer s.aligning.Unlock()
		return work(ctx)
	}
	for {
		held, err := status.Hold(ctx, s.cfg.Shared, "room:"+room, roomClaim, func(ctx context.Context, _ uint64) error { return work(ctx) })
		if held || err != nil {
			return err
		}
		if err := wait.For(ctx, claimLook); err != nil {
			return err
		}
	}
}

// patiently repeats what a shared store can't do for now, until ctx ends: a new push may wait while it is away (design §7).
func (s *Service) patiently(ctx context.Context, f func() error) error {
	for {
		err := f()
		if s.cfg.Shared == nil || !errors.Is(err, status.ErrUnavailable) || wait.For(ctx, pushLook) != nil {
			return err
		}
	}
}

// follower is the service as it is told what other nodes do.
type follower struct{ *Service }

// Changed implements status.Follower.
func (f follower) Changed(room string, state *status.State, settings bool) {
	if settings {
		f.near.changed(room)
	}
	if state != nil {
		f.machine.Heard(*state)
	}
}

// Fresh implements status.Follower.
func (f follower) Fresh(fresh bool) {
	f.near.setFresh(fresh)
	if fresh {
		f.look()
	}
}

// Reset implements status.Follower.
func (f follower) Reset(lost bool) {
	f.machine.Reset()
	known := f.near.clear()
	f.mu.Lock()
	defer f.mu.Unlock()
	for id := range f.views { // also those of which nothing else is remembered
		if _, is := known[id]; !is {
			known[id] = status.State{}
		}
	}
	for id, st := range known {
		if was, waits := f.stale[id]; !lost {
			st = was
		} else if waits && was.Revision > st.Revision {
			continue // it is not read anew since the last time
		}
		f.stale[id] = st
	}
	f.look()
}

// look has the leases renewed now.
func (s *Service) look() {
	select {
	case s.looks <- struct{}{}:
	default:
	}
}

// runShared follows the other nodes and keeps this node's pushes, until ctx ends.
func (s *Service) runShared(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { _ = s.cfg.Shared.Follow(ctx, follower{s}) }) // it ends with ctx only
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		if err := s.catchUp(ctx); err != nil && ctx.Err() == nil {
			s.log.Debug("what was missed of other nodes is not known yet", "err", err)
		}
		if err := s.keepPushes(ctx); err != nil && ctx.Err() == nil {
			s.log.Debug("leases of pushes not renewed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.looks:
		}
	}
}

// catchUp reads the rooms anew of which so much was missed that anything may be different. Where the store has lost changes
// it gets back first what is known of them here. What takes longer than leases may wait goes on after their renewal.
func (s *Service) catchUp(ctx context.Context) error {
	s.mu.Lock()
	stale := maps.Clone(s.stale)
	s.mu.Unlock()
	begun := time.Now()
	for id, known := range stale {
		if time.Since(begun) > keepEvery {
			s.look()
			return nil
		}
		if known.Revision > 0 {
			if err := s.machine.Restore(ctx, known); err != nil {
				return err // the rest with the next renewal
			}
		}
		s.withView(id, "", func(v *view) { v.state.Revision = 0 }) // the store may have less than was seen here
		if err := s.refresh(ctx, id); err != nil {
			return err
		}
		s.mu.Lock()
		if s.stale[id].Revision == known.Revision {
			delete(s.stale, id)
		}
		s.mu.Unlock()
	}
	return nil
}

// isStale says whether a room is to be read anew.
func (s *Service) isStale(room string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, is := s.stale[room]
	return is
}

// refresh has the node follow a room as the store says it is now.
func (s *Service) refresh(ctx context.Context, room string) error {
	st, err := s.machine.State(ctx, room)
	switch {
	case errors.Is(err, status.ErrUnknownRoom):
		s.forgotten(room)
		return nil
	case err != nil:
		return err
	}
	s.machine.Heard(st)
	return nil
}

// forgotten ends what runs here of a room that the store does not know any more.
func (s *Service) forgotten(room string) {
	s.withView(room, "", func(v *view) {
		was := v.state
		v.state.Deleted, v.state.Publisher = true, ""
		v.state.Record.Code, v.state.Record.StreamActive = status.Ended, false
		if v.stream != "" {
			s.steer(v, was)
		}
	})
}

// held lists the pushes of this node.
func (s *Service) held() (pushes []status.Held, revisions []uint64) {
	s.mu.Lock()
	views := make(map[string]*view, len(s.views))
	for id, v := range s.views {
		views[id] = v
	}
	s.mu.Unlock()
	for id, v := range views {
		v.mu.Lock()
		if v.push != nil {
			pushes = append(pushes, status.Held{Room: id, Generation: v.push.generation})
			revisions = append(revisions, v.state.Revision)
		}
		v.mu.Unlock()
	}
	return pushes, revisions
}

// keepPushes renews the leases of this node's pushes in one step, and looks after those of which the store says something
// unexpected: one that is not the newest any more ends, one that was believed lost speaks up (design §4).
func (s *Service) keepPushes(ctx context.Context) error {
	pushes, revisions := s.held()
	if len(pushes) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	leases, err := s.cfg.Shared.Keep(ctx, pushes)
	if err != nil {
		return err
	}
	failed := make([]error, len(leases))
	slots := make(chan struct{}, keepAtOnce)
	var wg sync.WaitGroup
	for i, l := range leases {
		p, look := pushes[i], s.speakUp
		switch {
		case s.isStale(p.Room):
			continue // nothing may be said of it before
		case l.Known && l.Generation == p.Generation && !l.StreamActive:
		case !l.Known || l.Generation != p.Generation || l.Revision > revisions[i]:
			look = func(ctx context.Context, p status.Held) error { return s.refresh(ctx, p.Room) }
		default:
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			failed[i] = look(ctx, p)
		})
	}
	wg.Wait()
	return errors.Join(failed...)
}

// speakUp tells that a push goes on that was believed lost. If the room does not want it any more, it ends.
func (s *Service) speakUp(ctx context.Context, p status.Held) error {
	if !s.holds(p) {
		return nil
	}
	c, err := s.machine.Reassert(ctx, p.Room, s.cfg.Node, p.Generation)
	if err == nil {
		s.log.Info("push was believed lost, and goes on", "room", p.Room, "generation", p.Generation, "status", c.Record.Name, "version", c.Record.Version)
		if s.holds(p) {
			return nil
		}
		// It ended meanwhile, and perhaps that was reported before.
		return s.report(ctx, stop{p.Room, p.Generation, status.ReasonPushLost})
	}
	var refused *status.Refused
	if errors.Is(err, status.ErrStale) || errors.As(err, &refused) {
		s.endPush(p)
		err = nil
	}
	return errors.Join(err, s.refresh(ctx, p.Room))
}

// holds says whether this node holds a push.
func (s *Service) holds(p status.Held) (holds bool) {
	s.withView(p.Room, "", func(v *view) { holds = v.push != nil && v.push.generation == p.Generation })
	return holds
}

// endPush ends a push that may not go on.
func (s *Service) endPush(p status.Held) {
	s.withView(p.Room, "", func(v *view) {
		if v.push != nil && v.push.generation == p.Generation {
			s.cut(v, ErrDropped)
		}
	})
}

// believedLost says that the room waits for a push that runs here: others believe it lost, and it will speak up.
func (s *Service) believedLost(v *view) bool {
	st := v.state
	return s.cfg.Shared != nil && st.Publisher == "" && !st.Cut && !st.Deleted && st.Record.Code == status.Paused &&
		st.Generation == v.push.generation
}
