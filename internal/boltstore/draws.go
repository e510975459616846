package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/draw"
)

// Buckets of the draws, made with the first one. Ids hold no zero byte.
//
//	draws          group, 0, number (8 bytes) → draw.Draw (JSON)
//	draws.ids      group, 0, id → number (8 bytes)
//	draws.entries  group, 0, number (8 bytes), index (8 bytes) → draw.Entry (JSON)
//	draws.users    group, 0, number (8 bytes), user → nothing: who is in it
//	draws.won      group, 0, user → number (8 bytes) of the newest draw he won
//	draws.out      group, 0, number (8 bytes) → draw.Out (JSON)
//	draws.heads    group → draw.Head (JSON)
//	draws.over     when it was closed (8 bytes, Unix ms), group, 0, number (8 bytes) → nothing
//	draws.busy     group → nothing: those with an open draw or something in the outbox
var (
	bucketDraws       = []byte("draws")
	bucketDrawIDs     = []byte("draws.ids")
	bucketDrawEntries = []byte("draws.entries")
	bucketDrawUsers   = []byte("draws.users")
	bucketDrawsWon    = []byte("draws.won")
	bucketDrawsOut    = []byte("draws.out")
	bucketDrawHeads   = []byte("draws.heads")
	bucketDrawsOver   = []byte("draws.over")
	bucketDrawsBusy   = []byte("draws.busy")
)

// Draws is the file as draw.Store. Everything is class A.
type Draws struct{ s *Store }

var _ draw.Store = (*Draws)(nil)

// Draws is the lucky draws' view of the file.
func (s *Store) Draws() *Draws { return &Draws{s: s} }

// Now implements draw.Store.
func (w *Draws) Now(context.Context) (time.Time, error) { return time.Now().UTC(), nil }

// drawTx is one transaction's view of one group.
type drawTx struct {
	tx    *bolt.Tx
	group string
}

func (t drawTx) bucket(name []byte) *bolt.Bucket { return t.tx.Bucket(name) }

func (t drawTx) key(parts ...[]byte) []byte {
	return append(append([]byte(t.group), 0), bytes.Join(parts, nil)...)
}

func (w *Draws) update(ctx context.Context, group string, fn func(t drawTx) error) error {
	return w.s.update(ctx, func(tx *bolt.Tx) error {
		if tx.Bucket(bucketDrawsOver) == nil { // it is the youngest
			if err := makeDraws(tx); err != nil {
				return err
			}
		}
		return fn(drawTx{tx, group})
	})
}

// makeDraws makes the buckets. Of draws that are there from before draws.over was, it notes which are over.
func makeDraws(tx *bolt.Tx) error {
	for _, name := range [][]byte{
		bucketDraws, bucketDrawIDs, bucketDrawEntries, bucketDrawUsers, bucketDrawsWon, bucketDrawsOut, bucketDrawHeads, bucketDrawsOver, bucketDrawsBusy,
	} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return tx.Bucket(bucketDraws).ForEach(func(k, v []byte) error {
		var d draw.Draw
		if err := json.Unmarshal(v, &d); err != nil {
			return fmt.Errorf("decode draw %q: %w", k, err)
		}
		if d.State == draw.Open {
			return nil
		}
		return drawTx{tx, d.Group}.over(d, true)
	})
}

// view is for reading: without any draw it does nothing.
func (w *Draws) view(ctx context.Context, group string, fn func(t drawTx) error) error {
	return w.s.view(ctx, func(tx *bolt.Tx) error {
		if tx.Bucket(bucketDraws) == nil {
			return nil
		}
		return fn(drawTx{tx, group})
	})
}

func (t drawTx) head() (h draw.Head, err error) {
	_, err = getJSON(t.bucket(bucketDrawHeads), []byte(t.group), &h)
	return h, err
}

// put stores a draw and the head, with what is to be told, if anything is.
func (t drawTx) put(d draw.Draw, h draw.Head, out *draw.Out) error {
	if err := putJSON(t.bucket(bucketDraws), t.key(number(d.Number)), d); err != nil {
		return err
	}
	if err := putJSON(t.bucket(bucketDrawHeads), []byte(t.group), h); err != nil {
		return err
	}
	if out != nil {
		if err := putJSON(t.bucket(bucketDrawsOut), t.key(number(out.Number)), out); err != nil {
			return err
		}
	}
	return t.mark(h)
}

