package boltstore

import (
	"context"
	"encoding/binary"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/audit"
)

// bucketAudit is the audit log, made with the first act: Seq (8 bytes, big endian) → audit.Entry (JSON). Its bbolt
// sequence is the newest Seq, also of an entry that is gone.
var bucketAudit = []byte("audit")

// Audit is the file as audit.Store. Everything is class A.
type Audit struct{ s *Store }

var _ audit.Store = (*Audit)(nil)

// Audit is the audit log's view of the file.
func (s *Store) Audit() *Audit { return &Audit{s: s} }

// AppendActs implements audit.Store.
func (a *Audit) AppendActs(ctx context.Context, entries []audit.Entry) error {
	return a.s.update(ctx, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketAudit)
		if err != nil {
			return err
		}
		var newest audit.Entry
		if _, err := getJSON(b, number(b.Sequence()), &newest); err != nil {
			return err
		}
		newest.Seq = b.Sequence()
		for _, e := range audit.Number(newest, entries) {
			if err := putJSON(b, number(e.Seq), e); err != nil {
				return err
			}
		}
		return b.SetSequence(newest.Seq + uint64(len(entries)))
	})
}

// Acts implements audit.Store.
func (a *Audit) Acts(ctx context.Context, q audit.Query) (page audit.Page, err error) {
	err = a.s.view(ctx, func(tx *bolt.Tx) (err error) {
		b := tx.Bucket(bucketAudit)
		if b == nil {
			return nil
		}
		first, last := auditBounds(b)
		page, err = q.Scan(first, last, lookIn(b))
		return err
	})
	return page, err
}

// TrimActs implements audit.Store.
func (a *Audit) TrimActs(ctx context.Context, olderThan time.Time, keep int) (removed int, err error) {
	err = a.s.update(ctx, func(tx *bolt.Tx) error {
		removed = 0
		b := tx.Bucket(bucketAudit)
		if b == nil {
			return nil
		}
		first, last := auditBounds(b)
		end, err := audit.Surplus(first, last, olderThan, keep, lookIn(b))
		if err != nil {
			return err
		}
		for seq := first; seq > 0 && seq <= end; seq++ {
			if err := b.Delete(number(seq)); err != nil {
				return err
			}
			removed++
		}
		return nil
	})
	return removed, err
}

// auditBounds are the smallest and the largest Seq there are, 0 if there is none.
func auditBounds(b *bolt.Bucket) (first, last uint64) {
	c := b.Cursor()
	k, _ := c.First()
	if k == nil {
		return 0, 0
	}
	first = binary.BigEndian.Uint64(k)
	k, _ = c.Last()
	return first, binary.BigEndian.Uint64(k)
}

func lookIn(b *bolt.Bucket) func(seq uint64) (audit.Entry, bool, error) {
	return func(seq uint64) (e audit.Entry, found bool, err error) {
		found, err = getJSON(b, number(seq), &e)
		return e, found, err
	}
}
