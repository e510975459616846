package boltstore

import (
	"context"
	"time"

	bolt "go.etcd.io/bbolt"

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
			if err := b.admit(); err != nil {
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
