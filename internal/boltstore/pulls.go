package boltstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"liveroom/live/pull"
)

// Pulls is the file as pull.Store. Everything is class A. There are pull.MaxAll at most.
type Pulls struct{ tasks byRoom[pull.Task] }

var _ pull.Store = (*Pulls)(nil)

// Pulls is the pulls' view of the file.
func (s *Store) Pulls() *Pulls {
	return &Pulls{byRoom[pull.Task]{s, []byte("pulls"), pull.ErrUnknown}}
}

// Now implements pull.Store.
func (w *Pulls) Now(context.Context) (time.Time, error) { return time.Now().UTC(), nil }

// Tasks implements pull.Store.
func (w *Pulls) Tasks(ctx context.Context, room string) ([]pull.Task, error) {
	all, err := w.tasks.all(ctx, room)
	slices.SortFunc(all, func(a, b pull.Task) int { return strings.Compare(a.ID, b.ID) })
	return all, err
}

// AddTask implements pull.Store.
func (w *Pulls) AddTask(ctx context.Context, t pull.Task) error {
	const ofAllRooms = ""
	return w.tasks.add(ctx, t.Room, t.ID, t, ofAllRooms, func(all []pull.Task) error {
		if pull.Full(all, t.Room) {
			return pull.ErrTooMany
		}
		return nil
	})
}

// ChangeTask implements pull.Store.
func (w *Pulls) ChangeTask(ctx context.Context, room, id string, f func(*pull.Task) error) (pull.Task, error) {
	return w.tasks.change(ctx, room, id, f)
}

// RemoveTask implements pull.Store.
func (w *Pulls) RemoveTask(ctx context.Context, room, id string) error {
	return w.tasks.remove(ctx, room, id)
}

// RemoveTasks implements pull.Store.
func (w *Pulls) RemoveTasks(ctx context.Context, room string) error {
	return w.tasks.removeAll(ctx, room)
}
