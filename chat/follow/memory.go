package follow

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
	mu   sync.Mutex
	last int64                                // Place.At of the newest follow
	ends map[Side]map[string]map[string]int64 // by user, by the user at the other end: Place.At
	gone map[Place]bool                       // users to be forgotten, and up to when
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory() *Memory {
	return &Memory{ends: map[Side]map[string]map[string]int64{Following: {}, Followers: {}}, gone: map[Place]bool{}}
}

// SetFollow implements Store.
func (m *Memory) SetFollow(_ context.Context, c Change) (Done, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	mine := m.ends[Following][c.Follower]
	_, on := mine[c.Followed]
	switch {
	case on == c.On:
	case !c.On:
		delete(mine, c.Followed)
		delete(m.ends[Followers][c.Followed], c.Follower)
	case len(mine) >= c.Limit:
		return Done{}, ErrTooMany
	default:
		m.last = max(m.last+1, time.Now().UnixMicro())
		m.put(Following, c.Follower, c.Followed)
		m.put(Followers, c.Followed, c.Follower)
	}
	return Done{on != c.On, len(m.ends[Followers][c.Followed]), true}, nil
}

func (m *Memory) put(side Side, user, other string) {
	if m.ends[side][user] == nil {
		m.ends[side][user] = map[string]int64{}
	}
	m.ends[side][user][other] = m.last
}

// Follows implements Store.
func (m *Memory) Follows(_ context.Context, follower, followed string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, on := m.ends[Following][follower][followed]
	return on, nil
}

// FollowCounts implements Store.
func (m *Memory) FollowCounts(_ context.Context, user string) (Counts, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Counts{len(m.ends[Following][user]), len(m.ends[Followers][user])}, nil
}

// FollowList implements Store.
func (m *Memory) FollowList(_ context.Context, user string, side Side, after Place, limit int) ([]Place, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Place
	for other, at := range m.ends[side][user] {
		if p := (Place{at, other}); p.Follows(after) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(p, q Place) int {
		if p.Before(q) {
			return -1
		}
		return 1
	})
	return all[:min(limit, len(all))], nil
}

// Forget implements Store.
func (m *Memory) Forget(_ context.Context, users []Place) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range users {
		m.gone[p] = true
	}
	return nil
}

// Forgotten implements Store.
func (m *Memory) Forgotten(_ context.Context, limit int) ([]Place, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.SortedFunc(maps.Keys(m.gone), func(p, q Place) int { return cmp.Or(cmp.Compare(p.At, q.At), cmp.Compare(p.User, q.User)) })
	return all[:min(limit, len(all))], nil
}

// Forgot implements Store.
func (m *Memory) Forgot(_ context.Context, users []Place) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range users {
		delete(m.gone, p)
	}
	return nil
}
