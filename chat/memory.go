package chat

import (
	"context"
	"sync"
	"time"
)

// Memory is a Store that forgets at exit, for tests and for domain time under synctest. Several nodes share one by Memory.Node.
type Memory struct {
	mu     sync.Mutex // guards all, and every ledger
	groups map[string]*Ledger

	numbers  map[string]uint64 // of groups: see NumberedGroup
	made     uint64
	silences map[string]Silence // by user

	feed feeding // of the nodes, if there are any
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{groups: make(map[string]*Ledger), numbers: make(map[string]uint64), silences: make(map[string]Silence)}
}

// CreateGroup implements Store.
func (s *Memory) CreateGroup(_ context.Context, g Group) (Group, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l, ok := s.groups[g.ID]; ok {
		return l.Head().Group, false, nil
	}
	l := NewLedger(g, time.Now())
	s.groups[g.ID] = l
	s.made++
	s.numbers[g.ID] = s.made
	return l.Head().Group, true, nil
}

// LoadGroup implements Store.
func (s *Memory) LoadGroup(_ context.Context, group string) (state GroupState, err error) {
	err = s.with(group, func(l *Ledger) error { state = l.State(); return nil })
	return state, err
}

// DeleteGroup implements Store.
func (s *Memory) DeleteGroup(_ context.Context, group string) error {
	return s.with(group, func(*Ledger) error {
		delete(s.groups, group)
		delete(s.numbers, group)
		return nil
	})
}

// Reserve implements Store.
func (s *Memory) Reserve(_ context.Context, group string, key Key) (r Reservation, err error) {
	err = s.with(group, func(l *Ledger) error { r = l.Reserve(time.Now(), key); return nil })
	return r, err
}

// Release implements Store.
func (s *Memory) Release(_ context.Context, group string, keys ...Key) error {
	return s.with(group, func(l *Ledger) error { l.Release(keys...); return nil })
}

// Flush implements Store.
func (s *Memory) Flush(_ context.Context, group string, f Flush) (acks []Ack, err error) {
	err = s.with(group, func(l *Ledger) error {
		now := time.Now()
		acks = l.Flush(now, f)
		l.Trim(now, f.Keep)
		return nil
	})
	return acks, err
}

// ApplyStatus implements Store.
func (s *Memory) ApplyStatus(_ context.Context, c StatusChange, m *Message, keep Retention) (done StatusApplied, err error) {
	err = s.with(c.Group, func(l *Ledger) (err error) {
		now := time.Now()
		done, err = l.ApplyStatus(now, c, m, nil)
		l.Trim(now, keep)
		return err
	})
	return done, err
}

// PutAttributes implements Store.
func (s *Memory) PutAttributes(_ context.Context, group string, c AttributeChange) (v Values, err error) {
	err = s.with(group, func(l *Ledger) (err error) { v, err = l.PutAttributes(time.Now(), c, nil); return err })
	return v, err
}

// PutFields implements Store.
func (s *Memory) PutFields(_ context.Context, group string, fields map[string]string) (v Values, err error) {
	err = s.with(group, func(l *Ledger) (err error) { v, err = l.PutFields(time.Now(), fields, nil); return err })
	return v, err
}

// PutNotice implements Store.
func (s *Memory) PutNotice(_ context.Context, group, notice string) (version uint64, err error) {
	err = s.with(group, func(l *Ledger) (err error) { version, err = l.PutNotice(time.Now(), notice, nil); return err })
	return version, err
}

// PutProfile implements Store.
func (s *Memory) PutProfile(_ context.Context, group string, p Profile) (version uint64, err error) {
	err = s.with(group, func(l *Ledger) (err error) { version, err = l.PutProfile(time.Now(), p, nil); return err })
	return version, err
}

// PutSanctions implements Store.
func (s *Memory) PutSanctions(_ context.Context, group string, c SanctionChange) (done []Sanction, err error) {
	err = s.with(group, func(l *Ledger) (err error) { done, err = l.PutSanctions(time.Now(), c, nil); return err })
	return done, err
}

// Log implements Store.
func (s *Memory) Log(_ context.Context, group string, after uint64, limit int) (m []*Message, whole bool, err error) {
	err = s.with(group, func(l *Ledger) error { m, whole = l.Log(after, limit); return nil })
	return m, whole, err
}

func (s *Memory) with(group string, f func(*Ledger) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.groups[group]
	if !ok {
		return ErrNoGroup
	}
	return f(l)
}
