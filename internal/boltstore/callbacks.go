package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/web/callback/delivery"
)

// Buckets of the callbacks' file. Endpoints hold no zero byte.
//
//	queues  endpoint, 0, class (1 byte), room → storedQueue (JSON)
//	items   queue (8 bytes), N of the last item (8 bytes), when that was queued (Unix ms, 8 bytes), all big endian → a
//	        block of items in order (encodeBlock)
//	dead    endpoint, 0, class (1 byte), N (8 bytes, big endian) → storedLetter (JSON)
var (
	bucketQueues = []byte("queues")
	bucketItems  = []byte("items")
	bucketDead   = []byte("dead")
)

// Callbacks is a file of its own, DATA/callbacks.db, as delivery.Store: while receivers are away it takes in megabytes each
// second and grows to gigabytes, and the other data must neither wait for that nor share a file that big.
type Callbacks struct{ s *Store }

var _ delivery.Store = (*Callbacks)(nil)

// compactFrom is the size of a file that is written anew at the start if more than half of it is free.
const compactFrom = 64 << 20

// OpenCallbacks opens or creates the file. Its errors are those of Open.
func OpenCallbacks(path string, log *slog.Logger) (*Callbacks, error) {
	c, err := openCallbacks(path, log)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err != nil || info.Size() < compactFrom || int64(c.s.db.Stats().FreePageN)*int64(os.Getpagesize()) < info.Size()/2 {
		return c, nil
	}
	if err := c.compact(path); err != nil {
		log.Warn("the callbacks' file stays as large as it is", "err", err)
		if c.s.db.Path() != "" { // it is still open
			return c, nil
		}
	}
	return openCallbacks(path, log)
}

// callbacksOptions have the list of free pages found anew at each start: after a flood it would be megabytes to write each time.
func callbacksOptions() *bolt.Options {
	return &bolt.Options{Timeout: lockTimeout, FreelistType: bolt.FreelistMapType, NoFreelistSync: true}
}

func openCallbacks(path string, log *slog.Logger) (*Callbacks, error) {
	db, err := openFile(path, callbacksOptions(), prepareCallbacks)
	if err != nil {
		return nil, err
	}
	return &Callbacks{s: &Store{db: db, log: log}}, nil
}

func prepareCallbacks(tx *bolt.Tx) error {
	for _, name := range [][]byte{bucketMeta, bucketQueues, bucketItems, bucketDead} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return checkSchema(tx)
}

// compact writes the file anew and closes it. If it can't write, it leaves all as it is.
func (c *Callbacks) compact(path string) error {
	temp := path + ".compact"
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	into, err := bolt.Open(temp, 0o600, callbacksOptions())
	if err != nil {
		return err
	}
	into.NoSync = true // until it is whole: a sync for each step would take minutes on a slow disk
	if err := errors.Join(bolt.Compact(into, c.s.db, 1<<20), into.Sync(), into.Close()); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return errors.Join(c.s.db.Close(), os.Rename(temp, path), syncDir(filepath.Dir(path)))
}

// Close closes the file. It waits for transactions under way.
func (c *Callbacks) Close() error { return c.s.db.Close() }

// storedQueue is a delivery.Queue in the file.
type storedQueue struct {
	ID     uint64         `json:"id"` // what its items are kept under
	First  uint64         `json:"first"`
	Next   uint64         `json:"next"`
	Bytes  int64          `json:"bytes"`
	Oldest time.Time      `json:"oldest"`
	Gaps   []delivery.Gap `json:"gaps,omitempty"`
	Recent []string       `json:"recent,omitempty"`
	UsedAt time.Time      `json:"usedAt"`
}

// ofEndpoint is how the keys of an endpoint's things begin.
func ofEndpoint(endpoint string) []byte { return append([]byte(endpoint), 0) }

func queueKey(k delivery.Key) []byte {
	return append(append(ofEndpoint(k.Endpoint), byte(k.Class)), k.Room...)
}

// Commit implements delivery.Store.
func (c *Callbacks) Commit(ctx context.Context, change delivery.Change) error {
	return c.s.transact(ctx, c.s.db.Update, func(tx *bolt.Tx) error {
		for _, endpoint := range change.Gone {
			if err := removeEndpoint(tx, endpoint); err != nil {
				return err
			}
		}
		for _, q := range change.Queues {
			if err := changeQueue(tx, q); err != nil {
				return err
			}
		}
		for _, d := range change.DeadDrop {
			if err := dropDead(tx.Bucket(bucketDead), d); err != nil {
				return err
			}
		}
		for _, l := range change.Dead {
			if err := putDead(tx.Bucket(bucketDead), l); err != nil {
				return err
			}
		}
		return nil
	})
}

func removeEndpoint(tx *bolt.Tx, endpoint string) error {
	queues := tx.Bucket(bucketQueues)
	err := eachOf(queues, ofEndpoint(endpoint), func(k, v []byte) error {
		var q storedQueue
		if err := json.Unmarshal(v, &q); err != nil {
			return fmt.Errorf("decode queue %q: %w", k, err)
		}
		return removeItems(tx, q.ID, 1<<63)
	})
	if err != nil {
		return err
	}
	for _, b := range []*bolt.Bucket{queues, tx.Bucket(bucketDead)} {
		if err := deleteWhile(b, ofEndpoint(endpoint), func([]byte) bool { return true }); err != nil {
			return err
		}
	}
	return nil
}

