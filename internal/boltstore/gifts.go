package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat"
	"liveroom/chat/gift"
)

// Buckets of gifts, made when they are needed. Most keys begin with the group and a zero byte; times are 8 bytes, big endian,
// Unix nanoseconds.
//
//	gifts            "catalogue" → gift.Catalogue (JSON)
//	gifts.heads      group → gift.Head (JSON)
//	gifts.busy       group → nothing: groups whose head says so
//	gifts.orders     group, 0, order's key → giftOrder (JSON)
//	gifts.due        group, 0, time, order's key → nothing: pending orders by when they are asked again
//	gifts.refused    group, 0, time, order's key → nothing: refused orders by when they were
//	gifts.ledger     group, 0, number (8 bytes, big endian) → order's key
//	gifts.outbox     group, 0, number (8 bytes, big endian) → gift.Showing (JSON)
//	gifts.combos     group, 0, combo's key → gift.Combo (JSON)
//	gifts.ends       group, 0, time, combo's key → nothing: combos by when they are due
//	gifts.totals     group, 0, session → giftTotals (JSON); here and below the session may be gift.All
//	gifts.senders    group, 0, session, 0, user → gift.Rank (JSON)
//	gifts.ranking    group, 0, session, 0, 2⁶⁴−1−value (8 bytes, big endian), user → nothing
var (
	bucketGifts       = []byte("gifts")
	bucketGiftHeads   = []byte("gifts.heads")
	bucketGiftBusy    = []byte("gifts.busy")
	bucketGiftOrders  = []byte("gifts.orders")
	bucketGiftDue     = []byte("gifts.due")
	bucketGiftRefused = []byte("gifts.refused")
	bucketGiftLedger  = []byte("gifts.ledger")
	bucketGiftOutbox  = []byte("gifts.outbox")
	bucketGiftCombos  = []byte("gifts.combos")
	bucketGiftEnds    = []byte("gifts.ends")
	bucketGiftTotals  = []byte("gifts.totals")
	bucketGiftSenders = []byte("gifts.senders")
	bucketGiftRanking = []byte("gifts.ranking")

	keyCatalogue = []byte("catalogue")
)

// Gifts is the file as gift.Store. Everything is class A.
type Gifts struct{ s *Store }

var _ gift.Store = (*Gifts)(nil)

// Gifts is the gifts' view of the file.
func (s *Store) Gifts() *Gifts { return &Gifts{s: s} }

// giftOrder is an order as it is kept.
type giftOrder struct {
	Order   gift.Order `json:"order"`
	Attempt int        `json:"attempt,omitempty"` // of a pending one
	NextAt  time.Time  `json:"nextAt,omitzero"`
}

// Catalogue implements gift.Store.
func (g *Gifts) Catalogue(ctx context.Context) (c gift.Catalogue, err error) {
	err = g.s.view(ctx, func(tx *bolt.Tx) error {
		c, err = catalogue(tx)
		return err
	})
	return c, err
}

func catalogue(tx *bolt.Tx) (c gift.Catalogue, err error) {
	if b := tx.Bucket(bucketGifts); b != nil {
		_, err = getJSON(b, keyCatalogue, &c)
	}
	return c, err
}

// PutGift implements gift.Store.
func (g *Gifts) PutGift(ctx context.Context, fresh gift.Gift) (gift.Catalogue, error) {
	return g.changeCatalogue(ctx, func(c gift.Catalogue) (gift.Catalogue, error) { return c.Put(fresh) })
}

// DeleteGift implements gift.Store.
func (g *Gifts) DeleteGift(ctx context.Context, id string) (gift.Catalogue, error) {
	return g.changeCatalogue(ctx, func(c gift.Catalogue) (gift.Catalogue, error) { return c.Delete(id) })
}

func (g *Gifts) changeCatalogue(ctx context.Context, change func(gift.Catalogue) (gift.Catalogue, error)) (c gift.Catalogue, err error) {
	err = g.s.update(ctx, func(tx *bolt.Tx) error {
		old, err := catalogue(tx)
		if err != nil {
			return err
		}
		if c, err = change(old); err != nil {
			return err
		}
		b, err := tx.CreateBucketIfNotExists(bucketGifts)
		if err != nil {
			return err
		}
		return putJSON(b, keyCatalogue, c)
	})
	if err != nil {
		return gift.Catalogue{}, err
	}
	return c, nil
}

// Place implements gift.Store.
func (g *Gifts) Place(ctx context.Context, o gift.Order, askAt time.Time) (now gift.Order, fresh bool, err error) {
	err = g.write(ctx, o.Group, func(b *giftBook) error {
		now, fresh = gift.Order{}, false
		old, found, err := b.order(o.Key())
		if err != nil {
			return err
		}
		if found {
			now, err = gift.Repeated(old.Order, o)
			return err
		}
		o.State = gift.Pending
		now, fresh = o, true
		return b.place(giftOrder{Order: o, Attempt: 1, NextAt: askAt})
	})
	if err != nil {
		return gift.Order{}, false, err
	}
	return now, fresh, nil
}

