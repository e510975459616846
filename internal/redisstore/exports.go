package redisstore

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/live/record/export"
)

// Exports is Redis as export.Store. Its keys:
//
//	{lr}:exports:of:RECORDING  hash: id → export.Job (JSON)
//	{lr}:exports:open          sorted set by when they were made (Unix ms): RECORDING/ID of those for which there is something to do
type Exports struct{ s *Store }

var _ export.Store = (*Exports)(nil)

// Exports is the exports' view of Redis.
func (s *Store) Exports() *Exports { return &Exports{s: s} }

func (w *Exports) of(recording string) string { return w.s.key("lr", "exports", "of", recording) }

func (w *Exports) open() string { return w.s.key("lr", "exports", "open") }

// change takes a step of a job.
func (w *Exports) change(ctx context.Context, recording, id string, step export.Step) error {
	return w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		values, err := d.fields(ctx, w.of(recording), id)
		if err != nil {
			return err
		}
		old, found, err := decode[export.Job](values[0])
		if err != nil {
			return err
		}
		next, keep, err := step(old, found)
		if err != nil {
			return err
		}
		member := recording + "/" + id
		if keep && next.Open() {
			d.do("ZADD", w.open(), next.CreatedAt.UnixMilli(), member)
		} else {
			d.do("ZREM", w.open(), member)
		}
		if !keep {
			d.do("HDEL", w.of(recording), id)
			return nil
		}
		return d.put(w.of(recording), id, next)
	})
}

// Add implements export.Store.
func (w *Exports) Add(ctx context.Context, j export.Job) (stored export.Job, fresh bool, err error) {
	err = w.change(ctx, j.Recording, j.ID, func(old export.Job, found bool) (export.Job, bool, error) {
		if stored, fresh = old, false; found {
			return old, true, nil
		}
		n, err := w.s.rdb.HLen(ctx, w.of(j.Recording)).Result()
		if err != nil {
			return export.Job{}, false, away(err)
		}
		if n >= export.MaxJobs {
			return export.Job{}, false, export.ErrTooMany
		}
		stored, fresh = j, true
		return j, true, nil
	})
	if err != nil {
		return export.Job{}, false, err
	}
	return stored, fresh, nil
}

// Put implements export.Store.
func (w *Exports) Put(ctx context.Context, j export.Job) error {
	return w.change(ctx, j.Recording, j.ID, export.StepPut(j))
}

// Delete implements export.Store.
func (w *Exports) Delete(ctx context.Context, recording, id string) error {
	return w.change(ctx, recording, id, export.StepDelete)
}

// Deleted implements export.Store.
func (w *Exports) Deleted(ctx context.Context, recording, id string, keep bool) error {
	return w.change(ctx, recording, id, export.StepDeleted(keep))
}

// Jobs implements export.Store. A recording has a few.
func (w *Exports) Jobs(ctx context.Context, recording string) ([]export.Job, error) {
	all, err := everything[export.Job](ctx, w.s, w.of(recording))
	return export.InOrder(all), err
}

// Open implements export.Store.
func (w *Exports) Open(ctx context.Context, limit int) ([]export.Job, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	members, err := w.s.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: w.open(), Start: 0, Stop: limit - 1}).Result()
	if err != nil {
		return nil, away(err)
	}
	of := map[string][]string{}
	for _, m := range members {
		recording, id, _ := strings.Cut(m, "/")
		of[recording] = append(of[recording], id)
	}
	var all []export.Job
	for _, recording := range slices.Sorted(maps.Keys(of)) {
		values, err := w.s.fields(ctx, w.of(recording), of[recording]...)
		if err != nil {
			return nil, err
		}
		some, err := decodeFound[export.Job](values)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return export.InOrder(all), nil
}

// Forget implements export.Store. A job that is added meanwhile is forgotten whole or stays whole.
func (w *Exports) Forget(ctx context.Context, recording string) error {
	return w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		ids, err := w.s.rdb.HKeys(ctx, w.of(recording)).Result()
		if err != nil {
			return away(err)
		}
		jobs, open := make([]any, len(ids)), make([]any, len(ids))
		for i, id := range ids {
			jobs[i], open[i] = id, recording+"/"+id
		}
		d.each("ZREM", w.open(), open)
		d.each("HDEL", w.of(recording), jobs)
		return nil
	})
}
