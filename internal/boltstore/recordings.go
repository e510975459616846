package boltstore

import (
	"bytes"
	"context"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/live/record"
)

// Buckets of the recordings, made with the first one. No part of a key holds a zero byte.
//
//	recordings          id → record.Recording (JSON)
//	recordings.room     room, 0, id → nothing
//	recordings.session  session, 0, id → nothing
//	recordings.state    state, 0, id → nothing
//	recordings.running  session, 0, kind → id of the one that runs
var (
	bucketRecordings        = []byte("recordings")
	bucketRecordingRooms    = []byte("recordings.room")
	bucketRecordingSessions = []byte("recordings.session")
	bucketRecordingStates   = []byte("recordings.state")
	bucketRecordingsRunning = []byte("recordings.running")
)

// listStep is how many recordings one transaction of a list looks at.
const listStep = 1000

// Recordings is the file as record.Store. Everything is class A.
type Recordings struct{ s *Store }

var _ record.Store = (*Recordings)(nil)

// Recordings is the recordings' view of the file.
func (s *Store) Recordings() *Recordings { return &Recordings{s: s} }

// Now implements record.Store.
func (w *Recordings) Now(context.Context) (time.Time, error) { return time.Now().UTC(), nil }

func (w *Recordings) update(ctx context.Context, fn func(tx *bolt.Tx) error) error {
	return w.s.update(ctx, func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bucketRecordings, bucketRecordingRooms, bucketRecordingSessions, bucketRecordingStates, bucketRecordingsRunning} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return fn(tx)
	})
}

// view is for reading: without any recording it does nothing.
func (w *Recordings) view(ctx context.Context, fn func(tx *bolt.Tx) error) error {
	return w.s.view(ctx, func(tx *bolt.Tx) error {
		if tx.Bucket(bucketRecordings) == nil {
			return nil
		}
		return fn(tx)
	})
}

func parts(of ...string) []byte {
	var key []byte
	for i, p := range of {
		if i > 0 {
			key = append(key, 0)
		}
		key = append(key, p...)
	}
	return key
}

func findRecording(tx *bolt.Tx, id string) (r record.Recording, err error) {
	found, err := getJSON(tx.Bucket(bucketRecordings), []byte(id), &r)
	if err == nil && !found {
		err = record.ErrUnknown
	}
	return r, err
}

// indexRecording notes where a recording is found, or that it is not any more.
func indexRecording(tx *bolt.Tx, r record.Recording, is bool) error {
	for _, in := range []struct {
		bucket []byte
		by     string
	}{{bucketRecordingRooms, r.Room}, {bucketRecordingSessions, r.Session}, {bucketRecordingStates, string(r.State)}} {
		if err := mark(tx.Bucket(in.bucket), parts(in.by, r.ID), is); err != nil {
			return err
		}
	}
	running, key := tx.Bucket(bucketRecordingsRunning), parts(r.Session, string(r.Kind))
	switch {
	case is && r.State == record.Running:
		return running.Put(key, []byte(r.ID))
	case !is && string(running.Get(key)) == r.ID:
		return running.Delete(key)
	}
	return nil
}

func putRecording(tx *bolt.Tx, r record.Recording) error {
	if err := indexRecording(tx, r, true); err != nil {
		return err
	}
	return putJSON(tx.Bucket(bucketRecordings), []byte(r.ID), r)
}

// Begin implements record.Store.
func (w *Recordings) Begin(ctx context.Context, r record.Recording) (stored record.Recording, fresh bool, err error) {
	err = w.update(ctx, func(tx *bolt.Tx) error {
		if id := tx.Bucket(bucketRecordingsRunning).Get(parts(r.Session, string(r.Kind))); id != nil {
			fresh = false
			stored, err = findRecording(tx, string(id))
			return err
		}
		stored, fresh = r, true
		return putRecording(tx, r)
	})
	if err != nil {
		return record.Recording{}, false, err
	}
	return stored, fresh, nil
}

