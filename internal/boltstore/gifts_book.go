package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat"
	"liveroom/chat/gift"
)

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

// must is get for what another key says is there.
func (b *giftBook) must(bucket, key []byte, v any) error {
	found, err := b.get(bucket, key, v)
	if err == nil && !found {
		err = fmt.Errorf("%w: %q is not in %s", errCorrupt, key, bucket)
	}
	return err
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

// admit counts a new order in, if there is room for it.
func (b *giftBook) admit() error {
	total, err := b.totals(gift.All)
	if err == nil {
		b.head, err = b.head.Place(total.Totals)
	}
	return err
}

// place keeps a new pending order.
func (b *giftBook) place(o giftOrder) error {
	if err := b.admit(); err != nil {
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
