package chat

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"strconv"
	"unicode/utf8"
)

// Limits of counters (spec im-rest §3.18).
const (
	maxCounters   = 20
	maxCounterKey = 128 // bytes
)

// maxSafe is the largest number that JavaScript, and whoever else counts in float64, knows from its neighbours.
const maxSafe = 1<<53 - 1

// Number is the value of a counter. In JSON it is a number, and beyond ±(2^53−1) a string of its decimal digits, since
// many clients would lose the last of them; both forms are read.
type Number int64

// MarshalJSON writes the form that loses nothing.
func (n Number) MarshalJSON() ([]byte, error) {
	digits := strconv.AppendInt(nil, int64(n), 10)
	if n < -maxSafe || n > maxSafe {
		digits = append(append([]byte{'"'}, digits...), '"')
	}
	return digits, nil
}

// UnmarshalJSON reads a whole number of 64 bits in either form.
func (n *Number) UnmarshalJSON(raw []byte) error {
	text := string(raw)
	if inner, err := strconv.Unquote(text); err == nil {
		text = inner
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return &json.UnmarshalTypeError{Value: "value that is no whole number of 64 bits", Type: reflect.TypeFor[int64]()}
	}
	*n = Number(v)
	return nil
}

// Counters are the counters of a group, or some of them, with the version of the last change. The map is shared and must
// not be changed.
type Counters struct {
	Version uint64            `json:"version"`
	All     map[string]Number `json:"all"`
}

// CounterOp says what a CounterChange does.
type CounterOp uint8

// The counter operations.
const (
	SetCounter     CounterOp = iota + 1 // the last writer wins
	AddCounter                          // a counter that does not exist begins at 0
	ReplaceCounter                      // sets these, and there are no others then
	DeleteCounter                       // one that does not exist is none the less gone
	RaiseCounter                        // the greater of what is and what is given
)

// CounterChange is one write, all or nothing.
type CounterChange struct {
	Op     CounterOp
	Values map[string]Number // to set, to add (below zero takes away), or to replace all by
	Keys   []string          // to delete; empty: all
	Server bool              // it is of the server, and of its own counters; any other may not name them
}

// CounterDone tells how a change ended: the counters it named as it left them and the version then, or why it was refused.
type CounterDone struct {
	Counters
	Refused *Error
}

// CounterStore keeps the counters of groups, durable before they are answered (class A).
type CounterStore interface {
	// PutCounters makes changes one after the other in one step, so that a storm of them costs one write. Each is done
	// whole or refused by itself, and answered in its place. It returns all counters after the last change. What changes
	// nothing makes no new version.
	PutCounters(ctx context.Context, group string, changes []CounterChange) (Counters, []CounterDone, error)
}

// CountersAfter is what CounterStore.PutCounters answers. The ledger stays as it is until SetCounters, so that a store need
// not keep it from others while it writes; only one such change of a group may be under way.
//
// A store writes also what changed nothing: after a write that failed, its file may hold what was refused.
func (l *Ledger) CountersAfter(changes []CounterChange) (Counters, []CounterDone) {
	next := Counters{l.counters.Version, maps.Clone(l.counters.All)}
	if next.All == nil {
		next.All = make(map[string]Number)
	}
	done := make([]CounterDone, len(changes))
	for i, c := range changes {
		done[i] = next.change(c)
	}
	return next, done
}

// SetCounters puts in force what CountersAfter answered, once it is durable.
func (l *Ledger) SetCounters(next Counters) { l.counters = next }

// change makes a change in place, or none of it.
func (n *Counters) change(c CounterChange) CounterDone {
	set, err := c.outcome(n.All)
	if err != nil {
		return CounterDone{Refused: err}
	}
	before := maps.Clone(n.All)
	if c.Op == ReplaceCounter || c.Op == DeleteCounter && len(c.Keys) == 0 {
		maps.DeleteFunc(n.All, func(key string, _ Number) bool { return !serverCounters[key] })
	}
	for _, key := range c.Keys {
		delete(n.All, key)
	}
	maps.Copy(n.All, set)
	if !maps.Equal(before, n.All) {
		n.Version++
	}
	return CounterDone{Counters: Counters{n.Version, set}}
}

// outcome is what the counters that a change sets will be, or why all of it is refused.
func (c CounterChange) outcome(all map[string]Number) (map[string]Number, *Error) {
	if !c.Server {
		if err := c.countersOfServer(); err != nil {
			return nil, err
		}
	}
	switch {
	case c.Op < SetCounter || c.Op > RaiseCounter || c.Op != DeleteCounter && len(c.Keys) > 0:
		return nil, ErrParameter.with("op", "unknown counter operation %d", c.Op)
	case c.Op == DeleteCounter:
		return nil, nil
	}
	if c.Op == ReplaceCounter {
		all = nil
	}
	set, fresh, others := make(map[string]Number, len(c.Values)), 0, 0
	for key := range all {
		if !serverCounters[key] {
			others++
		}
	}
	for key, value := range c.Values {
		if key == "" || len(key) > maxCounterKey || !utf8.ValidString(key) {
			return nil, ErrParameter.with("counters", "a key is 1 to %d bytes of UTF-8", maxCounterKey)
		}
		was, there := all[key]
		if !there && !serverCounters[key] {
			fresh++
		}
		switch {
		case c.Op == RaiseCounter && there:
			value = max(value, was)
		case c.Op == AddCounter:
			if value > 0 && was > math.MaxInt64-value || value < 0 && was < math.MinInt64-value {
				return nil, ErrParameter.with("counters", "%q would leave the range of 64 bits", clip(key))
			}
			value += was
		}
		set[key] = value
	}
	if fresh > 0 && others+fresh > maxCounters {
		return nil, ErrCounterCount
	}
	return set, nil
}

// PutCounters implements CounterStore.
func (s *Memory) PutCounters(_ context.Context, group string, changes []CounterChange) (now Counters, done []CounterDone, err error) {
	err = s.with(group, func(l *Ledger) error {
		now, done = l.CountersAfter(changes)
		l.SetCounters(now)
		return nil
	})
	return now, done, err
}

// SetCounters sets counters, all of them or none, and answers them with the version then.
func (s *Service) SetCounters(ctx context.Context, group string, by Identity, values map[string]Number) (Counters, error) {
	return s.writeCounters(ctx, group, by, CounterChange{Op: SetCounter, Values: values})
}

// AddCounters adds to counters, all of them or none, and answers their new values. A sum beyond 64 bits is refused.
func (s *Service) AddCounters(ctx context.Context, group string, by Identity, values map[string]Number) (Counters, error) {
	return s.writeCounters(ctx, group, by, CounterChange{Op: AddCounter, Values: values})
}

// ReplaceCounters replaces all counters, and answers them with the version then.
func (s *Service) ReplaceCounters(ctx context.Context, group string, by Identity, values map[string]Number) (Counters, error) {
	return s.writeCounters(ctx, group, by, CounterChange{Op: ReplaceCounter, Values: values})
}

// DeleteCounters deletes counters; without keys all.
func (s *Service) DeleteCounters(ctx context.Context, group string, by Identity, keys []string) error {
	_, err := s.writeCounters(ctx, group, by, CounterChange{Op: DeleteCounter, Keys: keys})
	return err
}

// Counters returns the counters with the given keys, or all, as they were stored last: what an answer to a write told is
// among it. The map may be shared: it must not be changed.
func (s *Service) Counters(ctx context.Context, group string, keys []string) (found Counters, err error) {
	err = s.with(ctx, group, func(r *room) error { found = r.tally.now; return nil })
	found.All = only(found.All, keys)
	return found, err
}
