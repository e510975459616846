package boltstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/status"
)

// Status is the file as status.Store. Everything is class A.
type Status struct {
	s    *Store
	keep uint64
}

var _ status.Store = (*Status)(nil)

// Status is the status domain's view of the file. It keeps logEntries log entries; 0 means status.DefaultLogEntries.
func (s *Store) Status(logEntries int) *Status {
	if logEntries <= 0 {
		logEntries = status.DefaultLogEntries
	}
	return &Status{s: s, keep: uint64(logEntries)}
}

// Now implements status.Store: the process's clock.
func (t *Status) Now(ctx context.Context) (time.Time, error) { return storeNow(), ctx.Err() }

func storeNow() time.Time { return time.Now().Round(0).UTC().Truncate(time.Millisecond) }

// Load implements status.Store.
func (t *Status) Load(ctx context.Context, room string) (s status.State, err error) {
	err = t.s.view(ctx, func(tx *bolt.Tx) error {
		var found bool
		s, found, err = loadState(tx, room)
		if err == nil && !found {
			err = status.ErrUnknownRoom
		}
		return err
	})
	return s, err
}

func loadState(tx *bolt.Tx, room string) (s status.State, found bool, err error) {
	found, err = getJSON(tx.Bucket(bucketStatus), []byte(room), &s)
	return s, found, err
}

// Swap implements status.Store.
func (t *Status) Swap(ctx context.Context, prev uint64, next status.State) error {
	return t.s.update(ctx, func(tx *bolt.Tx) error {
		old, _, err := loadState(tx, next.Record.Room)
		if err != nil {
			return err
		}
		if old.Revision != prev {
			return status.ErrConflict
		}
		return storeState(tx, old, next, t.keep)
	})
}

// storeState stores a state with all that goes with it in the same transaction.
func storeState(tx *bolt.Tx, old, next status.State, keep uint64) error {
	room := []byte(next.Record.Room)
	if err := putJSON(tx.Bucket(bucketStatus), room, next); err != nil {
		return err
	}
	if err := mark(tx.Bucket(bucketDeadlines), room, len(next.Deadlines()) > 0); err != nil {
		return err
	}
	if err := mark(tx.Bucket(bucketPublishing), room, next.Record.StreamActive && !next.Deleted); err != nil {
		return err
	}
	if next.Record.Version <= old.Record.Version {
		return nil
	}
	entry := status.Entry{Record: next.Record, At: storeNow()}
	if err := putJSON(tx.Bucket(bucketOutbox), roomKey(next.Record.Room, next.Record.Version), entry); err != nil {
		return err
	}
	return appendLog(tx.Bucket(bucketLog), next.Record, keep)
}

// appendLog appends a record and drops the oldest ones beyond keep.
func appendLog(log *bolt.Bucket, r status.Record, keep uint64) error {
	seq, err := log.NextSequence()
	if err != nil {
		return err
	}
	if err := putJSON(log, number(seq), r); err != nil {
		return err
	}
	c := log.Cursor()
	for k, _ := c.First(); k != nil && binary.BigEndian.Uint64(k)+keep <= seq; k, _ = c.First() {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}

// Deadlines implements status.Store.
func (t *Status) Deadlines(ctx context.Context) (out []status.Deadline, err error) {
	states, err := t.indexed(ctx, bucketDeadlines)
	for _, s := range states {
		out = append(out, s.Deadlines()...)
	}
	return out, err
}

// Publishing implements status.Store.
func (t *Status) Publishing(ctx context.Context) ([]status.State, error) {
	return t.indexed(ctx, bucketPublishing)
}

// indexed reads the states an index names.
func (t *Status) indexed(ctx context.Context, index []byte) (out []status.State, err error) {
	err = t.s.view(ctx, func(tx *bolt.Tx) error {
		return tx.Bucket(index).ForEach(func(room, _ []byte) error {
			s, found, err := loadState(tx, string(room))
			if err == nil && !found {
				err = fmt.Errorf("%w: %s names room %q without state", errCorrupt, index, room)
			}
			out = append(out, s)
			return err
		})
	})
	return out, err
}

// Pending implements status.Store.
func (t *Status) Pending(ctx context.Context) ([]string, error) {
	var first []status.Entry // the oldest entry of each room
	err := t.s.view(ctx, func(tx *bolt.Tx) error {
		c := tx.Bucket(bucketOutbox).Cursor()
		for k, v := c.First(); k != nil; {
			var e status.Entry
			if err := json.Unmarshal(v, &e); err != nil {
				return fmt.Errorf("decode outbox entry %q: %w", k, err)
			}
			first = append(first, e)
			k, v = c.Seek(append([]byte(e.Record.Room), 1)) // behind all of this room's
		}
		return nil
	})
	slices.SortStableFunc(first, func(a, b status.Entry) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Record.Room, b.Record.Room))
	})
	rooms := make([]string, len(first))
	for i, e := range first {
		rooms[i] = e.Record.Room
	}
	return rooms, err
}

// PendingRoom implements status.Store.
func (t *Status) PendingRoom(ctx context.Context, room string, limit int) (out []status.Entry, err error) {
	prefix := append([]byte(room), 0)
	err = t.s.view(ctx, func(tx *bolt.Tx) error {
		c := tx.Bucket(bucketOutbox).Cursor()
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix) && len(out) < limit; k, v = c.Next() {
			var e status.Entry
			if err := json.Unmarshal(v, &e); err != nil {
				return fmt.Errorf("decode outbox entry %q: %w", k, err)
			}
			out = append(out, e)
		}
		return nil
	})
	return out, err
}

// Ack implements status.Store.
func (t *Status) Ack(ctx context.Context, room string, version uint64) error {
	return t.s.update(ctx, func(tx *bolt.Tx) error {
		return tx.Bucket(bucketOutbox).Delete(roomKey(room, version))
	})
}

// Events implements status.Store.
func (t *Status) Events(ctx context.Context, after uint64, limit int) (out []status.LogEntry, err error) {
	err = t.s.view(ctx, func(tx *bolt.Tx) error {
		log := tx.Bucket(bucketLog)
		head, first := log.Sequence(), log.Sequence()+1
		c := log.Cursor()
		if k, _ := c.First(); k != nil {
			first = binary.BigEndian.Uint64(k)
		}
		if after+1 < first || after > head {
			return status.ErrGone
		}
		for k, v := c.Seek(number(after + 1)); k != nil && len(out) < limit; k, v = c.Next() {
			e := status.LogEntry{Seq: binary.BigEndian.Uint64(k)}
			if err := json.Unmarshal(v, &e.Record); err != nil {
				return fmt.Errorf("decode log entry %d: %w", e.Seq, err)
			}
			out = append(out, e)
		}
		return nil
	})
	return out, err
}

// EventHead implements status.Store.
func (t *Status) EventHead(ctx context.Context) (head uint64, err error) {
	err = t.s.view(ctx, func(tx *bolt.Tx) error {
		head = tx.Bucket(bucketLog).Sequence()
		return nil
	})
	return head, err
}
