package level

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Memory is a Store that forgets at exit, for tests and trials. It is News too.
type Memory struct {
	mu      sync.Mutex // guards what follows
	records map[string]Record
	untold  map[string]Change
	fences  map[string]Fence
	follows map[*follower]bool
}

// follower is one who follows the news.
type follower struct {
	maker string
	news  chan []Change
}

var (
	_ Store = (*Memory)(nil)
	_ News  = (*Memory)(nil)
)

// NewMemory returns an empty Store.
func NewMemory() *Memory {
	return &Memory{records: map[string]Record{}, untold: map[string]Change{}, fences: map[string]Fence{}, follows: map[*follower]bool{}}
}

// Take implements Store.
func (m *Memory) Take(ctx context.Context, step Step) ([]Change, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if changes, done := m.fences[step.Maker].Done(&step); done {
		return slices.Clone(changes), nil
	}
	all, changes, _ := step.Apply(func(user string) (Record, bool, error) { rec, found := m.records[user]; return rec, found, nil })
	for _, rec := range all {
		m.records[rec.User] = rec
	}
	for _, c := range changes {
		if earlier, untold := m.untold[c.User]; untold {
			c = c.After(earlier)
		}
		m.untold[c.User] = c
	}
	if step.Number > 0 {
		m.fences[step.Maker] = Fence{step.Number, changes}
	}
	m.publish(step.Maker, changes)
	return slices.Clone(changes), nil
}

// publish tells the others. The lock is held: they hear of changes in order.
func (m *Memory) publish(maker string, changes []Change) {
	for f := range m.follows {
		if f.maker == maker || len(changes) == 0 {
			continue
		}
		select {
		case f.news <- changes:
		default: // who does not listen misses them
		}
	}
}

// Records implements Store.
func (m *Memory) Records(ctx context.Context, users []string) (all []Record, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, user := range users {
		if rec, found := m.records[user]; found {
			rec.Known = slices.Clone(rec.Known)
			all = append(all, rec)
		}
	}
	return all, nil
}

// Untold implements Store.
func (m *Memory) Untold(_ context.Context, before time.Time, limit int) (all []Change, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.untold {
		if c.Time.Before(before) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b Change) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.User, b.User)) })
	return all[:min(len(all), limit)], nil
}

// Told implements Store.
func (m *Memory) Told(_ context.Context, changes []Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range changes {
		if m.untold[c.User].Version == c.Version {
			delete(m.untold, c.User)
		}
	}
	return nil
}

// Delete implements Store.
func (m *Memory) Delete(_ context.Context, gone []Gone) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var changes []Change
	for _, g := range gone {
		if rec := m.records[g.User]; g.Takes(&rec) {
			delete(m.records, g.User)
			delete(m.untold, g.User)
			changes = append(changes, Change{User: g.User, Gone: true})
		}
	}
	m.publish("", changes)
	return nil
}

// DeleteGuests implements Store.
func (m *Memory) DeleteGuests(_ context.Context, before time.Time, limit int) (n int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for user, rec := range m.records {
		if n < limit && rec.Guest && rec.Since.Before(before) {
			delete(m.records, user)
			delete(m.untold, user)
			n++
		}
	}
	return n, nil
}

// Follow implements News.
func (m *Memory) Follow(ctx context.Context, maker string, l Listener) error {
	f := &follower{maker, make(chan []Change, 1000)}
	m.mu.Lock()
	m.follows[f] = true
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.follows, f)
	}()
	l.Missed()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case changes := <-f.news:
			l.Changed(changes)
		}
	}
}
