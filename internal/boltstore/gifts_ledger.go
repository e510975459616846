package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"sort"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/gift"
)

// How the ledger is looked through.
const (
	ledgerScan = 5000        // most entries that one page looks at
	ledgerSkew = time.Minute // how far entries may be out of the order of their times, because clocks are
)

// giftTotals is what is kept of a session beside its ranking.
type giftTotals struct {
	gift.Totals
	At    time.Time `json:"at"` // of the newest order
	First uint64    `json:"first"`
	Last  uint64    `json:"last"` // all of its entries are from First to Last
}

func (b *giftBook) totals(session string) (t giftTotals, err error) {
	_, err = b.get(bucketGiftTotals, b.key([]byte(session)), &t)
	return t, err
}

// count adds an accepted order, the newest entry, to the totals and the ranking of a session.
func (b *giftBook) count(session string, o gift.Order) error {
	var old gift.Rank
	sender := b.key([]byte(session), []byte(o.From))
	known, err := b.get(bucketGiftSenders, sender, &old)
	if err != nil {
		return err
	}
	if known {
		if err := b.delete(bucketGiftRanking, b.rankKey(session, old)); err != nil {
			return err
		}
	}
	now := old.Add(o)
	if err := b.put(bucketGiftSenders, sender, now); err != nil {
		return err
	}
	if err := b.mark(bucketGiftRanking, b.rankKey(session, now), nil); err != nil {
		return err
	}
	t, err := b.totals(session)
	if err != nil {
		return err
	}
	t.Totals = t.Add(o, !known)
	if o.SettledAt.After(t.At) {
		t.At = o.SettledAt
	}
	if t.First == 0 {
		t.First = b.head.Entries
	}
	t.Last = b.head.Entries
	return b.put(bucketGiftTotals, b.key([]byte(session)), t)
}

// rankKey sorts senders of a session by what they gave, most first.
func (b *giftBook) rankKey(session string, r gift.Rank) []byte {
	k := append(b.key([]byte(session)), 0)
	k = binary.BigEndian.AppendUint64(k, math.MaxUint64-uint64(r.Value))
	return append(k, r.User...)
}

// Totals implements gift.Store.
func (g *Gifts) Totals(ctx context.Context, group, session string) (gift.Totals, error) {
	var t giftTotals
	err := g.s.view(ctx, func(tx *bolt.Tx) (err error) {
		b := giftBook{tx: tx, group: group}
		t, err = b.totals(session)
		return err
	})
	return t.Totals, err
}