// Settle implements gift.Store.
func (g *Gifts) Settle(ctx context.Context, group, key string, v gift.Verdict, at time.Time, m gift.Merge) (now gift.Order, fresh bool, err error) {
	err = g.write(ctx, group, func(b *giftBook) error {
		now, fresh = gift.Order{}, false
		old, found, err := b.order(key)
		switch {
		case err != nil:
			return err
		case !found:
			return gift.ErrNoOrder
		case old.Order.State != gift.Pending || !v.Known():
			now = old.Order
			return nil
		}
		now, fresh = old.Order.Settled(v, at), true
		return b.settle(old, now, m)
	})
	if err != nil {
		return gift.Order{}, false, err
	}
	return now, fresh, nil
}

// Record implements gift.Store.
func (g *Gifts) Record(ctx context.Context, o gift.Order, m gift.Merge) (now gift.Order, fresh bool, err error) {
	err = g.write(ctx, o.Group, func(b *giftBook) error {
		now, fresh = gift.Order{}, false
		old, found, err := b.order(o.Key())
		if err != nil {
			return err
		}
		if found {
			if now, err = gift.Repeated(old.Order, o); err != nil || now.State != gift.Pending {
				return err
			}
		} else {
			now, old = o, giftOrder{}
			total, err := b.totals(gift.All)
			if err != nil {
				return err
			}
			if b.head, err = b.head.Place(total.Totals); err != nil {
				return err
			}
		}
		now, fresh = now.Settled(gift.Verdict{State: gift.Accepted}, o.SettledAt), true
		return b.settle(old, now, m)
	})
	if err != nil {
		return gift.Order{}, false, err
	}
	return now, fresh, nil
}

// Ask implements gift.Store.
func (g *Gifts) Ask(ctx context.Context, group, key string, attempt int, next time.Time) (mine bool, err error) {
	err = g.write(ctx, group, func(b *giftBook) error {
		mine = false
		o, found, err := b.order(key)
		switch {
		case err != nil:
			return err
		case !found:
			return gift.ErrNoOrder
		case o.Order.State != gift.Pending || o.Attempt != attempt:
			return nil
		}
		mine = true
		if err := b.delete(bucketGiftDue, b.timed(o.NextAt, key)); err != nil {
			return err
		}
		o.Attempt, o.NextAt = attempt+1, next
		return b.wait(o)
	})
	return mine && err == nil, err
}

// Order implements gift.Store.
func (g *Gifts) Order(ctx context.Context, group, key string) (o gift.Order, err error) {
	err = g.s.view(ctx, func(tx *bolt.Tx) error {
		b := giftBook{tx: tx, group: group}
		kept, found, err := b.order(key)
		if err == nil && !found {
			err = gift.ErrNoOrder
		}
		o = kept.Order
		return err
	})
	return o, err
}

// giftBook is one group in a transaction.
type giftBook struct {
	tx    *bolt.Tx
	group string
	head  gift.Head
}

// write changes a group: what f makes of the head is stored with the rest. A refusal must come before f's first change: it does
// not undo the transaction, which others share.
func (g *Gifts) write(ctx context.Context, group string, f func(*giftBook) error) error {
	var refusal *chat.Error
	err := g.s.update(ctx, func(tx *bolt.Tx) error {
		refusal = nil
		b := &giftBook{tx: tx, group: group}
		before, err := b.load()
		if err != nil {
			return err
		}
		switch err := f(b); {
		case errors.As(err, &refusal):
			return nil
		case err != nil || b.head == before:
			return err
		}
		return b.save()
	})
	if err == nil && refusal != nil {
		return refusal
	}
	return err
}

func (b *giftBook) load() (gift.Head, error) {
	var err error
	if heads := b.tx.Bucket(bucketGiftHeads); heads != nil {
		_, err = getJSON(heads, []byte(b.group), &b.head)
	}
	return b.head, err
}

func (b *giftBook) save() error {
	if err := b.put(bucketGiftHeads, []byte(b.group), b.head); err != nil {
		return err
	}
	busy, err := b.tx.CreateBucketIfNotExists(bucketGiftBusy)
	if err != nil {
		return err
	}
	return mark(busy, []byte(b.group), b.head.Busy())
}

// key is the group's key of something.
func (b *giftBook) key(parts ...[]byte) []byte {
	return append(append([]byte(b.group), 0), bytes.Join(parts, []byte{0})...)
}

// timed is the group's key of something at a time.
func (b *giftBook) timed(at time.Time, key string) []byte {
	return append(roomKey(b.group, uint64(at.UnixNano())), key...)
}

