package live

import (
	"sync"
	"time"

	"liveroom/live/delay"
	"liveroom/live/stream"
	"liveroom/status"
)

// unshown is what viewers still see of streams whose rooms are in another state already.
type unshown struct {
	mu    sync.Mutex
	rooms map[string]*shownState // by stream; those only of which something waits
}

type shownState struct {
	state status.State // as viewers have it
	waits int          // later states
}

// later notes that a stream's viewers meet a state later; until then they have was.
func (u *unshown) later(name string, was status.State) *shownState {
	u.mu.Lock()
	defer u.mu.Unlock()
	x := u.rooms[name]
	if x == nil {
		x = &shownState{state: was}
		if u.rooms == nil {
			u.rooms = make(map[string]*shownState)
		}
		u.rooms[name] = x
	}
	x.waits++
	return x
}

// now notes that they meet it.
func (u *unshown) now(name string, x *shownState, st status.State) {
	u.mu.Lock()
	defer u.mu.Unlock()
	x.state = st
	if x.waits--; x.waits == 0 && u.rooms[name] == x {
		delete(u.rooms, name)
	}
}

// none notes that nothing waits any more.
func (u *unshown) none(name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.rooms, name)
}

// of is the state that a stream's viewers have, if it is another than the room's.
func (u *unshown) of(name string) (status.State, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	x := u.rooms[name]
	if x == nil {
		return status.State{}, false
	}
	return x.state, true
}

// watchable says whether a room in that state has something to watch.
func watchable(st status.State) bool {
	return !st.Deleted && (st.Record.Code == status.Live || st.Record.Code == status.Paused)
}

// steerViewers makes gate, subscribers and edges follow a state: at once, or, where viewers see the stream later, when they
// have seen what was before. Where there is no stream, neither before nor after it, and nothing waits, there is nothing to see
// first. The room's view is held.
func (s *Service) steerViewers(name string, was, st status.State) {
	later := time.Duration(st.Record.Delay)
	switch {
	case st.TakenOff(time.Now()):
		s.delay.Purge(name)
		s.unshown.none(name)
	case s.delay.Busy(name) || later > 0 && (watchable(was) || watchable(st)):
		x := s.unshown.later(name, was)
		s.delay.Do(name, later, func() {
			s.unshown.now(name, x, st)
			s.show(name, st)
		})
		return
	}
	s.show(name, st)
}

// ShownState is the state that viewers of a stream have, whose room is in that one.
func (s *Service) ShownState(name string, st status.State) status.State {
	if was, ok := s.unshown.of(name); ok && !st.TakenOff(time.Now()) {
		return was
	}
	return st
}

// show makes gate, subscribers and edges follow a state, and who else follows what is shown.
func (s *Service) show(name string, st status.State) {
	defer s.cfg.Shown(st)
	defer s.cfg.Edges.Follow(name, originOf(st)) // what is pushed elsewhere comes after what was pushed here has ended
	if st.Deleted {
		s.hub.Forget(name, ErrRoomEnded)
		return
	}
	switch st.Record.Code {
	case status.Live, status.Paused:
		s.hub.Gate(name, st.Gated())
	case status.Waiting, status.Ended, status.Playback:
		s.hub.End(name, ErrRoomEnded)
	}
}

// publish begins a push where it is shown, or, if viewers see it later, behind that.
func (s *Service) publish(p *Push, later time.Duration, o stream.PublishOptions) (*stream.Publisher, error) {
	if p.delayed {
		return s.delay.Publish(p.stream, o, later)
	}
	return s.hub.Publish(p.stream, o)
}

// Rest is how long it takes until all of a stream is shown that was pushed to this node until now.
func (s *Service) Rest(name string) time.Duration { return s.delay.Rest(name) }

// Delayed is what waits of the streams that are shown later.
func (s *Service) Delayed() delay.Stats { return s.delay.Stats() }