// mark notes whether the group is busy.
func (t drawTx) mark(h draw.Head) error {
	k, _ := t.bucket(bucketDrawsOut).Cursor().Seek(t.key())
	return mark(t.bucket(bucketDrawsBusy), []byte(t.group), h.Open != "" || bytes.HasPrefix(k, t.key()))
}

// over notes that a draw is over, or not kept any more.
func (t drawTx) over(d draw.Draw, is bool) error {
	return mark(t.bucket(bucketDrawsOver), append(number(uint64(d.ClosedAt.UnixMilli())), t.key(number(d.Number))...), is)
}

func (t drawTx) find(id string) (d draw.Draw, found bool, err error) {
	n := t.bucket(bucketDrawIDs).Get(t.key([]byte(id)))
	if n == nil {
		return d, false, nil
	}
	found, err = getJSON(t.bucket(bucketDraws), t.key(n), &d)
	if err == nil && !found {
		err = fmt.Errorf("%w: draw %q of %q is only an id", errCorrupt, id, t.group)
	}
	return d, found, err
}

func (t drawTx) load(id string) (draw.Draw, error) {
	d, found, err := t.find(id)
	if err == nil && !found {
		err = draw.ErrNoDraw
	}
	return d, err
}

// Start implements draw.Store.
func (w *Draws) Start(ctx context.Context, d draw.Draw) (stored draw.Draw, fresh bool, err error) {
	err = w.update(ctx, d.Group, func(t drawTx) error {
		there, found, err := t.find(d.ID)
		if err != nil {
			return err
		}
		if fresh = !found; found {
			stored = there
			return nil
		}
		head, err := t.head()
		if err != nil {
			return err
		}
		next, started, out, err := head.Start(d)
		if err != nil {
			return err
		}
		stored = started
		if err := t.bucket(bucketDrawIDs).Put(t.key([]byte(d.ID)), number(started.Number)); err != nil {
			return err
		}
		if err := t.put(started, next, &out); err != nil {
			return err
		}
		return t.remove(next.Oldest())
	})
	if err != nil {
		return draw.Draw{}, false, err
	}
	return stored, fresh, nil
}

// Enter implements draw.Store.
func (w *Draws) Enter(ctx context.Context, group, id string, from uint64, more draw.More) (d draw.Draw, err error) {
	err = w.update(ctx, group, func(t drawTx) error {
		was, err := t.load(id)
		if err != nil {
			return err
		}
		users := t.bucket(bucketDrawUsers)
		user := func(name string) []byte { return t.key(number(was.Number), []byte(name)) }
		next, added, ok := was.Enter(from, more, func(name string) bool { return users.Get(user(name)) != nil })
		if d = next; !ok {
			return nil
		}
		for i, e := range added {
			if err := mark(users, user(e.User), true); err != nil {
				return err
			}
			index := number(uint64(was.Entries + i))
			if err := putJSON(t.bucket(bucketDrawEntries), t.key(number(was.Number), index), e); err != nil {
				return err
			}
		}
		return putJSON(t.bucket(bucketDraws), t.key(number(d.Number)), d)
	})
	if err != nil {
		return draw.Draw{}, err
	}
	return d, nil
}

// Move implements draw.Store.
func (w *Draws) Move(ctx context.Context, group, id string, endsAt time.Time) (d draw.Draw, err error) {
	err = w.update(ctx, group, func(t drawTx) error {
		was, err := t.load(id)
		if err != nil {
			return err
		}
		if d, err = was.Move(endsAt); err != nil {
			return err
		}
		return putJSON(t.bucket(bucketDraws), t.key(number(d.Number)), d)
	})
	if err != nil {
		return draw.Draw{}, err
	}
	return d, nil
}

// Close implements draw.Store.
func (w *Draws) Close(ctx context.Context, group, id string, c draw.Closing) (d draw.Draw, err error) {
	err = w.update(ctx, group, func(t drawTx) error {
		was, err := t.load(id)
		if err != nil {
			return err
		}
		head, err := t.head()
		if err != nil {
			return err
		}
		next, closed, out, ok := head.Close(was, c)
		if d = closed; !ok {
			return nil
		}
		for _, winner := range closed.Drawn {
			if err := t.bucket(bucketDrawsWon).Put(t.key([]byte(winner.User)), number(closed.Number)); err != nil {
				return err
			}
		}
		if err := t.over(closed, true); err != nil {
			return err
		}
		return t.put(closed, next, &out)
	})
	if err != nil {
		return draw.Draw{}, err
	}
	return d, nil
}
