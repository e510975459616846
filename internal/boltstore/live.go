package boltstore

import (
	"context"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/live"
	"liveroom/status"
)

// defaultPage is how many rooms a list holds when its query doesn't say.
const defaultPage = 50

// Live is the file as live.Store. Everything is class A.
type Live struct {
	s    *Store
	keep uint64
}

var _ live.Store = (*Live)(nil)

// Live is the rooms' view of the file; statuses it stores go to the same log as those of states.
func (s *Store) Live(states *Status) *Live { return &Live{s: s, keep: states.keep} }

// CreateRoom implements live.Store.
func (l *Live) CreateRoom(ctx context.Context, r live.Room, fresh status.State) (stored status.State, err error) {
	err = l.s.update(ctx, func(tx *bolt.Tx) error {
		if err := free(tx, r); err != nil {
			return err
		}
		old, found, err := loadState(tx, r.ID)
		if err != nil {
			return err
		}
		stored = fresh
		if found {
			stored = status.Continue(old, fresh)
		}
		if err := storeState(tx, old, stored, l.keep); err != nil {
			return err
		}
		return putRoom(tx, r)
	})
	if err != nil {
		return status.State{}, err
	}
	return stored, nil
}

// free says which unique field of r belongs to another room.
func free(tx *bolt.Tx, r live.Room) error {
	if tx.Bucket(bucketRooms).Get([]byte(r.ID)) != nil {
		return live.Exists("id", r.ID)
	}
	return freeNames(tx, r)
}

func freeNames(tx *bolt.Tx, r live.Room) error {
	if id := tx.Bucket(bucketGroups).Get([]byte(r.GroupID)); id != nil && string(id) != r.ID {
		return live.Exists("groupId", r.GroupID)
	}
	if id := tx.Bucket(bucketStreams).Get([]byte(r.Stream)); id != nil && string(id) != r.ID {
		return live.Exists("stream", r.Stream)
	}
	return nil
}

func putRoom(tx *bolt.Tx, r live.Room) error {
	if err := tx.Bucket(bucketGroups).Put([]byte(r.GroupID), []byte(r.ID)); err != nil {
		return err
	}
	if err := tx.Bucket(bucketStreams).Put([]byte(r.Stream), []byte(r.ID)); err != nil {
		return err
	}
	return putJSON(tx.Bucket(bucketRooms), []byte(r.ID), r)
}

func removeNames(tx *bolt.Tx, r live.Room) error {
	if err := tx.Bucket(bucketGroups).Delete([]byte(r.GroupID)); err != nil {
		return err
	}
	return tx.Bucket(bucketStreams).Delete([]byte(r.Stream))
}

func loadRoom(tx *bolt.Tx, id string) (r live.Room, err error) {
	found, err := getJSON(tx.Bucket(bucketRooms), []byte(id), &r)
	if err == nil && !found {
		err = live.NotFound(id)
	}
	return r, err
}

// Room implements live.Store.
func (l *Live) Room(ctx context.Context, id string) (r live.Room, err error) {
	err = l.s.view(ctx, func(tx *bolt.Tx) error {
		r, err = loadRoom(tx, id)
		return err
	})
	return r, err
}

// RoomByStream implements live.Store.
func (l *Live) RoomByStream(ctx context.Context, stream string) (live.Room, error) {
	return l.byName(ctx, bucketStreams, stream)
}

// RoomByGroup implements live.Store.
func (l *Live) RoomByGroup(ctx context.Context, group string) (live.Room, error) {
	return l.byName(ctx, bucketGroups, group)
}

func (l *Live) byName(ctx context.Context, index []byte, name string) (r live.Room, err error) {
	err = l.s.view(ctx, func(tx *bolt.Tx) error {
		id := tx.Bucket(index).Get([]byte(name))
		if id == nil {
			return live.NotFound(name)
		}
		r, err = loadRoom(tx, string(id))
		return err
	})
	return r, err
}

