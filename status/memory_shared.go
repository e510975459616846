package status

import (
	"context"
	"maps"
	"slices"
	"time"
)

// This file is what Memory offers to several nodes in one process: Shared.

type memoryClaim struct {
	fence uint64
	until time.Time // store's clock
}

// SetLease sets how long a publisher's lease lasts that begins or is kept from now on.
func (m *Memory) SetLease(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lease = d
}

// keepLease begins and ends a publisher's lease with its state. m.mu is held.
func (m *Memory) keepLease(old, next State) {
	room := next.Record.Room
	switch _, has := m.leases[room]; {
	case !next.Record.StreamActive || next.Deleted:
		delete(m.leases, room)
	case !has || old.Generation != next.Generation || !old.Record.StreamActive:
		m.leases[room] = m.now().Add(m.lease)
	}
}

// Keep implements Leases.
func (m *Memory) Keep(ctx context.Context, pushes []Held) ([]Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.away(ctx); err != nil {
		return nil, err
	}
	out := make([]Lease, len(pushes))
	for i, p := range pushes {
		s, known := m.states[p.Room]
		if !known {
			continue
		}
		out[i] = Lease{
			Known: true, Revision: s.Revision, Version: s.Record.Version, Code: s.Record.Code, Generation: s.Generation,
			StreamActive: s.Record.StreamActive && !s.Deleted, PushAllowed: s.PushAllowed,
		}
		if out[i].StreamActive && s.Generation == p.Generation {
			m.leases[p.Room] = m.now().Add(m.lease)
		}
	}
	return out, nil
}

// Lapsed implements Leases.
func (m *Memory) Lapsed(ctx context.Context, limit int) (out []Held, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for room, until := range m.leases {
		if !m.now().Before(until) && len(out) < limit {
			out = append(out, Held{room, m.states[room].Generation})
		}
	}
	return out, m.away(ctx)
}

// Take implements Claims.
func (m *Memory) Take(ctx context.Context, name string, life time.Duration) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.away(ctx); err != nil {
		return 0, err
	}
	if c, taken := m.claims[name]; taken && m.now().Before(c.until) {
		return 0, nil
	}
	m.fence++
	m.claims[name] = memoryClaim{m.fence, m.now().Add(life)}
	return m.fence, nil
}

// Renew implements Claims.
func (m *Memory) Renew(ctx context.Context, name string, fence uint64, life time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.away(ctx); err != nil {
		return err
	}
	if !m.holds(name, fence) {
		return ErrFenced
	}
	m.claims[name] = memoryClaim{fence, m.now().Add(life)}
	return nil
}

// holds says whether a claim is held. m.mu is held.
func (m *Memory) holds(name string, fence uint64) bool {
	c := m.claims[name]
	return c.fence == fence && m.now().Before(c.until)
}

// Leave implements Claims.
func (m *Memory) Leave(ctx context.Context, name string, fence uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.away(ctx); err != nil {
		return err
	}
	if m.holds(name, fence) {
		delete(m.claims, name)
	}
	return nil
}

// AckAs implements Claims.
func (m *Memory) AckAs(ctx context.Context, room string, version, fence uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.away(ctx); err != nil {
		return err
	}
	if !m.holds(OutboxClaim(room), fence) {
		return ErrFenced
	}
	m.ack(room, version)
	return nil
}

// memoryNews is one who follows.
type memoryNews struct {
	wake    chan struct{}   // capacity 1
	changed map[string]bool // rooms, and whether it is their state; Memory.mu guards it
	made    map[string]bool // rooms whose settings changed
	lost    bool            // the store was put back
}

func (n *memoryNews) signal() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// changed notes a change for those who follow. m.mu is held.
func (m *Memory) changed(room string, state bool) {
	for n := range m.news {
		if state {
			n.changed[room] = true
		} else {
			n.made[room] = true
		}
		n.signal()
	}
}

// RoomChanged tells those who follow that a room's settings are others, or that it was made or removed.
func (m *Memory) RoomChanged(room string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changed(room, false)
}

// Follow implements News.
func (m *Memory) Follow(ctx context.Context, f Follower) error {
	n := &memoryNews{wake: make(chan struct{}, 1), changed: map[string]bool{}, made: map[string]bool{}}
	m.mu.Lock()
	m.news[n] = true
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.news, n)
	}()
	n.signal()
	for fresh := false; ; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-n.wake:
		}
		states, made, away := m.takeNews(n)
		if away && fresh {
			f.Fresh(false)
		}
		if m.takeLost(n) {
			f.Reset(true)
		}
		for room, s := range states {
			f.Changed(room, s, made[room])
		}
		if !away && !fresh {
			f.Fresh(true)
		}
		fresh = !away
	}
}

// takeNews takes what there is to tell, unless the store is away.
func (m *Memory) takeNews(n *memoryNews) (states map[string]*State, made map[string]bool, away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return nil, nil, true
	}
	states, made = map[string]*State{}, maps.Clone(n.made)
	for room := range n.made {
		states[room] = nil
	}
	for room := range n.changed {
		s := m.states[room]
		states[room] = &s
	}
	clear(n.made)
	clear(n.changed)
	return states, made, false
}

func (m *Memory) takeLost(n *memoryNews) (lost bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	lost, n.lost = n.lost && m.fail == nil, n.lost && m.fail != nil
	return lost
}

// Snapshot remembers what is stored. The function it returns puts that back: a store that lost what came after.
func (m *Memory) Snapshot() (putBack func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	states, leases, log, head := maps.Clone(m.states), maps.Clone(m.leases), slices.Clone(m.log), m.head
	outbox := make(map[string][]Entry, len(m.outbox))
	for room, entries := range m.outbox {
		outbox[room] = slices.Clone(entries)
	}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.states, m.leases, m.outbox, m.log, m.head = states, leases, outbox, log, head
		for n := range m.news {
			n.lost = true
			n.signal()
		}
	}
}
