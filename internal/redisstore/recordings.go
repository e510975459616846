package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/live/record"
)

// Recordings is Redis as record.Store. Its keys:
//
//	{lr}:recordings:all              hash: id → record.Recording (JSON)
//	{lr}:recordings:ids              sorted set, all of one score: ids
//	{lr}:recordings:room:ROOM        the same of a room
//	{lr}:recordings:session:SESSION  the same of a live session
//	{lr}:recordings:state:STATE      the same of a state
//	{lr}:recordings:running          hash: session, space, kind → id of the one that runs
type Recordings struct{ s *Store }

var _ record.Store = (*Recordings)(nil)

// listStep is how many recordings are read at once, and listMost how many one page looks at.
const (
	listStep = 200
	listMost = 1000
)

// Recordings is the recordings' view of Redis.
func (s *Store) Recordings() *Recordings { return &Recordings{s: s} }

func (w *Recordings) key(parts ...string) string {
	return w.s.key("lr", append([]string{"recordings"}, parts...)...)
}

// Now implements record.Store.
func (w *Recordings) Now(ctx context.Context) (time.Time, error) { return w.s.Now(ctx) }

func runningField(session string, kind record.Kind) string { return session + " " + string(kind) }

// load reads a recording, to be compared.
func (w *Recordings) load(ctx context.Context, d *draft, id string) (record.Recording, bool, error) {
	values, err := d.fields(ctx, w.key("all"), id)
	if err != nil {
		return record.Recording{}, false, err
	}
	return decode[record.Recording](values[0])
}

// put notes a new recording, and where it is found.
func (w *Recordings) put(d *draft, r record.Recording) error {
	for _, key := range []string{w.key("ids"), w.key("room", r.Room), w.key("session", r.Session), w.key("state", string(r.State))} {
		d.do("ZADD", key, 0, r.ID)
	}
	if r.State == record.Running {
		d.do("HSET", w.key("running"), runningField(r.Session, r.Kind), r.ID)
	}
	return d.put(w.key("all"), r.ID, r)
}

// Begin implements record.Store.
func (w *Recordings) Begin(ctx context.Context, r record.Recording) (stored record.Recording, fresh bool, err error) {
	err = w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		values, err := d.fields(ctx, w.key("running"), runningField(r.Session, r.Kind))
		if err != nil {
			return err
		}
		if id, there := values[0].(string); there {
			there, found, err := w.load(ctx, d, id)
			if err != nil || found {
				stored, fresh = there, false
				return err
			}
		}
		stored, fresh = r, true
		return w.put(d, r)
	})
	if err != nil {
		return record.Recording{}, false, err
	}
	return stored, fresh, nil
}

// Add implements record.Store.
func (w *Recordings) Add(ctx context.Context, r record.Recording) (stored record.Recording, fresh bool, err error) {
	err = w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		there, found, err := w.load(ctx, d, r.ID)
		if err != nil {
			return err
		}
		if stored, fresh = there, !found; found {
			return nil
		}
		stored = r
		return w.put(d, r)
	})
	if err != nil {
		return record.Recording{}, false, err
	}
	return stored, fresh, nil
}

// Change implements record.Store.
func (w *Recordings) Change(ctx context.Context, id string, change func(*record.Recording) error) (next record.Recording, err error) {
	err = w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		was, found, err := w.load(ctx, d, id)
		if err == nil && !found {
			err = record.ErrUnknown
		}
		if err != nil {
			return err
		}
		if next, err = was.Changed(change); err != nil {
			return err
		}
		if next.State != was.State {
			d.do("ZREM", w.key("state", string(was.State)), id)
			d.do("ZADD", w.key("state", string(next.State)), 0, id)
			if err := w.stop(ctx, d, was); err != nil {
				return err
			}
		}
		return d.put(w.key("all"), id, next)
	})
	if err != nil {
		return record.Recording{}, err
	}
	return next, nil
}

// stop notes that a recording is not the one of its session that runs.
func (w *Recordings) stop(ctx context.Context, d *draft, r record.Recording) error {
	field := runningField(r.Session, r.Kind)
	values, err := d.fields(ctx, w.key("running"), field)
	if err == nil && values[0] == r.ID {
		d.do("HDEL", w.key("running"), field)
	}
	return err
}

// Recording implements record.Store.
func (w *Recordings) Recording(ctx context.Context, id string) (record.Recording, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	text, err := w.s.rdb.HGet(ctx, w.key("all"), id).Result()
	if errors.Is(err, redis.Nil) {
		return record.Recording{}, record.ErrUnknown
	}
	if err != nil {
		return record.Recording{}, away(err)
	}
	r, _, err := decode[record.Recording](text)
	return r, err
}

// Running implements record.Store.
func (w *Recordings) Running(ctx context.Context, session string, kind record.Kind) (record.Recording, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	id, err := w.s.rdb.HGet(ctx, w.key("running"), runningField(session, kind)).Result()
	if errors.Is(err, redis.Nil) {
		return record.Recording{}, record.ErrUnknown
	}
	if err != nil {
		return record.Recording{}, away(err)
	}
	r, err := w.Recording(ctx, id)
	if err == nil && r.State != record.Running { // it stopped in between
		err = record.ErrUnknown
	}
	return r, err
}

// List implements record.Store.
func (w *Recordings) List(ctx context.Context, q record.Query) (page []record.Recording, next string, err error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	key := w.key("ids")
	switch {
	case q.Session != "":
		key = w.key("session", q.Session)
	case q.Room != "":
		key = w.key("room", q.Room)
	case q.State != "":
		key = w.key("state", string(q.State))
	}
	for seen := 0; seen < listMost; seen += listStep {
		ids, err := w.ids(ctx, key, q)
		if err != nil || len(ids) == 0 {
			return page, "", err
		}
		values, err := w.s.fields(ctx, w.key("all"), ids...)
		if err != nil {
			return nil, "", err
		}
		all, err := decodeFound[record.Recording](values)
		if err != nil {
			return nil, "", err
		}
		for _, r := range all {
			if q.Matches(r) {
				page = append(page, r)
			}
			if len(page) == q.Most() {
				return page, r.ID, nil
			}
		}
		if q.After = ids[len(ids)-1]; len(ids) < listStep {
			return page, "", nil
		}
	}
	return page, q.After, nil
}

// ids are the next of a sorted set.
func (w *Recordings) ids(ctx context.Context, key string, q record.Query) ([]string, error) {
	var ids []string
	var err error
	by := &redis.ZRangeBy{Min: "-", Max: "+", Count: listStep}
	if q.Oldest {
		if q.After != "" {
			by.Min = "(" + q.After
		}
		ids, err = w.s.rdb.ZRangeByLex(ctx, key, by).Result()
	} else {
		if q.After != "" {
			by.Max = "(" + q.After
		}
		ids, err = w.s.rdb.ZRevRangeByLex(ctx, key, by).Result()
	}
	return ids, away(err)
}

// Remove implements record.Store.
func (w *Recordings) Remove(ctx context.Context, id string) error {
	return w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		r, found, err := w.load(ctx, d, id)
		if err != nil || !found {
			return err
		}
		if err := w.stop(ctx, d, r); err != nil {
			return err
		}
		for _, key := range []string{w.key("ids"), w.key("room", r.Room), w.key("session", r.Session), w.key("state", string(r.State))} {
			d.do("ZREM", key, id)
		}
		d.do("HDEL", w.key("all"), id)
		return nil
	})
}
