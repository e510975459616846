package export

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

// Memory is a Store that forgets at exit, for tests.
type Memory struct {
	mu  sync.Mutex
	all map[string]map[string]Job // by recording, then id
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{all: map[string]map[string]Job{}} }

// InOrder sorts jobs as Store has them.
func InOrder(jobs []Job) []Job {
	slices.SortFunc(jobs, func(a, b Job) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Recording, b.Recording), cmp.Compare(a.ID, b.ID))
	})
	return jobs
}

// Add implements Store.
func (m *Memory) Add(_ context.Context, j Job) (Job, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old, ok := m.all[j.Recording][j.ID]; ok {
		return old.Clone(), false, nil
	}
	if len(m.all[j.Recording]) >= MaxJobs {
		return Job{}, false, ErrTooMany
	}
	if m.all[j.Recording] == nil {
		m.all[j.Recording] = map[string]Job{}
	}
	m.all[j.Recording][j.ID] = j.Clone()
	return j, true, nil
}

// change takes a step of a job.
func (m *Memory) change(recording, id string, step Step) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, found := m.all[recording][id]
	next, keep, err := step(old, found)
	switch {
	case err != nil:
		return err
	case keep:
		m.all[recording][id] = next.Clone()
	default:
		delete(m.all[recording], id)
	}
	return nil
}

// Put implements Store.
func (m *Memory) Put(_ context.Context, j Job) error {
	return m.change(j.Recording, j.ID, StepPut(j))
}

// Delete implements Store.
func (m *Memory) Delete(_ context.Context, recording, id string) error {
	return m.change(recording, id, StepDelete)
}

// Deleted implements Store.
func (m *Memory) Deleted(_ context.Context, recording, id string, keep bool) error {
	return m.change(recording, id, StepDeleted(keep))
}

// Jobs implements Store.
func (m *Memory) Jobs(_ context.Context, recording string) (out []Job, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, j := range m.all[recording] {
		out = append(out, j.Clone())
	}
	return InOrder(out), nil
}

// Open implements Store.
func (m *Memory) Open(_ context.Context, limit int) (out []Job, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, of := range m.all {
		for _, j := range of {
			if j.Open() {
				out = append(out, j.Clone())
			}
		}
	}
	out = InOrder(out)
	return out[:min(limit, len(out))], nil
}

// Forget implements Store.
func (m *Memory) Forget(_ context.Context, recording string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, recording)
	return nil
}
