package setting

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync/atomic"
	"time"
)

// tries is how often a change that others were ahead of is made anew.
const tries = 10

// State is the switches at a time, and what is known of them.
type State struct {
	Version    uint64    // grows with each change; 0: there was none
	ChangedAt  time.Time // the last time; zero: never
	ChangedBy  string
	Values     Values   // in force
	Configured Values   // what flag, environment, file and default say
	Changed    []string // the names of those that were changed over it, in the order of Table
}

// Change is a change of some switches, all or nothing.
type Change struct {
	Version *uint64                    // the one it is meant for; nil: any
	Set     map[string]json.RawMessage // by Switch.Name; null: as configured
	By      string                     // account
}

// Step is what a change did to one switch, as JSON.
type Step struct {
	Name     string
	Old, New string
}

// Service has the switches that are in force on this node.
type Service struct {
	configured Values
	store      Store
	log        *slog.Logger

	turn    chan struct{} // has a place for who reads or changes the store and puts in force what is there
	now     atomic.Pointer[State]
	record  Record         // in force; who has the turn looks at it
	watched []func(Values) // likewise
}

// New reads what was changed and has it in force. The error is an *Error if what is configured can't be, or the store's.
func New(ctx context.Context, configured Values, store Store, log *slog.Logger) (*Service, error) {
	if err := configured.Validate(); err != nil {
		return nil, err
	}
	s := &Service{configured: configured, store: store, log: log, turn: make(chan struct{}, 1)}
	s.now.Store(s.state(Record{}))
	if err := s.Reload(ctx); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	return s, nil
}

// Now are the switches in force. It asks nobody and takes no lock.
func (s *Service) Now() *Values { return &s.now.Load().Values }

// State is what is in force and what is known of it.
func (s *Service) State() State { return *s.now.Load() }

// Watch has apply called with what is in force, at once and after each change, one call at a time. It must neither block for
// long nor call the Service's methods but Now and State.
func (s *Service) Watch(apply func(Values)) {
	s.turn <- struct{}{}
	defer s.leave()
	s.watched = append(s.watched, apply)
	apply(*s.Now())
}

// Reload puts in force what is stored, which another node may have changed. What is in force stays if it can't be read.
func (s *Service) Reload(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	record, err := s.store.Settings(ctx)
	if err != nil {
		return err
	}
	s.force(record)
	return nil
}

// Change changes switches and says what it did to each. It is in force here when it returns; what changes nothing makes no
// new version. The error is an *Error, ErrChanged or the store's.
func (s *Service) Change(ctx context.Context, c Change) (State, []Step, error) {
	if err := s.enter(ctx); err != nil {
		return State{}, nil, err
	}
	defer s.leave()
	for range tries {
		record, err := s.store.Settings(ctx)
		if err != nil {
			return State{}, nil, err
		}
		next, steps, err := s.next(record, c)
		if err != nil {
			return State{}, nil, err
		}
		if next.Version != record.Version {
			err = s.store.PutSettings(ctx, next)
		}
		switch {
		case err == nil:
			s.force(next)
			return s.State(), steps, nil
		case err != ErrChanged || c.Version != nil: //nolint:errorlint // stores return it as it is
			return State{}, nil, err
		}
	}
	return State{}, nil, ErrChanged
}

// next is the record that a change makes, the same if it changes nothing.
func (s *Service) next(record Record, c Change) (Record, []Step, error) {
	if c.Version != nil && *c.Version != record.Version {
		return record, nil, ErrChanged
	}
	old, changed := s.state(record), maps.Clone(record.Values)
	if changed == nil {
		changed = map[string]json.RawMessage{}
	}
	for name, raw := range c.Set {
		sw := find(name)
		if sw == nil {
			return record, nil, &Error{Name: shorten(name), Must: "a switch: there is none of this name"}
		}
		if bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
			delete(changed, name)
			continue
		}
		value, err := sw.read(raw)
		if err != nil {
			return record, nil, err
		}
		changed[name] = value
	}
	if maps.EqualFunc(changed, record.Values, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
		return record, nil, nil
	}
	next := Record{Version: record.Version + 1, ChangedAt: time.Now().UTC().Truncate(time.Millisecond), ChangedBy: c.By, Values: changed}
	return next, steps(old, s.state(next), c), nil
}

// steps are what a change did to the switches it names, in the order of Table.
func steps(old, now *State, c Change) (all []Step) {
	for i := range table {
		sw := &table[i]
		if _, named := c.Set[sw.Name]; !named {
			continue
		}
		was, is := sw.write(&old.Values), sw.write(&now.Values)
		if pinned := slices.Contains(old.Changed, sw.Name); !bytes.Equal(was, is) || pinned != slices.Contains(now.Changed, sw.Name) {
			all = append(all, Step{sw.Name, string(was), string(is)})
		}
	}
	return all
}

// state is what a record makes of what is configured. A value that this version of the program can't have, or does not know, is
// left out of it.
func (s *Service) state(record Record) *State {
	st := &State{Version: record.Version, ChangedAt: record.ChangedAt, ChangedBy: record.ChangedBy, Values: s.configured, Configured: s.configured}
	for i := range table {
		sw := &table[i]
		raw, there := record.Values[sw.Name]
		if !there {
			continue
		}
		if err := sw.set(&st.Values, raw); err != nil {
			continue
		}
		st.Changed = append(st.Changed, sw.Name)
	}
	return st
}

// force puts a record in force. The caller has the turn.
func (s *Service) force(record Record) {
	if reflect.DeepEqual(record, s.record) {
		return
	}
	s.record = record
	was, is := s.now.Load(), s.state(record)
	s.now.Store(is)
	for name, raw := range record.Values {
		if sw := find(name); sw == nil || sw.set(new(Values), raw) != nil {
			s.log.Warn("a changed setting means nothing to this version and is left as it is configured", "setting", name)
		}
	}
	if reflect.DeepEqual(was.Values, is.Values) {
		return
	}
	s.log.Info("settings changed", "version", is.Version, "changed", is.Changed)
	for _, apply := range s.watched {
		apply(is.Values)
	}
}

func (s *Service) enter(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Service) leave() { <-s.turn }
