package chat

import (
	"context"
	"slices"
	"time"
)

// CreateGroup implements Store.
func (n *MemoryNode) CreateGroup(ctx context.Context, g Group) (now Group, fresh bool, err error) {
	if err := n.ask(); err != nil {
		return Group{}, false, err
	}
	return n.m.CreateGroup(ctx, g)
}

// LoadGroup implements Store.
func (n *MemoryNode) LoadGroup(ctx context.Context, group string) (GroupState, error) {
	if err := n.ask(); err != nil {
		return GroupState{}, err
	}
	return n.m.LoadGroup(ctx, group)
}

// DeleteGroup implements Store.
func (n *MemoryNode) DeleteGroup(ctx context.Context, group string) error {
	_, err := operate(ctx, n, group, func(*Ledger) (struct{}, Delta, error) {
		delete(n.m.groups, group)
		delete(n.m.numbers, group)
		return struct{}{}, Delta{Dismissed: true}, nil
	})
	return err
}

// Reserve implements Store.
func (n *MemoryNode) Reserve(ctx context.Context, group string, key Key) (Reservation, error) {
	return operate(ctx, n, group, func(l *Ledger) (Reservation, Delta, error) { return l.Reserve(time.Now(), key), Delta{}, nil })
}

// Release implements Store.
func (n *MemoryNode) Release(ctx context.Context, group string, keys ...Key) error {
	_, err := operate(ctx, n, group, func(l *Ledger) (struct{}, Delta, error) {
		l.Release(keys...)
		return struct{}{}, Delta{}, nil
	})
	return err
}

// Flush implements Store.
func (n *MemoryNode) Flush(ctx context.Context, group string, f Flush) ([]Ack, error) {
	before, after := n.breaking()
	if before {
		return nil, errLost
	}
	acks, err := n.flush(ctx, group, f)
	if after {
		n.Fail(errLost)
		return nil, errLost
	}
	return acks, err
}

// breaking says whether the connection breaks before or after the flush that begins.
func (n *MemoryNode) breaking() (before, after bool) {
	n.m.mu.Lock()
	defer n.m.mu.Unlock()
	if !n.breaks {
		return false, false
	}
	n.breaks = false
	if n.deaf = n.breaksAfter; !n.breaksAfter {
		n.fail = errLost
	}
	return !n.breaksAfter, n.breaksAfter
}

func (n *MemoryNode) flush(ctx context.Context, group string, f Flush) ([]Ack, error) {
	return operate(ctx, n, group, func(l *Ledger) (acks []Ack, d Delta, err error) {
		now := time.Now()
		acks = l.Flush(now, f)
		for i, c := range f.Candidates {
			if a := acks[i]; a.Refused == nil && !a.Dropped && !a.Before && !c.Unheard {
				d.Messages = append(d.Messages, c.Message)
			}
		}
		l.Trim(now, f.Keep)
		return acks, d, nil
	})
}

// ApplyStatus implements Store.
func (n *MemoryNode) ApplyStatus(ctx context.Context, c StatusChange, m *Message, keep Retention) (StatusApplied, error) {
	return operate(ctx, n, c.Group, func(l *Ledger) (StatusApplied, Delta, error) {
		now := time.Now()
		done, err := l.ApplyStatus(now, c, m, nil)
		if err != nil || !done.Fresh {
			return done, Delta{}, err
		}
		l.Trim(now, keep)
		return done, Delta{Messages: []*Message{m}, Status: &StatusMark{c.Epoch, c.Version}, Attributes: &done.Attributes, Fields: &done.Fields}, nil
	})
}

// PutAttributes implements Store.
func (n *MemoryNode) PutAttributes(ctx context.Context, group string, c AttributeChange) (Values, error) {
	return operate(ctx, n, group, func(l *Ledger) (Values, Delta, error) {
		v, err := l.PutAttributes(time.Now(), c, nil)
		return v, Delta{Attributes: &v}, err
	})
}

// PutFields implements Store.
func (n *MemoryNode) PutFields(ctx context.Context, group string, fields map[string]string) (Values, error) {
	return operate(ctx, n, group, func(l *Ledger) (Values, Delta, error) {
		v, err := l.PutFields(time.Now(), fields, nil)
		return v, Delta{Fields: &v}, err
	})
}

// PutNotice implements Store.
func (n *MemoryNode) PutNotice(ctx context.Context, group, notice string) (uint64, error) {
	return operate(ctx, n, group, func(l *Ledger) (uint64, Delta, error) {
		was := l.head.NoticeVersion
		version, err := l.PutNotice(time.Now(), notice, nil)
		if err != nil || version == was {
			return version, Delta{}, err
		}
		return version, Delta{Notice: &VersionedNotice{notice, version}}, nil
	})
}