// Ranking implements gift.Store.
func (g *Gifts) Ranking(ctx context.Context, group, session string, limit int) (all []gift.Rank, err error) {
	err = g.s.view(ctx, func(tx *bolt.Tx) error {
		all = nil
		b := giftBook{tx: tx, group: group}
		prefix := append(b.key([]byte(session)), 0)
		return b.each(bucketGiftRanking, prefix, func(k, _ []byte) (bool, error) {
			if len(all) == limit || !bytes.HasPrefix(k, prefix) {
				return false, nil
			}
			r := gift.Rank{}
			user := k[len(prefix)+8:]
			if err := b.must(bucketGiftSenders, b.key([]byte(session), user), &r); err != nil {
				return false, err
			}
			r.Rank = len(all) + 1
			all = append(all, r)
			return true, nil
		})
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Ledger implements gift.Store.
func (g *Gifts) Ledger(ctx context.Context, q gift.Query) (p gift.Page, err error) {
	err = g.s.view(ctx, func(tx *bolt.Tx) error {
		p = gift.Page{}
		b := giftBook{tx: tx, group: q.Group}
		after, end, err := b.span(q)
		if err != nil {
			return err
		}
		looked, last := 0, after
		return b.eachEntry(after, func(e gift.Entry) bool {
			switch {
			case e.Number > end || !q.Until.IsZero() && e.SettledAt.After(q.Until.Add(ledgerSkew)):
				return false
			case len(p.Entries) == q.Limit || looked == ledgerScan:
				p.Next = last
				return false
			}
			looked, last = looked+1, e.Number
			if q.Matches(e.Order) {
				p.Entries = append(p.Entries, e)
			}
			return true
		})
	})
	if err != nil {
		return gift.Page{}, err
	}
	return p, nil
}

// span bounds where entries that are asked for can be: after one number, up to another.
func (b *giftBook) span(q gift.Query) (after, end uint64, err error) {
	if _, err := b.load(); err != nil {
		return 0, 0, err
	}
	after, end = q.After, b.head.Entries
	if q.Session != "" {
		t, err := b.totals(q.Session)
		if err != nil || t.First == 0 {
			return after, 0, err
		}
		after, end = max(after, t.First-1), min(end, t.Last)
	}
	if q.Since.IsZero() {
		return after, end, nil
	}
	since := q.Since.Add(-ledgerSkew)
	old := sort.Search(int(end-min(after, end)), func(i int) bool { // entry after+1+i is not too old
		var e gift.Entry
		if failed := b.eachEntry(after+uint64(i), func(first gift.Entry) bool { e = first; return false }); failed != nil {
			err = failed
		}
		return !e.SettledAt.Before(since)
	})
	return after + uint64(old), end, err
}

// entries are those after a number.
func (b *giftBook) entries(after uint64, limit int) (all []gift.Entry, err error) {
	if after == b.head.Entries {
		return nil, nil
	}
	err = b.eachEntry(after, func(e gift.Entry) bool {
		if len(all) < limit {
			all = append(all, e)
		}
		return len(all) < limit
	})
	return all, err
}

// eachEntry runs f on the entries after a number until it answers false.
func (b *giftBook) eachEntry(after uint64, f func(gift.Entry) bool) error {
	return b.each(bucketGiftLedger, roomKey(b.group, after+1), func(k, v []byte) (bool, error) {
		var o giftOrder
		if err := b.must(bucketGiftOrders, b.key(v), &o); err != nil {
			return false, err
		}
		return f(gift.Entry{Number: binary.BigEndian.Uint64(k[len(k)-8:]), Order: o.Order}), nil
	})
}

// Trim implements gift.Store.
func (g *Gifts) Trim(ctx context.Context, group string, accepted, refused time.Time, limit int) (n int, err error) {
	err = g.write(ctx, group, func(b *giftBook) error {
		n = 0
		for _, trim := range []func() (int, error){
			func() (int, error) { return b.trimLedger(accepted, limit) },
			func() (int, error) { return b.trimRefused(refused, limit-n) },
			func() (int, error) { return b.trimSessions(accepted, limit-n) },
		} {
			some, err := trim()
			if err != nil {
				return err
			}
			n += some
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (b *giftBook) trimLedger(before time.Time, limit int) (int, error) {
	var old []gift.Entry
	err := b.eachEntry(0, func(e gift.Entry) bool {
		if len(old) == limit || e.Number > b.head.Told || !e.SettledAt.Before(before) {
			return false
		}
		old = append(old, e)
		return true
	})
	for _, e := range old {
		err = errors.Join(err, b.delete(bucketGiftLedger, roomKey(b.group, e.Number)), b.delete(bucketGiftOrders, b.key([]byte(e.Key()))))
	}
	return len(old), err
}

func (b *giftBook) trimRefused(before time.Time, limit int) (int, error) {
	var old [][]byte
	err := b.each(bucketGiftRefused, b.key(), func(k, _ []byte) (bool, error) {
		if at, _ := b.untimed(k); len(old) == limit || !at.Before(before) {
			return false, nil
		}
		old = append(old, bytes.Clone(k))
		return true, nil
	})
	for _, k := range old {
		_, key := b.untimed(k)
		err = errors.Join(err, b.delete(bucketGiftRefused, k), b.delete(bucketGiftOrders, b.key([]byte(key))))
	}
	return len(old), err
}

// trimSessions removes old sessions' senders, and with the last of them the session.
func (b *giftBook) trimSessions(before time.Time, limit int) (n int, err error) {
	var old []string
	err = b.each(bucketGiftTotals, b.key(), func(k, v []byte) (bool, error) {
		session := string(k[len(b.group)+1:])
		t, err := b.totals(session)
		if session != gift.All && t.At.Before(before) {
			old = append(old, session)
		}
		return len(old) < limit, err
	})
	for _, session := range old {
		if err != nil || n >= limit {
			break
		}
		var some int
		some, err = b.trimSession(session, limit-n)
		n += some
	}
	return n, err
}

func (b *giftBook) trimSession(session string, limit int) (int, error) {
	prefix := append(b.key([]byte(session)), 0)
	var senders []gift.Rank
	err := b.each(bucketGiftSenders, prefix, func(k, _ []byte) (bool, error) {
		if !bytes.HasPrefix(k, prefix) || len(senders) == limit {
			return false, nil
		}
		var r gift.Rank
		_, err := b.get(bucketGiftSenders, k, &r)
		senders = append(senders, r)
		return true, err
	})
	if err != nil {
		return 0, err
	}
	for _, r := range senders {
		err = errors.Join(err, b.delete(bucketGiftRanking, b.rankKey(session, r)), b.delete(bucketGiftSenders, b.key([]byte(session), []byte(r.User))))
	}
	if len(senders) == limit {
		return limit, err // perhaps there are more
	}
	return len(senders) + 1, errors.Join(err, b.delete(bucketGiftTotals, b.key([]byte(session))))
}