// untimed takes a timed key apart.
func (b *giftBook) untimed(k []byte) (at time.Time, key string) {
	k = k[len(b.group)+1:]
	return time.Unix(0, int64(binary.BigEndian.Uint64(k))).UTC(), string(k[8:])
}

func (b *giftBook) put(bucket, key []byte, v any) error {
	in, err := b.tx.CreateBucketIfNotExists(bucket)
	if err != nil {
		return err
	}
	return putJSON(in, key, v)
}

func (b *giftBook) mark(bucket, key, value []byte) error {
	in, err := b.tx.CreateBucketIfNotExists(bucket)
	if err != nil {
		return err
	}
	return in.Put(key, value)
}

func (b *giftBook) get(bucket, key []byte, v any) (bool, error) {
	in := b.tx.Bucket(bucket)
	if in == nil {
		return false, nil
	}
	return getJSON(in, key, v)
}

func (b *giftBook) delete(bucket, key []byte) error {
	in := b.tx.Bucket(bucket)
	if in == nil {
		return nil
	}
	return in.Delete(key)
}

// each runs f on the group's keys of a bucket from one on, in order, until it answers false. f must not change the bucket.
func (b *giftBook) each(bucket, from []byte, f func(k, v []byte) (bool, error)) error {
	in := b.tx.Bucket(bucket)
	if in == nil {
		return nil
	}
	prefix := b.key()
	c := in.Cursor()
	for k, v := c.Seek(from); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if more, err := f(k, v); err != nil || !more {
			return err
		}
	}
	return nil
}

func (b *giftBook) order(key string) (o giftOrder, found bool, err error) {
	found, err = b.get(bucketGiftOrders, b.key([]byte(key)), &o)
	return o, found, err
}

// place keeps a new pending order.
func (b *giftBook) place(o giftOrder) error {
	total, err := b.totals(gift.All)
	if err != nil {
		return err
	}
	if b.head, err = b.head.Place(total.Totals); err != nil {
		return err
	}
	return b.wait(o)
}

// wait stores a pending order with when it is asked again.
func (b *giftBook) wait(o giftOrder) error {
	key := o.Order.Key()
	if err := b.put(bucketGiftOrders, b.key([]byte(key)), o); err != nil {
		return err
	}
	return b.mark(bucketGiftDue, b.timed(o.NextAt, key), nil)
}

// settle stores an order that is settled. old is what was kept of it; zero if it is new.
func (b *giftBook) settle(old giftOrder, o gift.Order, m gift.Merge) error {
	key := o.Key()
	if old.Attempt > 0 {
		if err := b.delete(bucketGiftDue, b.timed(old.NextAt, key)); err != nil {
			return err
		}
	}
	if err := b.put(bucketGiftOrders, b.key([]byte(key)), giftOrder{Order: o}); err != nil {
		return err
	}
	if o.State == gift.Refused {
		b.head = b.head.Refuse()
		return b.mark(bucketGiftRefused, b.timed(o.SettledAt, key), nil)
	}
	return b.accept(o, m)
}

// accept writes an accepted order into the ledger and does all that goes with it.
func (b *giftBook) accept(o gift.Order, m gift.Merge) error {
	var c gift.Combo
	combo := o.ComboKey()
	if combo != "" {
		if _, err := b.get(bucketGiftCombos, b.key([]byte(combo)), &c); err != nil {
			return err
		}
	}
	step := b.head.Accept(o, c, m)
	b.head = step.Head
	if err := b.mark(bucketGiftLedger, roomKey(b.group, step.Entry), []byte(o.Key())); err != nil {
		return err
	}
	if step.Combo != nil {
		if err := b.keepCombo(combo, c, *step.Combo, false); err != nil {
			return err
		}
	}
	if err := b.show(step.Show); err != nil {
		return err
	}
	if err := b.count(gift.All, o); err != nil {
		return err
	}
	return b.count(o.Session, o)
}

// show puts messages into the outbox.
func (b *giftBook) show(all []gift.Showing) error {
	for _, s := range all {
		if err := b.put(bucketGiftOutbox, roomKey(b.group, s.Number), s); err != nil {
			return err
		}
	}
	return nil
}

// keepCombo stores a combo, or removes it, with when it is due.
func (b *giftBook) keepCombo(key string, old, now gift.Combo, forget bool) error {
	if old.Last.ID != "" {
		if err := b.delete(bucketGiftEnds, b.timed(old.Due, key)); err != nil {
			return err
		}
	}
	if forget {
		return b.delete(bucketGiftCombos, b.key([]byte(key)))
	}
	if err := b.put(bucketGiftCombos, b.key([]byte(key)), now); err != nil {
		return err
	}
	return b.mark(bucketGiftEnds, b.timed(now.Due, key), nil)
}