// PutProfile implements Store.
func (n *MemoryNode) PutProfile(ctx context.Context, group string, p Profile) (uint64, error) {
	return operate(ctx, n, group, func(l *Ledger) (uint64, Delta, error) {
		was := l.head.ProfileVersion
		if err := Outdated(ctx, was); err != nil {
			return 0, Delta{}, err
		}
		version, err := l.PutProfile(time.Now(), p, nil)
		if err != nil || version == was {
			return version, Delta{}, err
		}
		return version, Delta{Profile: &VersionedProfile{p.Name, p.Owner, p.Admins, version}}, nil
	})
}

// PutSettings implements SettingsStore.
func (n *MemoryNode) PutSettings(ctx context.Context, group string, p SettingsPatch) (VersionedSettings, error) {
	return operate(ctx, n, group, func(l *Ledger) (VersionedSettings, Delta, error) {
		was := l.head.SettingsVersion
		v, err := l.PutSettings(time.Now(), p, nil)
		if err != nil || v.Version == was {
			return v, Delta{}, err
		}
		return v, Delta{Settings: &v}, nil
	})
}

// PutCounters implements CounterStore.
func (n *MemoryNode) PutCounters(ctx context.Context, group string, changes []CounterChange) (Counters, []CounterDone, error) {
	type both struct {
		now  Counters
		done []CounterDone
	}
	b, err := operate(ctx, n, group, func(l *Ledger) (b both, d Delta, err error) {
		was := l.counters.Version
		b.now, b.done = l.CountersAfter(changes)
		l.SetCounters(b.now)
		if b.now.Version != was {
			d.Counters = &b.now
		}
		return b, d, nil
	})
	return b.now, b.done, err
}

// Withdraw implements RecallStore.
func (n *MemoryNode) Withdraw(ctx context.Context, group string, w Withdrawal) (Withdrawn, error) {
	return operate(ctx, n, group, func(l *Ledger) (Withdrawn, Delta, error) {
		done, err := l.Withdraw(w, nil)
		if err != nil || !done.Fresh {
			return done, Delta{}, err
		}
		return done, Delta{Withdrawn: &done}, nil
	})
}

// PutSanctions implements SanctionStore.
func (n *MemoryNode) PutSanctions(ctx context.Context, group string, c SanctionChange) ([]Sanction, error) {
	return operate(ctx, n, group, func(l *Ledger) ([]Sanction, Delta, error) {
		done, err := l.PutSanctions(time.Now(), c, nil)
		if err != nil || len(done) == 0 {
			return done, Delta{}, err
		}
		return done, Delta{Sanctions: &SanctionsPut{c, done}}, nil
	})
}

// PutRobots implements RobotStore.
func (n *MemoryNode) PutRobots(ctx context.Context, group string, c RobotChange) ([]Robot, error) {
	return operate(ctx, n, group, func(l *Ledger) ([]Robot, Delta, error) {
		all, err := l.PutRobots(time.Now(), c, nil)
		return all, Delta{Robots: &RobotsPut{slices.Clone(all)}}, err
	})
}

// RobotGroups implements RobotStore.
func (n *MemoryNode) RobotGroups(ctx context.Context) ([]string, error) {
	if err := n.ask(); err != nil {
		return nil, err
	}
	return n.m.RobotGroups(ctx)
}

// PutSilence implements SilenceStore.
func (n *MemoryNode) PutSilence(ctx context.Context, c SilenceChange) (Silence, error) {
	if err := n.ask(); err != nil {
		return Silence{}, err
	}
	return n.m.PutSilence(ctx, c)
}

// Silences implements SilenceStore.
func (n *MemoryNode) Silences(ctx context.Context) ([]Silence, error) {
	if err := n.ask(); err != nil {
		return nil, err
	}
	return n.m.Silences(ctx)
}

// Groups implements GroupListStore.
func (n *MemoryNode) Groups(ctx context.Context, after uint64, limit int) ([]NumberedGroup, int, error) {
	if err := n.ask(); err != nil {
		return nil, 0, err
	}
	return n.m.Groups(ctx, after, limit)
}

// Log implements Store.
func (n *MemoryNode) Log(ctx context.Context, group string, after uint64, limit int) ([]*Message, bool, error) {
	if err := n.ask(); err != nil {
		return nil, false, err
	}
	return n.m.Log(ctx, group, after, limit)
}

// ask says why the store can't be asked.
func (n *MemoryNode) ask() error {
	n.m.mu.Lock()
	defer n.m.mu.Unlock()
	return n.fail
}
