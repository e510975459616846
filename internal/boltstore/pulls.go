package boltstore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/live/pull"
)

// bucketPulls has what is pulled into rooms, made with the first task: room, 0, id → pull.Task (JSON). There are pull.MaxAll at most.
var bucketPulls = []byte("pulls")

// Pulls is the file as pull.Store. Everything is class A.
type Pulls struct{ s *Store }

var _ pull.Store = (*Pulls)(nil)

// Pulls is the pulls' view of the file.
func (s *Store) Pulls() *Pulls { return &Pulls{s: s} }

// Now implements pull.Store.
func (w *Pulls) Now(context.Context) (time.Time, error) { return time.Now().UTC(), nil }

// Tasks implements pull.Store.
func (w *Pulls) Tasks(ctx context.Context, room string) (all []pull.Task, err error) {
	err = w.s.view(ctx, func(tx *bolt.Tx) (err error) {
		all, err = pullsOf(tx)
		return err
	})
	return slices.DeleteFunc(all, func(t pull.Task) bool { return room != "" && t.Room != room }), err
}

func pullsOf(tx *bolt.Tx) (all []pull.Task, err error) {
	b := tx.Bucket(bucketPulls)
	if b == nil {
		return nil, nil
	}
	err = b.ForEach(func(k, v []byte) error {
		var t pull.Task
		if err := json.Unmarshal(v, &t); err != nil {
			return fmt.Errorf("decode pull %q: %w", k, err)
		}
		all = append(all, t)
		return nil
	})
	slices.SortFunc(all, func(a, b pull.Task) int { return strings.Compare(a.ID, b.ID) })
	return all, err
}

// AddTask implements pull.Store.
func (w *Pulls) AddTask(ctx context.Context, t pull.Task) error {
	return w.s.update(ctx, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketPulls)
		if err != nil {
			return err
		}
		all, err := pullsOf(tx)
		switch {
		case err != nil:
			return err
		case b.Get(pullKey(t.Room, t.ID)) != nil:
			return nil
		case pull.Full(all, t.Room):
			return pull.ErrTooMany
		}
		return putJSON(b, pullKey(t.Room, t.ID), t)
	})
}

func pullKey(room, id string) []byte { return []byte(room + "\x00" + id) }

// ChangeTask implements pull.Store.
func (w *Pulls) ChangeTask(ctx context.Context, room, id string, f func(*pull.Task) error) (changed pull.Task, err error) {
	err = w.s.update(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketPulls)
		if b == nil {
			return pull.ErrUnknown
		}
		var t pull.Task
		found, err := getJSON(b, pullKey(room, id), &t)
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
		return putJSON(b, pullKey(room, id), t)
	})
	if err != nil {
		return pull.Task{}, err
	}
	return changed, nil
}

// RemoveTask implements pull.Store.
func (w *Pulls) RemoveTask(ctx context.Context, room, id string) error {
	return w.s.update(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketPulls)
		if b == nil || b.Get(pullKey(room, id)) == nil {
			return pull.ErrUnknown
		}
		return b.Delete(pullKey(room, id))
	})
}

// RemoveTasks implements pull.Store.
func (w *Pulls) RemoveTasks(ctx context.Context, room string) error {
	return w.s.update(ctx, func(tx *bolt.Tx) error {
		all, err := pullsOf(tx)
		for _, t := range all {
			if t.Room != room {
				continue
			}
			if err := tx.Bucket(bucketPulls).Delete(pullKey(room, t.ID)); err != nil {
				return err
			}
		}
		return err
	})
}
