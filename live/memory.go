package live

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"liveroom/status"
)

// Memory is a Store in memory, on a status store in memory. It is for tests.
type Memory struct {
	states status.Store

	mu    sync.Mutex
	rooms map[string]Room
}

var _ Store = (*Memory)(nil)

// shared is what a Memory asks of a status.Memory, also of one in disguise.
type shared interface {
	RoomChanged(room string)
	Forget(before time.Time, keep func(room string) bool) int
}

// NewMemory returns an empty store whose statuses live in states.
func NewMemory(states status.Store) *Memory {
	return &Memory{states: states, rooms: map[string]Room{}}
}

// CreateRoom implements Store.
func (m *Memory) CreateRoom(ctx context.Context, r Room, fresh status.State) (status.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.free(r); err != nil {
		return status.State{}, err
	}
	old, err := m.states.Load(ctx, r.ID)
	if err == nil {
		fresh = status.Continue(old, fresh)
	}
	if err := m.states.Swap(ctx, old.Revision, fresh); err != nil {
		return status.State{}, err
	}
	m.rooms[r.ID] = r
	m.changed(r.ID)
	return m.states.Load(ctx, r.ID)
}

func (m *Memory) free(r Room) error {
	for _, other := range m.rooms {
		switch {
		case other.ID == r.ID:
			return Exists("id", r.ID)
		case other.GroupID == r.GroupID:
			return Exists("groupId", r.GroupID)
		case other.Stream == r.Stream:
			return Exists("stream", r.Stream)
		}
	}
	return nil
}

// Room implements Store.
func (m *Memory) Room(_ context.Context, id string) (Room, error) {
	return m.find(id, func(r Room) bool { return r.ID == id })
}

// RoomByStream implements Store.
func (m *Memory) RoomByStream(_ context.Context, stream string) (Room, error) {
	return m.find(stream, func(r Room) bool { return r.Stream == stream })
}

// RoomByGroup implements Store.
func (m *Memory) RoomByGroup(_ context.Context, group string) (Room, error) {
	return m.find(group, func(r Room) bool { return r.GroupID == group })
}

func (m *Memory) find(what string, is func(Room) bool) (Room, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rooms {
		if is(r) {
			return r, nil
		}
	}
	return Room{}, NotFound(what)
}

// UpdateRoom implements Store.
func (m *Memory) UpdateRoom(_ context.Context, id string, change func(*Room) error) (Room, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.rooms[id]
	if !ok {
		return Room{}, NotFound(id)
	}
	delete(m.rooms, id)
	next := r
	err := change(&next)
	next.ID = id
	if err == nil {
		err = m.free(next)
	}
	if err != nil {
		m.rooms[id] = r
		return Room{}, err
	}
	m.rooms[id] = next
	m.changed(id)
	return next, nil
}

// changed tells of a room that was made, changed or removed.
func (m *Memory) changed(id string) {
	if states, ok := m.states.(shared); ok {
		states.RoomChanged(id)
	}
}

// DeleteRoom implements Store.
func (m *Memory) DeleteRoom(ctx context.Context, id string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.rooms[id]; !ok {
		return NotFound(id)
	}
	for {
		s, err := m.states.Load(ctx, id)
		if err != nil {
			return err
		}
		prev := s.Revision
		s.Revision++
		s.Deleted, s.DeletedAt = true, at
		if err := m.states.Swap(ctx, prev, s); err == nil {
			delete(m.rooms, id)
			m.changed(id)
			return nil
		} else if err != status.ErrConflict {
			return err
		}
	}
}

// Rooms implements Store.
func (m *Memory) Rooms(ctx context.Context, q ListQuery) ([]Listed, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	limit := q.Limit
	if limit <= 0 {
		limit = 50
	}
	var page []Listed
	for _, id := range slices.Sorted(maps.Keys(m.rooms)) {
		if id <= q.After {
			continue
		}
		s, err := m.states.Load(ctx, id)
		if err != nil {
			return nil, "", err
		}
		if q.Status != 0 && s.Record.Code != q.Status {
			continue
		}
		if len(page) == limit {
			return page, page[limit-1].Room.ID, nil
		}
		page = append(page, Listed{Room: m.rooms[id], Record: s.Record})
	}
	return page, "", nil
}

// SweepTombstones implements Store, where states is a status.Memory.
func (m *Memory) SweepTombstones(_ context.Context, before time.Time) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	states, ok := m.states.(shared)
	if !ok {
		return 0, nil
	}
	return states.Forget(before, func(room string) bool { _, there := m.rooms[room]; return there }), nil
}
