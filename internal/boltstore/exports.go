package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"liveroom/live/record/export"
)

// Buckets of the exports of recordings, made with the first one. Ids hold no zero byte.
//
//	exports       recording, 0, id → export.Job (JSON)
//	exports.open  when it was made (8 bytes, Unix ms), recording, 0, id → nothing: those for which there is something to do
var (
	bucketExports     = []byte("exports")
	bucketExportsOpen = []byte("exports.open")
)

// Exports is the file as export.Store. Everything is class A.
type Exports struct{ s *Store }

var _ export.Store = (*Exports)(nil)

// Exports is the exports' view of the file.
func (s *Store) Exports() *Exports { return &Exports{s: s} }

func exportKey(recording, id string) []byte { return append(append([]byte(recording), 0), id...) }

// openExportKey is a job's place among those that are open.
func openExportKey(j export.Job) []byte {
	return append(number(uint64(j.CreatedAt.UnixMilli())), exportKey(j.Recording, j.ID)...) //nolint:gosec // after 1970
}

// change takes a step of a job.
func (w *Exports) change(ctx context.Context, recording, id string, step export.Step) error {
	return w.s.update(ctx, func(tx *bolt.Tx) error {
		all, err := tx.CreateBucketIfNotExists(bucketExports)
		if err != nil {
			return err
		}
		open, err := tx.CreateBucketIfNotExists(bucketExportsOpen)
		if err != nil {
			return err
		}
		var old export.Job
		key := exportKey(recording, id)
		found, err := getJSON(all, key, &old)
		if err != nil {
			return err
		}
		next, keep, err := step(old, found)
		if err != nil {
			return err
		}
		if found {
			if err := open.Delete(openExportKey(old)); err != nil {
				return err
			}
		}
		if !keep {
			return all.Delete(key)
		}
		if next.Open() {
			if err := open.Put(openExportKey(next), []byte{}); err != nil {
				return err
			}
		}
		return putJSON(all, key, next)
	})
}

// Add implements export.Store.
func (w *Exports) Add(ctx context.Context, j export.Job) (stored export.Job, fresh bool, err error) {
	have, err := w.Jobs(ctx, j.Recording)
	if err != nil {
		return export.Job{}, false, err
	}
	err = w.change(ctx, j.Recording, j.ID, func(old export.Job, found bool) (export.Job, bool, error) {
		if stored, fresh = old, false; found {
			return old, true, nil
		}
		if len(have) >= export.MaxJobs {
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

// Jobs implements export.Store.
func (w *Exports) Jobs(ctx context.Context, recording string) (jobs []export.Job, err error) {
	err = w.s.view(ctx, func(tx *bolt.Tx) error {
		jobs = nil
		return eachExport(tx, recording, func(_ []byte, j export.Job) error {
			jobs = append(jobs, j)
			return nil
		})
	})
	return export.InOrder(jobs), err
}

// eachExport calls fn for the jobs of a recording.
func eachExport(tx *bolt.Tx, recording string, fn func(key []byte, j export.Job) error) error {
	b := tx.Bucket(bucketExports)
	if b == nil {
		return nil
	}
	prefix := exportKey(recording, "")
	c := b.Cursor()
	for key, data := c.Seek(prefix); key != nil && bytes.HasPrefix(key, prefix); key, data = c.Next() {
		var j export.Job
		if err := json.Unmarshal(data, &j); err != nil {
			return fmt.Errorf("decode export %q: %w", key, err)
		}
		if err := fn(key, j); err != nil {
			return err
		}
	}
	return nil
}

// Open implements export.Store.
func (w *Exports) Open(ctx context.Context, limit int) (jobs []export.Job, err error) {
	err = w.s.view(ctx, func(tx *bolt.Tx) error {
		jobs = nil
		open := tx.Bucket(bucketExportsOpen)
		if open == nil {
			return nil
		}
		c := open.Cursor()
		for key, _ := c.First(); key != nil && len(jobs) < limit; key, _ = c.Next() {
			var j export.Job
			if _, err := getJSON(tx.Bucket(bucketExports), key[8:], &j); err != nil {
				return err
			}
			jobs = append(jobs, j)
		}
		return nil
	})
	return jobs, err
}

// Forget implements export.Store.
func (w *Exports) Forget(ctx context.Context, recording string) error {
	return w.s.update(ctx, func(tx *bolt.Tx) error {
		var keys [][]byte
		err := eachExport(tx, recording, func(key []byte, j export.Job) error {
			keys = append(keys, bytes.Clone(key))
			return tx.Bucket(bucketExportsOpen).Delete(openExportKey(j))
		})
		for _, key := range keys {
			if err == nil {
				err = tx.Bucket(bucketExports).Delete(key)
			}
		}
		return err
	})
}
