package boltstore

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/status"
)

// How the file is driven.
const (
	lockTimeout   = time.Nanosecond      // how long Open waits for another process to let go of the file: it tries once
	batchDelay    = 2 * time.Millisecond // how long a class A write waits for others to share its fsync
	flushInterval = 200 * time.Millisecond
	schema        = 1
)

// Buckets of the file. The chat's are its own file's business.
var (
	bucketMeta       = []byte("meta")
	bucketRooms      = []byte("rooms")
	bucketStreams    = []byte("rooms.stream")
	bucketGroups     = []byte("rooms.group")
	bucketStatus     = []byte("status")
	bucketDeadlines  = []byte("status.deadlines")
	bucketPublishing = []byte("status.publishing")
	bucketOutbox     = []byte("status.outbox")
	bucketLog        = []byte("status.log")

	keySchema = []byte("schema")
)

// errCorrupt is the error for a file whose buckets contradict each other.
var errCorrupt = errors.New("boltstore: the database contradicts itself")

// Store is the open file. All methods may be called from any goroutine.
type Store struct {
	db    *bolt.DB
	owner string // the note of who has the file; empty: there is none
	log   *slog.Logger
	buf   buffered
}

// Open opens or creates the file. If another process has it, it answers ErrLocked at once, and which one that is; a file
// that has lost part of itself is ErrDamaged.
func Open(path string, log *slog.Logger) (*Store, error) {
	db, err := openFile(path, &bolt.Options{Timeout: lockTimeout, FreelistType: bolt.FreelistMapType}, prepare)
	if err != nil {
		return nil, err
	}
	db.MaxBatchDelay = batchDelay
	s := &Store{db: db, owner: ownerFile(path), log: log}
	if err := own(s.owner); err != nil {
		log.Warn("can't note who has the data folder", "error", err)
	}
	return s, nil
}

// prepare makes the buckets.
func prepare(tx *bolt.Tx) error {
	for _, name := range [][]byte{
		bucketMeta, bucketRooms, bucketStreams, bucketGroups,
		bucketStatus, bucketDeadlines, bucketPublishing, bucketOutbox, bucketLog,
	} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return checkSchema(tx)
}

// checkSchema refuses a file of a newer schema, and notes ours in a new one.
func checkSchema(tx *bolt.Tx) error {
	meta := tx.Bucket(bucketMeta)
	if v := meta.Get(keySchema); v != nil {
		if len(v) != 8 || binary.BigEndian.Uint64(v) > schema {
			return fmt.Errorf("written by a newer liveroom (schema %x, this one knows %d)", v, schema)
		}
		return nil
	}
	return meta.Put(keySchema, number(schema))
}

// Run writes what is buffered every 200 ms until ctx ends, and once more then.
func (s *Store) Run(ctx context.Context) error {
	tick := time.NewTicker(flushInterval)
	defer tick.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), s.flush())
		case <-tick.C:
		}
		err := s.flush()
		if err != nil && !failed {
			s.log.Error("buffered data can't be written; will retry", "error", err)
		}
		failed = err != nil
	}
}

// Close writes what is buffered and closes the file. It waits for transactions under way.
func (s *Store) Close() error {
	err := s.flush()
	if s.owner != "" { // while the file is still ours
		err = errors.Join(err, removeIfThere(s.owner))
	}
	return errors.Join(err, s.db.Close())
}

// update runs fn in a transaction shared with whatever comes at the same time, and answers after the fsync. fn may be run
// more than once, each time from the same start, and what it did is only stored if it returns nil: it must set, not add
// to, variables outside it. fn's own error comes back as it is; that of the file wraps status.ErrUnavailable.
func (s *Store) update(ctx context.Context, fn func(*bolt.Tx) error) error {
	return s.transact(ctx, s.db.Batch, fn)
}

// view runs fn on a consistent snapshot. Slices that fn gets from buckets must not outlive it. Errors are as in update.
func (s *Store) view(ctx context.Context, fn func(*bolt.Tx) error) error {
	return s.transact(ctx, s.db.View, fn)
}

func (s *Store) transact(ctx context.Context, run func(func(*bolt.Tx) error) error, fn func(*bolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var own error
	err := run(func(tx *bolt.Tx) error {
		own = fn(tx)
		return own
	})
	if err != nil && own == nil {
		return fmt.Errorf("%w: %w", status.ErrUnavailable, err)
	}
	return err
}

// number is n as a key: bigger numbers sort later.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// roomKey is the key of a room's numbered thing. Room and group ids hold no zero byte.
func roomKey(room string, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(room), 0), n)
}

// putJSON stores v under key.
func putJSON(b *bolt.Bucket, key []byte, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %q: %w", key, err)
	}
	return b.Put(key, data)
}

// getJSON reads key into v and says whether it is there.
func getJSON(b *bolt.Bucket, key []byte, v any) (bool, error) {
	data := b.Get(key)
	if data == nil {
		return false, nil
	}
	if err := json.Unmarshal(data, v); err != nil {
		return false, fmt.Errorf("decode %q: %w", key, err)
	}
	return true, nil
}

// mark makes key present in an index, or absent.
func mark(b *bolt.Bucket, key []byte, present bool) error {
	if present {
		return b.Put(key, []byte{})
	}
	return b.Delete(key)
}
