package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/gift"
)

// Busy implements gift.Store.
func (g *Gifts) Busy(ctx context.Context, after string, limit int) ([]string, error) {
	return g.groups(ctx, bucketGiftBusy, after, limit)
}

// Groups implements gift.Store.
func (g *Gifts) Groups(ctx context.Context, after string, limit int) ([]string, error) {
	return g.groups(ctx, bucketGiftHeads, after, limit)
}

// groups returns keys of a bucket.
func (g *Gifts) groups(ctx context.Context, bucket []byte, after string, limit int) (all []string, err error) {
	err = g.s.view(ctx, func(tx *bolt.Tx) error {
		all = nil
		in := tx.Bucket(bucket)
		if in == nil {
			return nil
		}
		c := in.Cursor()
		for k, _ := c.Seek([]byte(after + "\x00")); k != nil && len(all) < limit; k, _ = c.Next() {
			all = append(all, string(k))
		}
		return nil
	})
	return all, err
}

// Work implements gift.Store.
func (g *Gifts) Work(ctx context.Context, group string, now time.Time, limit int) (w gift.Work, err error) {
	err = g.s.view(ctx, func(tx *bolt.Tx) error {
		w = gift.Work{}
		b := &giftBook{tx: tx, group: group}
		if head, err := b.load(); err != nil || !head.Busy() {
			return err
		}
		if w.Ask, err = b.asking(now, limit, &w.Next); err != nil {
			return err
		}
		if err := b.ends(now, &w); err != nil {
			return err
		}
		if w.Show, err = b.outbox(limit); err != nil {
			return err
		}
		w.Untold, err = b.entries(b.head.Told, limit)
		return err
	})
	if err != nil {
		return gift.Work{}, err
	}
	return w, nil
}

// asking are the pending orders that are due, soonest first; next is set to when the first of the others is.
func (b *giftBook) asking(now time.Time, limit int, next *time.Time) (due []gift.Asking, err error) {
	if b.head.Pending == 0 {
		return nil, nil
	}
	err = b.each(bucketGiftDue, b.key(), func(k, _ []byte) (bool, error) {
		at, key := b.untimed(k)
		if at.After(now) {
			*next = at
			return false, nil
		}
		if len(due) == limit {
			return false, nil
		}
		var o giftOrder
		err := b.must(bucketGiftOrders, b.key([]byte(key)), &o)
		due = append(due, gift.Asking{Order: o.Order, Attempt: o.Attempt, NextAt: at})
		return true, err
	})
	return due, err
}

// ends sets since when a combo is due, and when the next one will be.
func (b *giftBook) ends(now time.Time, w *gift.Work) error {
	if b.head.Combos == 0 {
		return nil
	}
	first := func(from time.Time) (at time.Time, err error) {
		err = b.each(bucketGiftEnds, b.timed(from, ""), func(k, _ []byte) (bool, error) {
			at, _ = b.untimed(k)
			return false, nil
		})
		return at, err
	}
	at, err := first(time.Unix(0, 0))
	if err != nil || at.IsZero() {
		return err
	}
	if !at.After(now) {
		w.Ending = at
		if at, err = first(now.Add(time.Nanosecond)); err != nil || at.IsZero() {
			return err
		}
	}
	if w.Next.IsZero() || at.Before(w.Next) {
		w.Next = at
	}
	return nil
}

func (b *giftBook) outbox(limit int) (all []gift.Showing, err error) {
	if b.head.Shown == b.head.Acked {
		return nil, nil
	}
	err = b.each(bucketGiftOutbox, b.key(), func(_, v []byte) (bool, error) {
		if len(all) == limit {
			return false, nil
		}
		var s gift.Showing
		err := json.Unmarshal(v, &s)
		all = append(all, s)
		return true, err
	})
	return all, err
}

// EndCombos implements gift.Store.
func (g *Gifts) EndCombos(ctx context.Context, group string, now time.Time, limit int, m gift.Merge) (n int, err error) {
	err = g.write(ctx, group, func(b *giftBook) error {
		n = 0
		due, err := b.dueCombos(now, limit)
		if err != nil {
			return err
		}
		for _, key := range due {
			var old gift.Combo
			if err := b.must(bucketGiftCombos, b.key([]byte(key)), &old); err != nil {
				return err
			}
			head, next, show, forget := b.head.Ended(old, now, m)
			b.head = head
			if err := b.show(show); err != nil {
				return err
			}
			if err := b.keepCombo(key, old, next, forget); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (b *giftBook) dueCombos(now time.Time, limit int) (due []string, err error) {
	err = b.each(bucketGiftEnds, b.key(), func(k, _ []byte) (bool, error) {
		at, key := b.untimed(k)
		if at.After(now) || len(due) == limit {
			return false, nil
		}
		due = append(due, key)
		return true, nil
	})
	return due, err
}

// Ack implements gift.Store.
func (g *Gifts) Ack(ctx context.Context, group string, shown, told uint64) error {
	return g.write(ctx, group, func(b *giftBook) error {
		b.head = b.head.Ack(shown, told)
		var taken [][]byte
		err := b.each(bucketGiftOutbox, b.key(), func(k, _ []byte) (bool, error) {
			if binary.BigEndian.Uint64(k[len(k)-8:]) > b.head.Acked {
				return false, nil
			}
			taken = append(taken, bytes.Clone(k))
			return true, nil
		})
		for _, k := range taken {
			err = errors.Join(err, b.delete(bucketGiftOutbox, k))
		}
		return err
	})
}
