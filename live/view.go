package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"liveroom/live/stream"
	"liveroom/status"
)

// view is what this process last saw of a room's state, and the push it holds for it.
type view struct {
	mu      sync.Mutex
	stream  string
	state   status.State
	push    *Push  // nil when no push of this process runs
	session string // of which pushes were counted
	pushes  int
	samples samples
	gone    bool // removed from the table; look it up again
}

// Causes a push or a play ends with when the room itself ended it.
var (
	ErrRoomEnded = errors.New("live: the room has ended")
	ErrDropped   = errors.New("live: the push was dropped")
)

// withView runs f on the room's view while holding it. Views are made on demand and forgotten when nothing is left in them.
func (s *Service) withView(room, streamName string, f func(*view)) {
	for {
		s.mu.Lock()
		v := s.views[room]
		if v == nil {
			v = &view{}
			s.views[room] = v
		}
		s.mu.Unlock()

		v.mu.Lock()
		if v.gone {
			v.mu.Unlock()
			continue
		}
		if streamName != "" {
			v.stream = streamName
		}
		f(v)
		if v.idle() {
			s.mu.Lock()
			v.gone = true
			delete(s.views, room)
			s.mu.Unlock()
		}
		v.mu.Unlock()
		return
	}
}

// idle says that nothing of the room runs here or may begin without news.
func (v *view) idle() bool {
	return v.push == nil && (v.state.Deleted || !v.state.Record.StreamActive && v.state.Record.Code != status.Paused)
}

// follow brings the room's stream in step with a committed state. It runs on the goroutine that committed it.
func (s *Service) follow(st status.State) {
	room := st.Record.Room
	s.near.moved(st)
	name := s.streamOf(room)
	s.withView(room, name, func(v *view) {
		if v.state.Revision == 0 {
			st = s.newest(st)
		}
		if st.Revision <= v.state.Revision {
			return // older news
		}
		was := v.state
		v.state = st
		if v.stream == "" { // the room is gone
			s.cfg.Shown(st)
			return
		}
		s.steer(v, was)
	})
}

// newest is the room's state by now. A view just made has forgotten what it knew, so it can't tell late news: a push or a
// pause whose goroutine was overtaken by the room's end must not come to life after it.
func (s *Service) newest(st status.State) status.State {
	now, err := s.stateOf(context.Background(), st.Record.Room)
	switch {
	case errors.Is(err, status.ErrUnknownRoom):
		st.Deleted, st.Publisher = true, ""
		st.Record.Code, st.Record.StreamActive = status.Ended, false
	case err == nil && now.Revision > st.Revision:
		return now
	}
	return st // also where the store is away: this is the newest that is known
}

// streamOf finds the stream's name of a room that this process may not know yet.
func (s *Service) streamOf(room string) string {
	s.mu.Lock()
	v := s.views[room]
	s.mu.Unlock()
	if v != nil {
		v.mu.Lock()
		name := v.stream
		v.mu.Unlock()
		if name != "" {
			return name
		}
	}
	known, _ := s.near.get(room)
	if known.room.ID != "" {
		return known.room.Stream
	}
	mark := s.near.mark()
	r, err := s.store.Room(context.Background(), room)
	if err != nil {
		return "" // deleted, or the store is away: nothing of it can be running here
	}
	s.near.keepRoom(mark, r)
	return r.Stream
}

// steer makes push, gate and subscribers follow v.state, that before was was. v.mu is held.
func (s *Service) steer(v *view, was status.State) {
	s.steerPush(v)
	s.steerViewers(v.stream, was, v.state)
}

// steerPush ends a push that the room does not have any more. v.mu is held.
func (s *Service) steerPush(v *view) {
	st := v.state
	if v.push != nil && (st.Publisher != s.cfg.Node || st.Generation != v.push.generation) {
		switch {
		case st.Generation != v.push.generation, st.Publisher != "": // a store that lost changes gives a generation twice
			s.cut(v, stream.ErrTakenOver)
		case s.believedLost(v):
			s.look()
		case st.Record.Code != status.Live && st.Record.Code != status.Paused:
			s.cut(v, ErrRoomEnded)
		default:
			s.cut(v, ErrDropped)
		}
	}
	switch {
	case st.Deleted:
		s.delay.Forget(v.stream, ErrRoomEnded)
	case !watchable(st):
		s.delay.End(v.stream, ErrRoomEnded)
	}
}

// cut ends the room's push. v.mu is held.
func (s *Service) cut(v *view, cause error) {
	at, format := time.Now(), v.push.format()
	if v.push.delayed {
		s.delay.Drop(v.stream, cause)
	} else {
		s.hub.Drop(v.stream, cause)
	}
	v.push.over(cutReason(v.state, cause), at, format)
	v.push = nil
}
