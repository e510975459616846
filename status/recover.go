package status

import (
	"context"
	"errors"
	"fmt"
)

// Recover is what the only node of an installation does at its start, before it admits pushes: no publisher survived the
// process that held it, so each one recorded is stopped with its own generation. Every room that waits for its push,
// since now or since before, waits at least its whole grace from now; another deadline that lapsed while nothing ran is
// moved to now + grace. Doing it twice does no harm.
func Recover(ctx context.Context, machine *Machine, store Store) error {
	now, err := store.Now(ctx)
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	states, err := store.Publishing(ctx)
	if err != nil {
		return fmt.Errorf("recover publishers: %w", err)
	}
	for _, s := range states {
		if _, err := machine.PushStopped(ctx, s.Record.Room, s.Generation, ReasonPushLost); ignoreUnknown(err) != nil {
			return fmt.Errorf("recover publishers: %w", err)
		}
	}
	list, err := store.Deadlines(ctx)
	if err != nil {
		return fmt.Errorf("recover deadlines: %w", err)
	}
	for _, x := range list {
		e := Event{Kind: DeadlineLapsed, Deadline: x.Kind, At: x.At}
		switch {
		case x.Kind == GraceDeadline:
			e = Event{Kind: Restarted, At: now}
		case x.At.After(now):
			continue
		}
		if _, err := machine.Do(ctx, x.Room, e); ignoreUnknown(err) != nil {
			return fmt.Errorf("recover deadlines: %w", err)
		}
	}
	return nil
}

// ignoreUnknown forgives a room that was deleted meanwhile.
func ignoreUnknown(err error) error {
	if errors.Is(err, ErrUnknownRoom) {
		return nil
	}
	return err
}
