package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"liveroom/chat/draw"
)

// Sweep implements draw.Store.
func (w *Draws) Sweep(ctx context.Context, before time.Time, limit int) (n int, err error) {
	for n < limit {
		over, err := w.oldest(ctx)
		if err != nil || over == nil || binary.BigEndian.Uint64(over) >= uint64(before.UnixMilli()) {
			return n, err
		}
		group, num := string(over[8:len(over)-9]), binary.BigEndian.Uint64(over[len(over)-8:])
		if err := w.update(ctx, group, func(t drawTx) error {
			if err := t.bucket(bucketDrawsOver).Delete(over); err != nil {
				return err
			}
			if err := t.remove(num); err != nil {
				return err
			}
			return t.forget()
		}); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// oldest is the key in draws.over of the draw that has been over for longest; nil: there is none.
func (w *Draws) oldest(ctx context.Context) (key []byte, err error) {
	err = w.view(ctx, "", func(t drawTx) error {
		key = nil
		b := t.bucket(bucketDrawsOver)
		if b == nil { // nothing was changed since there is such a bucket
			return nil
		}
		k, _ := b.Cursor().First()
		if k != nil && len(k) < 17 {
			return fmt.Errorf("%w: %x in draws.over", errCorrupt, k)
		}
		key = bytes.Clone(k)
		return nil
	})
	return key, err
}

// forget removes what is kept of a group beside its draws, when it has none and is to be told nothing.
func (t drawTx) forget() error {
	for _, name := range [][]byte{bucketDraws, bucketDrawsOut} {
		if k, _ := t.bucket(name).Cursor().Seek(t.key()); bytes.HasPrefix(k, t.key()) {
			return nil
		}
	}
	return t.bucket(bucketDrawHeads).Delete([]byte(t.group))
}

// remove removes a draw that has to go, if it is there.
func (t drawTx) remove(n uint64) error {
	var d draw.Draw
	found, err := getJSON(t.bucket(bucketDraws), t.key(number(n)), &d)
	if err != nil || !found {
		return err
	}
	won := t.bucket(bucketDrawsWon)
	for _, winner := range d.Drawn {
		key := t.key([]byte(winner.User))
		if bytes.Equal(won.Get(key), number(n)) {
			if err := won.Delete(key); err != nil {
				return err
			}
		}
	}
	for _, name := range [][]byte{bucketDrawEntries, bucketDrawUsers} {
		if err := t.clear(name, t.key(number(n))); err != nil {
			return err
		}
	}
	if err := t.bucket(bucketDrawIDs).Delete(t.key([]byte(d.ID))); err != nil {
		return err
	}
	if err := t.over(d, false); err != nil {
		return err
	}
	return t.bucket(bucketDraws).Delete(t.key(number(n)))
}

// clear deletes what begins with a prefix. Keys are collected first, because deleting moves the cursor.
func (t drawTx) clear(bucket, prefix []byte) error {
	var keys [][]byte
	b := t.bucket(bucket)
	c := b.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	for _, k := range keys {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}