// Add implements record.Store.
func (w *Recordings) Add(ctx context.Context, r record.Recording) (stored record.Recording, fresh bool, err error) {
	err = w.update(ctx, func(tx *bolt.Tx) error {
		if tx.Bucket(bucketRecordings).Get([]byte(r.ID)) != nil {
			fresh = false
			stored, err = findRecording(tx, r.ID)
			return err
		}
		stored, fresh = r, true
		return putRecording(tx, r)
	})
	if err != nil {
		return record.Recording{}, false, err
	}
	return stored, fresh, nil
}

// Change implements record.Store.
func (w *Recordings) Change(ctx context.Context, id string, change func(*record.Recording) error) (next record.Recording, err error) {
	err = w.update(ctx, func(tx *bolt.Tx) error {
		was, err := findRecording(tx, id)
		if err != nil {
			return err
		}
		if next, err = was.Changed(change); err != nil {
			return err
		}
		if err := indexRecording(tx, was, false); err != nil {
			return err
		}
		return putRecording(tx, next)
	})
	if err != nil {
		return record.Recording{}, err
	}
	return next, nil
}

// Recording implements record.Store.
func (w *Recordings) Recording(ctx context.Context, id string) (r record.Recording, err error) {
	r, err = record.Recording{}, record.ErrUnknown
	failed := w.view(ctx, func(tx *bolt.Tx) error {
		r, err = findRecording(tx, id)
		return nil
	})
	if failed != nil {
		return record.Recording{}, failed
	}
	return r, err
}

// Running implements record.Store.
func (w *Recordings) Running(ctx context.Context, session string, kind record.Kind) (r record.Recording, err error) {
	r, err = record.Recording{}, record.ErrUnknown
	failed := w.view(ctx, func(tx *bolt.Tx) error {
		if id := tx.Bucket(bucketRecordingsRunning).Get(parts(session, string(kind))); id != nil {
			r, err = findRecording(tx, string(id))
		}
		return nil
	})
	if failed != nil {
		return record.Recording{}, failed
	}
	return r, err
}

// List implements record.Store.
func (w *Recordings) List(ctx context.Context, q record.Query) (page []record.Recording, next string, err error) {
	err = w.view(ctx, func(tx *bolt.Tx) error {
		page, next = nil, ""
		bucket, prefix := bucketRecordings, []byte(nil)
		switch {
		case q.Session != "":
			bucket, prefix = bucketRecordingSessions, parts(q.Session, "")
		case q.Room != "":
			bucket, prefix = bucketRecordingRooms, parts(q.Room, "")
		case q.State != "":
			bucket, prefix = bucketRecordingStates, parts(string(q.State), "")
		}
		c := tx.Bucket(bucket).Cursor()
		step := c.Next
		if !q.Oldest {
			step = c.Prev
		}
		seen := 0
		for k := startOf(c, prefix, q); k != nil && bytes.HasPrefix(k, prefix); k, _ = step() {
			r, err := findRecording(tx, string(k[len(prefix):]))
			if err != nil {
				return err
			}
			if seen++; q.Matches(r) {
				page = append(page, r)
			}
			if len(page) == q.Most() || seen == listStep {
				next = r.ID
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	return page, next, nil
}

// startOf is the first key of a page.
func startOf(c *bolt.Cursor, prefix []byte, q record.Query) []byte {
	if q.Oldest {
		k, _ := c.Seek(append(bytes.Clone(prefix), q.After...))
		if q.After != "" && bytes.Equal(k, append(bytes.Clone(prefix), q.After...)) {
			k, _ = c.Next()
		}
		return k
	}
	last := append(bytes.Clone(prefix), q.After...)
	if q.After == "" {
		last = append(last, 0xff)
	}
	if k, _ := c.Seek(last); k == nil {
		k, _ = c.Last()
		return k
	}
	k, _ := c.Prev()
	return k
}

// Remove implements record.Store.
func (w *Recordings) Remove(ctx context.Context, id string) error {
	return w.update(ctx, func(tx *bolt.Tx) error {
		if tx.Bucket(bucketRecordings).Get([]byte(id)) == nil {
			return nil
		}
		r, err := findRecording(tx, id)
		if err != nil {
			return err
		}
		if err := indexRecording(tx, r, false); err != nil {
			return err
		}
		return tx.Bucket(bucketRecordings).Delete([]byte(id))
	})
}