// UpdateRoom implements live.Store. change may be called more than once, each time with the room as it is stored.
func (l *Live) UpdateRoom(ctx context.Context, id string, change func(*live.Room) error) (next live.Room, err error) {
	err = l.s.update(ctx, func(tx *bolt.Tx) error {
		old, err := loadRoom(tx, id)
		if err != nil {
			return err
		}
		next = old
		if err := change(&next); err != nil {
			return err
		}
		next.ID = id
		if err := freeNames(tx, next); err != nil {
			return err
		}
		if err := removeNames(tx, old); err != nil {
			return err
		}
		return putRoom(tx, next)
	})
	if err != nil {
		return live.Room{}, err
	}
	return next, nil
}

// DeleteRoom implements live.Store.
func (l *Live) DeleteRoom(ctx context.Context, id string, at time.Time) error {
	return l.s.update(ctx, func(tx *bolt.Tx) error {
		r, err := loadRoom(tx, id)
		if err != nil {
			return err
		}
		s, found, err := loadState(tx, id)
		if err == nil && !found {
			err = fmt.Errorf("%w: room %q has no state", errCorrupt, id)
		}
		if err != nil {
			return err
		}
		old := s
		s.Revision++
		s.Deleted, s.DeletedAt = true, at
		if err := storeState(tx, old, s, l.keep); err != nil {
			return err
		}
		if err := removeNames(tx, r); err != nil {
			return err
		}
		return tx.Bucket(bucketRooms).Delete([]byte(id))
	})
}

// Rooms implements live.Store.
func (l *Live) Rooms(ctx context.Context, q live.ListQuery) (page []live.Listed, next string, err error) {
	if q.Limit <= 0 {
		q.Limit = defaultPage
	}
	err = l.s.view(ctx, func(tx *bolt.Tx) error {
		c := tx.Bucket(bucketRooms).Cursor()
		for k, _ := c.Seek(append([]byte(q.After), 0)); k != nil; k, _ = c.Next() {
			item, err := listed(tx, string(k))
			if err != nil {
				return err
			}
			if q.Status != 0 && item.Record.Code != q.Status {
				continue
			}
			if len(page) == q.Limit {
				next = page[q.Limit-1].Room.ID
				return nil
			}
			page = append(page, item)
		}
		return nil
	})
	return page, next, err
}

func listed(tx *bolt.Tx, id string) (live.Listed, error) {
	r, err := loadRoom(tx, id)
	if err != nil {
		return live.Listed{}, err
	}
	s, found, err := loadState(tx, id)
	if err == nil && !found {
		err = fmt.Errorf("%w: room %q has no state", errCorrupt, id)
	}
	return live.Listed{Room: r, Record: s.Record}, err
}

// SweepTombstones implements live.Store. A tombstone with undelivered records stays until they are.
func (l *Live) SweepTombstones(ctx context.Context, before time.Time) (swept int, err error) {
	var old []string
	err = l.s.view(ctx, func(tx *bolt.Tx) error {
		return tx.Bucket(bucketStatus).ForEach(func(room, _ []byte) error {
			forget, err := forgettable(tx, string(room), before)
			if forget {
				old = append(old, string(room))
			}
			return err
		})
	})
	if err != nil || len(old) == 0 {
		return 0, err
	}
	err = l.s.update(ctx, func(tx *bolt.Tx) error {
		swept = 0
		for _, room := range old {
			forget, err := forgettable(tx, room, before) // it may have been created again meanwhile
			if err != nil {
				return err
			}
			if !forget {
				continue
			}
			if err := tx.Bucket(bucketStatus).Delete([]byte(room)); err != nil {
				return err
			}
			swept++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return swept, nil
}

// forgettable says whether a room's state is a tombstone from before a time that nobody needs any more.
func forgettable(tx *bolt.Tx, room string, before time.Time) (bool, error) {
	s, found, err := loadState(tx, room)
	if err != nil || !found || !s.Deleted || !s.DeletedAt.Before(before) || tx.Bucket(bucketRooms).Get([]byte(room)) != nil {
		return false, err
	}
	prefix := append([]byte(room), 0)
	k, _ := tx.Bucket(bucketOutbox).Cursor().Seek(prefix)
	return len(k) < len(prefix) || string(k[:len(prefix)]) != string(prefix), nil
}