// eachOf calls f with what a bucket has under keys that begin in one way.
func eachOf(b *bolt.Bucket, prefix []byte, f func(k, v []byte) error) error {
	c := b.Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if err := f(k, v); err != nil {
			return err
		}
	}
	return nil
}

// deleteWhile removes the first keys that begin with prefix as long as more says so.
func deleteWhile(b *bolt.Bucket, prefix []byte, more func(key []byte) bool) error {
	c := b.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix) && more(k); k, _ = c.Seek(prefix) {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}

func changeQueue(tx *bolt.Tx, change delivery.QueueChange) error {
	queues := tx.Bucket(bucketQueues)
	key := queueKey(change.Key)
	var stored storedQueue
	found, err := getJSON(queues, key, &stored)
	if err != nil {
		return err
	}
	if !found {
		if stored.ID, err = queues.NextSequence(); err != nil {
			return err
		}
	}
	if found && change.First > stored.First {
		if err := removeItems(tx, stored.ID, change.First); err != nil {
			return err
		}
	}
	if change.Idle() {
		return queues.Delete(key)
	}
	fresh := change.Append
	for len(fresh) > 0 && fresh[0].N < stored.Next {
		fresh = fresh[1:]
	}
	if err := putItems(tx.Bucket(bucketItems), stored.ID, fresh); err != nil {
		return err
	}
	return putJSON(queues, key, storedQueue{
		ID: stored.ID, First: change.First, Next: change.Next, Bytes: change.Bytes, Oldest: change.Oldest, Gaps: change.Gaps,
		Recent: change.Recent, UsedAt: change.UsedAt,
	})
}

// removeItems removes the blocks whose items are all before first.
func removeItems(tx *bolt.Tx, id, first uint64) error {
	return deleteWhile(tx.Bucket(bucketItems), number(id), func(k []byte) bool {
		last, _, ok := blockKey(k)
		return ok && last < first
	})
}

// Queues implements delivery.Store.
func (c *Callbacks) Queues(ctx context.Context) (all []delivery.Queue, err error) {
	err = c.s.view(ctx, func(tx *bolt.Tx) error {
		all = nil
		return tx.Bucket(bucketQueues).ForEach(func(k, v []byte) error {
			endpoint, rest, ok := bytes.Cut(k, []byte{0})
			var q storedQueue
			if err := json.Unmarshal(v, &q); err != nil || !ok || len(rest) == 0 {
				return errors.Join(fmt.Errorf("%w: queue %q", errCorrupt, k), err)
			}
			all = append(all, delivery.Queue{
				Key:   delivery.Key{Endpoint: string(endpoint), Class: delivery.Class(rest[0]), Room: string(rest[1:])},
				First: q.First, Next: q.Next, Bytes: q.Bytes, Oldest: q.Oldest, Gaps: q.Gaps, Recent: q.Recent, UsedAt: q.UsedAt,
			})
			return nil
		})
	})
	return all, err
}

// Items implements delivery.Store.
func (c *Callbacks) Items(ctx context.Context, k delivery.Key, from uint64, limit int, most int64) (items []*delivery.Item, err error) {
	err = c.s.view(ctx, func(tx *bolt.Tx) error {
		items = nil
		var q storedQueue
		if found, err := getJSON(tx.Bucket(bucketQueues), queueKey(k), &q); err != nil || !found {
			return err
		}
		left := most
		cursor := tx.Bucket(bucketItems).Cursor()
		prefix := number(q.ID)
		for key, v := cursor.Seek(append(number(q.ID), number(from)...)); bytes.HasPrefix(key, prefix); key, v = cursor.Next() {
			last, _, ok := blockKey(key)
			block, err := decodeBlock(k, last, v)
			if err != nil || !ok {
				return errors.Join(fmt.Errorf("%w: items of %q", delivery.ErrDamaged, queueKey(k)), err)
			}
			for _, i := range block {
				if i.N < from {
					continue
				}
				if left -= int64(len(i.Body)); len(items) == limit || len(items) > 0 && left < 0 {
					return nil
				}
				items = append(items, i)
			}
		}
		return nil
	})
	return items, err
}

// Older implements delivery.Store. It looks at a few keys only, however many items there are.
func (c *Callbacks) Older(ctx context.Context, k delivery.Key, from uint64, moment time.Time) (n uint64, err error) {
	err = c.s.view(ctx, func(tx *bolt.Tx) error {
		n = from
		var q storedQueue
		if found, err := getJSON(tx.Bucket(bucketQueues), queueKey(k), &q); err != nil || !found {
			return err
		}
		cursor := tx.Bucket(bucketItems).Cursor()
		prefix := number(q.ID)
		for end := max(from, q.Next); n < end; {
			middle := n + (end-n)/2
			key, _ := cursor.Seek(append(number(q.ID), number(middle)...))
			last, at, ok := blockKey(key)
			if ok && bytes.HasPrefix(key, prefix) && at.Before(moment) {
				n = last + 1
			} else {
				end = middle
			}
		}
		return nil
	})
	return n, err
}

// blockKey reads the key of a block.
func blockKey(k []byte) (last uint64, at time.Time, ok bool) {
	if len(k) != 24 {
		return 0, at, false
	}
	return binary.BigEndian.Uint64(k[8:]), time.UnixMilli(int64(binary.BigEndian.Uint64(k[16:]))), true
}
