package redisstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"liveroom/chat"
	"liveroom/live/pull"
)

// Pulls is Redis as pull.Store and pull.Board. Its keys:
//
//	{lr}:pulls:all     hash: room/id → pull.Task (JSON), with the whole address
//	{lr}:pulls:states  string: pull.State by id (JSON), of the node that pulls, for pull.BoardAge
type Pulls struct {
	shelf[pull.Task]
	all, states string
}

var (
	_ pull.Store = (*Pulls)(nil)
	_ pull.Board = (*Pulls)(nil)
)

// NewsPulls is the kind of news that pulls have changed.
const NewsPulls = "pulls"

// Pulls is the pulls' view of Redis.
func (s *Store) Pulls() *Pulls {
	return &Pulls{shelf[pull.Task]{s, NewsPulls, pull.ErrUnknown}, s.key("lr", "pulls", "all"), s.key("lr", "pulls", "states")}
}

// Now implements pull.Store.
func (w *Pulls) Now(ctx context.Context) (time.Time, error) { return w.s.Now(ctx) }

func pullField(room, id string) string { return room + "/" + id }

// Tasks implements pull.Store.
func (w *Pulls) Tasks(ctx context.Context, room string) ([]pull.Task, error) {
	all, err := everything[pull.Task](ctx, w.s, w.all)
	if room != "" {
		all = slices.DeleteFunc(all, func(t pull.Task) bool { return t.Room != room })
	}
	slices.SortFunc(all, func(a, b pull.Task) int { return strings.Compare(a.ID, b.ID) })
	return all, err
}

// AddTask implements pull.Store. Two that come at the same time may make one too many.
func (w *Pulls) AddTask(ctx context.Context, t pull.Task) error {
	return w.add(ctx, w.all, pullField(t.Room, t.ID), t, func(ctx context.Context) error {
		all, err := w.Tasks(ctx, "")
		if err == nil && pull.Full(all, t.Room) {
			err = pull.ErrTooMany
		}
		return err
	})
}

// ChangeTask implements pull.Store.
func (w *Pulls) ChangeTask(ctx context.Context, room, id string, f func(*pull.Task) error) (pull.Task, error) {
	return w.change(ctx, w.all, pullField(room, id), f)
}

// RemoveTask implements pull.Store.
func (w *Pulls) RemoveTask(ctx context.Context, room, id string) error {
	return w.remove(ctx, w.all, pullField(room, id))
}

// RemoveTasks implements pull.Store.
func (w *Pulls) RemoveTasks(ctx context.Context, room string) error {
	return w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		all, err := w.Tasks(ctx, room)
		if err != nil || len(all) == 0 {
			return err
		}
		d.news(NewsPulls)
		var gone []any
		for _, t := range all {
			gone = append(gone, pullField(room, t.ID))
		}
		d.do("HDEL", w.all, gone...)
		return nil
	})
}

// Post implements pull.Board.
func (w *Pulls) Post(ctx context.Context, states map[string]pull.State) error {
	return w.s.post(ctx, w.states, states, pull.BoardAge)
}

// Read implements pull.Board.
func (w *Pulls) Read(ctx context.Context) (map[string]pull.State, error) {
	return posted[pull.State](ctx, w.s, w.states)
}
