package draw

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Memory is a Store that forgets at exit, for tests and trials.
type Memory struct {
	mu     sync.Mutex
	groups map[string]*memoryGroup
}

type memoryGroup struct {
	head  Head
	draws map[string]*memoryDraw
	out   []Out
}

type memoryDraw struct {
	Draw
	entries []Entry
	in      map[string]bool
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory() *Memory { return &Memory{groups: map[string]*memoryGroup{}} }

// Now implements Store.
func (m *Memory) Now(context.Context) (time.Time, error) { return time.Now(), nil }

// Start implements Store.
func (m *Memory) Start(_ context.Context, d Draw) (Draw, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.groups[d.Group]
	if g == nil {
		g = &memoryGroup{draws: map[string]*memoryDraw{}}
		m.groups[d.Group] = g
	}
	if there := g.draws[d.ID]; there != nil {
		return there.copy(), false, nil
	}
	head, stored, out, err := g.head.Start(d)
	if err != nil {
		return Draw{}, false, err
	}
	g.head, g.out = head, append(g.out, out)
	g.draws[d.ID] = &memoryDraw{Draw: stored, in: map[string]bool{}}
	oldest := head.Oldest()
	maps.DeleteFunc(g.draws, func(_ string, old *memoryDraw) bool { return old.Number <= oldest })
	return g.draws[d.ID].copy(), true, nil
}

// Enter implements Store.
func (m *Memory) Enter(_ context.Context, group, id string, from uint64, more More) (Draw, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, d, err := m.find(group, id)
	if err != nil {
		return Draw{}, err
	}
	next, added, ok := d.Enter(from, more, func(user string) bool { return d.in[user] })
	if ok {
		d.Draw = next
		for _, e := range added {
			d.in[e.User] = true
			d.entries = append(d.entries, e)
		}
	}
	return d.copy(), nil
}

// Move implements Store.
func (m *Memory) Move(_ context.Context, group, id string, endsAt time.Time) (Draw, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, d, err := m.find(group, id)
	if err != nil {
		return Draw{}, err
	}
	if d.Draw, err = d.Move(endsAt); err != nil {
		return Draw{}, err
	}
	return d.copy(), nil
}

// Close implements Store.
func (m *Memory) Close(_ context.Context, group, id string, c Closing) (Draw, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, d, err := m.find(group, id)
	if err != nil {
		return Draw{}, err
	}
	if head, closed, out, ok := g.head.Close(d.Draw, c); ok {
		g.head, g.out, d.Draw = head, append(g.out, out), closed
		d.Drawn = slices.Clone(c.Drawn)
	}
	return d.copy(), nil
}

// Draw implements Store.
func (m *Memory) Draw(_ context.Context, group, id string) (Draw, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, d, err := m.find(group, id)
	if err != nil {
		return Draw{}, err
	}
	return d.copy(), nil
}

// Draws implements Store.
func (m *Memory) Draws(_ context.Context, group string, before uint64, limit int) ([]Draw, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := []Draw{}
	if g := m.groups[group]; g != nil {
		for _, d := range g.draws {
			if before == 0 || d.Number < before {
				all = append(all, d.Listed())
			}
		}
	}
	slices.SortFunc(all, func(a, b Draw) int { return cmp.Compare(b.Number, a.Number) })
	return all[:min(limit, len(all))], nil
}

// Entries implements Store.
func (m *Memory) Entries(_ context.Context, group, id string, after, limit int) ([]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, d, err := m.find(group, id)
	if err != nil {
		return nil, err
	}
	rest := d.entries[min(after, len(d.entries)):]
	return slices.Clone(rest[:min(limit, len(rest))]), nil
}

// Won implements Store.
func (m *Memory) Won(_ context.Context, group string, users []string) (map[string]bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	won := map[string]bool{}
	if g := m.groups[group]; g != nil {
		for _, d := range g.draws {
			for _, w := range d.Drawn {
				if slices.Contains(users, w.User) {
					won[w.User] = true
				}
			}
		}
	}
	return won, nil
}

// Sweep implements Store.
func (m *Memory) Sweep(_ context.Context, before time.Time, limit int) (n int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var old []*memoryDraw
	for _, g := range m.groups {
		for _, d := range g.draws {
			if d.State != Open && d.ClosedAt.Before(before) {
				old = append(old, d)
			}
		}
	}
	slices.SortFunc(old, func(a, b *memoryDraw) int { return a.ClosedAt.Compare(b.ClosedAt) })
	for _, d := range old[:min(limit, len(old))] {
		g := m.groups[d.Group]
		if delete(g.draws, d.ID); len(g.draws) == 0 && len(g.out) == 0 {
			delete(m.groups, d.Group)
		}
		n++
	}
	return n, nil
}

// Busy implements Store.
func (m *Memory) Busy(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var busy []string
	for group, g := range m.groups {
		if g.head.Open != "" || len(g.out) > 0 {
			busy = append(busy, group)
		}
	}
	slices.Sort(busy)
	return busy, nil
}

// Work implements Store.
func (m *Memory) Work(_ context.Context, group string, limit int) (*Draw, []Out, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.groups[group]
	if g == nil {
		return nil, nil, nil
	}
	out := slices.Clone(g.out[:min(limit, len(g.out))])
	if g.head.Open == "" {
		return nil, out, nil
	}
	d := g.draws[g.head.Open].copy()
	return &d, out, nil
}

// Ack implements Store.
func (m *Memory) Ack(_ context.Context, group string, upTo uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if g := m.groups[group]; g != nil {
		g.out = slices.DeleteFunc(g.out, func(o Out) bool { return o.Number <= upTo })
	}
	return nil
}

func (m *Memory) find(group, id string) (*memoryGroup, *memoryDraw, error) {
	g := m.groups[group]
	if g == nil || g.draws[id] == nil {
		return nil, nil, ErrNoDraw
	}
	return g, g.draws[id], nil
}

func (d *memoryDraw) copy() Draw {
	c := d.Draw
	c.Drawn = slices.Clone(c.Drawn)
	return c
}
