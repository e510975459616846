package status

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Restore is what a node does with what it knows of a room once the store has lost changes: a fail-over to a server that
// did not have the newest yet, or a restart that forgot them (docs/redis.md). Those who were told of a record must never
// see an older one, or another of its version. So the room goes on in a new epoch, which is greater than all it had: with
// the state that is known here where the store has an older one, else with what the store has. A room that the store does
// not know at all stays unknown.
func (m *Machine) Restore(ctx context.Context, known State) error {
	for try := range m.attempts {
		err := m.restore(ctx, known)
		if err == nil || errors.Is(err, ErrUnknownRoom) {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return fmt.Errorf("restore status of room %s: %w", known.Record.Room, err)
		}
		if err := backOff(ctx, try); err != nil {
			return fmt.Errorf("restore status of room %s: %w", known.Record.Room, err)
		}
	}
	return fmt.Errorf("restore status of room %s: %w %d times", known.Record.Room, ErrConflict, m.attempts)
}

func (m *Machine) restore(ctx context.Context, known State) error {
	stored, err := m.store.Load(ctx, known.Record.Room)
	if err != nil {
		return err
	}
	now, err := m.store.Now(ctx)
	if err != nil {
		return err
	}
	next, differs := restored(known, stored, now)
	if !differs {
		return nil
	}
	if err := m.store.Swap(ctx, stored.Revision, next); err != nil {
		return err
	}
	m.Committed(next)
	return nil
}

// restored is what a room's state becomes where stored may have lost what led to known. It is pure.
func restored(known, stored State, now time.Time) (next State, differs bool) {
	switch {
	case stored.Record.Epoch > known.Record.Epoch:
		return stored, false // another node was faster, or the room was made anew
	case stored.Revision < known.Revision:
		next = known
	case stored.Revision == known.Revision && sameState(stored, known):
		return stored, false
	default: // it went on without what was lost; or with it, which nobody can tell
		next = stored
	}
	next.Record.Epoch = NewULID(now)
	if next.Record.Epoch <= max(known.Record.Epoch, stored.Record.Epoch) { // a clock was set back
		next.Record.Epoch = NewULID(ulidTime(max(known.Record.Epoch, stored.Record.Epoch)).Add(time.Millisecond))
	}
	next.Record.Version = max(known.Record.Version, stored.Record.Version) + 1
	next.Revision = max(known.Revision, stored.Revision) + 1
	next.Generation = max(known.Generation, stored.Generation)
	return next, true
}
