package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"liveroom/status"
)

// maxNear bounds how many rooms a node remembers; beyond it any are forgotten.
const maxNear = 10_000

// near is what a node of several remembers of rooms: watching costs the shared store nothing while the news of other nodes
// come, and goes on with what was last known while it is away. The nil value remembers nothing.
type near struct {
	mu      sync.Mutex
	begun   bool      // the news have come at least once
	fresh   bool      // they come
	since   time.Time // since when
	told    uint64    // how many changes; what was read before the newest may be older than it
	rooms   map[string]*nearRoom
	streams map[string]string // stream → id of rooms that are known
}

// nearRoom is what is known of one room.
type nearRoom struct {
	room  Room // ID empty: not known
	state status.State
}

func newNear() *near {
	return &near{rooms: map[string]*nearRoom{}, streams: map[string]string{}}
}

// mark is a moment before something is read from the store.
func (n *near) mark() uint64 {
	if n == nil {
		return 0
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.told
}

// stream is the room of a stream: what is known, and whether that is as good as the store.
func (n *near) stream(name string) (r Room, known, fresh bool) {
	if n == nil {
		return Room{}, false, false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	x := n.rooms[n.streams[name]]
	if x == nil || x.room.ID == "" {
		return Room{}, false, false
	}
	return x.room, true, n.fresh
}

// get is what is known of a room.
func (n *near) get(id string) (x nearRoom, fresh bool) {
	if n == nil {
		return nearRoom{}, false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if known := n.rooms[id]; known != nil {
		x = *known
	}
	return x, n.fresh
}

// keepRoom remembers a room that was read after mark.
func (n *near) keepRoom(mark uint64, r Room) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if mark == n.told && n.begun {
		n.place(r.ID).room = r
		n.streams[r.Stream] = r.ID
	}
}

// keepState remembers a state that was read after mark.
func (n *near) keepState(mark uint64, s status.State) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if mark == n.told && n.begun {
		n.put(s)
	}
}

// changed forgets a room that is another now, or gone.
func (n *near) changed(id string) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told++
	n.drop(id)
}

// moved takes over a state that was committed.
func (n *near) moved(s status.State) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told++
	n.put(s)
}

// put remembers a state unless a newer one is known. n.mu is held.
func (n *near) put(s status.State) {
	if x := n.place(s.Record.Room); s.Revision > x.state.Revision || s.Record.Epoch > x.state.Record.Epoch {
		x.state = s
	}
}

// place is where a room is remembered. n.mu is held.
func (n *near) place(id string) *nearRoom {
	x := n.rooms[id]
	if x == nil {
		for other := range n.rooms {
			if len(n.rooms) < maxNear {
				break
			}
			n.drop(other)
			delete(n.rooms, other)
		}
		x = &nearRoom{}
		n.rooms[id] = x
	}
	return x
}

// drop forgets a room, not its state. n.mu is held.
func (n *near) drop(id string) {
	if x := n.rooms[id]; x != nil && x.room.ID != "" {
		if n.streams[x.room.Stream] == id {
			delete(n.streams, x.room.Stream)
		}
		x.room = Room{}
	}
}

func (n *near) setFresh(fresh bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if fresh && !n.fresh {
		n.since = time.Now()
	}
	n.fresh = fresh
	n.begun = n.begun || fresh
}

// FreshSince is since when this node has been told at once what others do, and so the store has answered it: zero if it is
// not told now.
func (s *Service) FreshSince() time.Time {
	if s.near == nil {
		return time.Time{}
	}
	s.near.mu.Lock()
	defer s.near.mu.Unlock()
	if !s.near.fresh {
		return time.Time{}
	}
	return s.near.since
}

// clear forgets everything and answers the states that were known.
func (n *near) clear() map[string]status.State {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told++
	known := make(map[string]status.State, len(n.rooms))
	for id, x := range n.rooms {
		known[id] = x.state
	}
	clear(n.rooms)
	clear(n.streams)
	return known
}

// roomOfStream finds a stream's room: nearby if that is as good, else in the store, else as it was last known.
func (s *Service) roomOfStream(ctx context.Context, name string) (Room, error) {
	last, known, fresh := s.near.stream(name)
	if fresh {
		return last, nil
	}
	mark := s.near.mark()
	r, err := s.store.RoomByStream(ctx, name)
	switch {
	case err == nil:
		s.near.keepRoom(mark, r)
	case known && !isNotFound(err):
		return last, nil
	}
	return r, err
}

// stateOf is Machine.State by way of what is known nearby, in the same order of preference.
func (s *Service) stateOf(ctx context.Context, room string) (status.State, error) {
	last, fresh := s.near.get(room)
	known := last.state.Revision > 0
	if known && fresh {
		return living(last.state)
	}
	mark := s.near.mark()
	st, err := s.machine.State(ctx, room)
	switch {
	case err == nil:
		s.near.keepState(mark, st)
	case known && errors.Is(err, status.ErrUnavailable):
		return living(last.state)
	}
	return st, err
}

// living is a state, unless it is a tombstone.
func living(s status.State) (status.State, error) {
	if s.Deleted {
		return status.State{}, status.ErrUnknownRoom
	}
	return s, nil
}
