package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/live/pull"
)

// Pulls is Redis as pull.Store and pull.Board. Its keys:
//
//	{lr}:pulls:all     hash: room/id → pull.Task (JSON), with the whole address
//	{lr}:pulls:states  string: pull.State by id (JSON), of the node that pulls, for pull.BoardAge
type Pulls struct {
	s           *Store
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
	return &Pulls{s, s.key("lr", "pulls", "all"), s.key("lr", "pulls", "states")}
}

// Now implements pull.Store.
func (w *Pulls) Now(ctx context.Context) (time.Time, error) { return w.s.Now(ctx) }

func pullField(room, id string) string { return room + "/" + id }

// Tasks implements pull.Store.
func (w *Pulls) Tasks(ctx context.Context, room string) ([]pull.Task, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	found, err := w.s.rdb.HGetAll(ctx, w.all).Result()
	if err != nil {
		return nil, away(err)
	}
	var all []pull.Task
	for _, text := range found {
		t, _, err := decode[pull.Task](text)
		if err != nil {
			return nil, err
		}
		if room == "" || t.Room == room {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b pull.Task) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

// one reads a task for a change.
func (w *Pulls) one(ctx context.Context, d *draft, room, id string) (t pull.Task, found bool, err error) {
	there, err := d.fields(ctx, w.all, pullField(room, id))
	if err != nil {
		return t, false, err
	}
	return decode[pull.Task](there[0])
}

// AddTask implements pull.Store. Two that come at the same time may make one too many.
func (w *Pulls) AddTask(ctx context.Context, t pull.Task) error {
	return w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		_, found, err := w.one(ctx, d, t.Room, t.ID)
		if err != nil || found {
			return err
		}
		all, err := w.Tasks(ctx, "")
		if err != nil {
			return err
		}
		if pull.Full(all, t.Room) {
			return pull.ErrTooMany
		}
		d.news(NewsPulls)
		return d.put(w.all, pullField(t.Room, t.ID), t)
	})
}

// ChangeTask implements pull.Store.
func (w *Pulls) ChangeTask(ctx context.Context, room, id string, f func(*pull.Task) error) (changed pull.Task, err error) {
	err = w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		t, found, err := w.one(ctx, d, room, id)
		if err != nil {
			return err
		}
		if !found {
			return pull.ErrUnknown
		}
		if err := f(&t); err != nil {
			return err
		}
		changed = t
		d.news(NewsPulls)
		return d.put(w.all, pullField(room, id), t)
	})
	if err != nil {
		return pull.Task{}, err
	}
	return changed, nil
}

// RemoveTask implements pull.Store.
func (w *Pulls) RemoveTask(ctx context.Context, room, id string) error {
	return w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		_, found, err := w.one(ctx, d, room, id)
		if err != nil {
			return err
		}
		if !found {
			return pull.ErrUnknown
		}
		d.news(NewsPulls)
		d.do("HDEL", w.all, pullField(room, id))
		return nil
	})
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
	text, err := json.Marshal(states)
	if err != nil {
		return fmt.Errorf("encode states of pulls: %w", err)
	}
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	return away(w.s.rdb.Set(ctx, w.states, text, pull.BoardAge).Err())
}

// Read implements pull.Board.
func (w *Pulls) Read(ctx context.Context) (map[string]pull.State, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	text, err := w.s.rdb.Get(ctx, w.states).Result()
	if errors.Is(err, redis.Nil) {
		return map[string]pull.State{}, nil
	}
	if err != nil {
		return nil, away(err)
	}
	states, _, err := decode[map[string]pull.State](text)
	return states, err
}
