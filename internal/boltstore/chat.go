package boltstore

import (
	"context"
	"errors"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat"
)

// How the chat uses the file.
const (
	markBlock   = 1000             // sequence numbers a durable mark covers ahead
	groupsKept  = 1000             // groups in memory above which idle ones are put away
	groupIdle   = 10 * time.Minute // how long a group must rest for that
	putAwayMost = 2                // groups put away whenever one is loaded
)

// Chat is the file as chat.Store. A group in use is in memory whole; its operations take effect one after the other.
//
// Sequence numbers are taken from blocks whose end, the mark, is durable before the first is given out. Close brings the
// marks down to what was used; after a crash a group goes on above its mark, and what may have been lost counts as lost.
type Chat struct {
	s *Store

	mu     sync.Mutex // guards groups
	groups map[string]*chatGroup
}

var _ chat.Store = (*Chat)(nil)

// chatGroup is one group in memory. Whoever holds turn owns the rest.
type chatGroup struct {
	id   string
	turn chan struct{} // holds one token while somebody works on the group

	counting sync.Mutex // see Chat.counting; taken before turn

	gone   bool // deleted or put away: look it up again
	ledger *chat.Ledger
	mark   uint64
	usedAt time.Time
}

// Chat is the chat rooms' view of the file. Its own Close must come after the last use and before the file's.
func (s *Store) Chat() *Chat { return &Chat{s: s, groups: make(map[string]*chatGroup)} }

// Close makes the marks of all groups exact, so that the next start goes on without a gap. What was flushed is written
// by the file's Close.
func (c *Chat) Close() error {
	c.mu.Lock()
	var all []*chatGroup
	for _, g := range c.groups {
		all = append(all, g)
	}
	c.mu.Unlock()
	exact := make(map[string]chat.Head, len(all))
	for _, g := range all {
		g.turn <- struct{}{}
		if !g.gone && g.ledger != nil {
			exact[g.id] = g.ledger.Head()
		}
		g.gone = true
		c.forget(g)
		<-g.turn
	}
	if len(exact) == 0 {
		return nil
	}
	return errors.Join(c.s.flush(), c.s.db.Update(func(tx *bolt.Tx) error {
		for id, h := range exact {
			if err := park(tx, id, h); err != nil {
				return err
			}
		}
		return nil
	}))
}

// with runs f on a group, alone.
func (c *Chat) with(ctx context.Context, id string, f func(*chatGroup) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		g := c.entry(id)
		select {
		case g.turn <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		if g.gone {
			<-g.turn
			continue
		}
		loaded, err := c.load(ctx, g)
		if err == nil {
			g.usedAt = time.Now()
			err = f(g)
		}
		<-g.turn
		if loaded {
			c.putAway(ctx)
		}
		return err
	}
}

func (c *Chat) entry(id string) *chatGroup {
	c.mu.Lock()
	defer c.mu.Unlock()
	g, ok := c.groups[id]
	if !ok {
		g = &chatGroup{id: id, turn: make(chan struct{}, 1), usedAt: time.Now()}
		c.groups[id] = g
	}
	return g
}

// forget takes a group that is gone out of the table.
func (c *Chat) forget(g *chatGroup) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.groups[g.id] == g {
		delete(c.groups, g.id)
	}
}

// load reads a group that is not in memory yet, and says whether it did.
func (c *Chat) load(ctx context.Context, g *chatGroup) (bool, error) {
	if g.ledger != nil {
		return false, nil
	}
	err := c.s.view(ctx, func(tx *bolt.Tx) (err error) {
		g.ledger, g.mark, err = readGroup(tx, g.id, time.Now())
		return err
	})
	if err != nil {
		g.gone = true
		c.forget(g)
		return false, err
	}
	return true, nil
}

// putAway makes room in memory when many groups are there, from those nobody has used for long.
func (c *Chat) putAway(ctx context.Context) {
	for _, g := range c.idle() {
		err := c.s.flush()
		if err == nil {
			h := g.ledger.Head()
			err = c.s.update(ctx, func(tx *bolt.Tx) error { return park(tx, g.id, h) })
		}
		if err == nil {
			g.gone = true
			c.forget(g)
		}
		<-g.turn
	}
}

// idle takes the turns of a few groups that may be put away.
func (c *Chat) idle() (some []*chatGroup) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.groups) <= groupsKept {
		return nil
	}
	looked := 0
	for _, g := range c.groups {
		if looked++; looked > 50 || len(some) == putAwayMost {
			return some
		}
		select {
		case g.turn <- struct{}{}:
			if g.ledger != nil && !g.gone && time.Since(g.usedAt) > groupIdle {
				some = append(some, g)
			} else {
				<-g.turn
			}
		default: // in use
		}
	}
	return some
}

// CreateGroup implements chat.Store.
func (c *Chat) CreateGroup(ctx context.Context, g chat.Group) (now chat.Group, fresh bool, err error) {
	h := chat.NewLedger(g, time.Now().UTC()).Head()
	err = c.s.update(ctx, func(tx *bolt.Tx) error {
		fresh = false
		if groupBucket(tx, g.ID) != nil {
			return nil
		}
		fresh = true
		return createGroup(tx, h)
	})
	switch {
	case err != nil:
		return chat.Group{}, false, err
	case fresh: // whatever became of ctx
		return h.Group, true, nil
	}
	err = c.with(ctx, g.ID, func(e *chatGroup) error { now = e.ledger.Head().Group; return nil })
	return now, false, err
}

// LoadGroup implements chat.Store.
func (c *Chat) LoadGroup(ctx context.Context, group string) (state chat.GroupState, err error) {
	err = c.with(ctx, group, func(g *chatGroup) error { state = g.ledger.State(); return nil })
	return state, err
}

// DeleteGroup implements chat.Store.
func (c *Chat) DeleteGroup(ctx context.Context, group string) error {
	defer c.counting(group).Unlock()
	return c.with(ctx, group, func(g *chatGroup) error {
		err := c.s.update(ctx, func(tx *bolt.Tx) error { return deleteGroup(tx, group) })
		if err == nil {
			g.gone = true
			c.forget(g)
		}
		return err
	})
}

// Reserve implements chat.Store.
func (c *Chat) Reserve(ctx context.Context, group string, key chat.Key) (r chat.Reservation, err error) {
	err = c.with(ctx, group, func(g *chatGroup) error { r = g.ledger.Reserve(time.Now(), key); return nil })
	return r, err
}

// Release implements chat.Store.
func (c *Chat) Release(ctx context.Context, group string, keys ...chat.Key) error {
	return c.with(ctx, group, func(g *chatGroup) error { g.ledger.Release(keys...); return nil })
}

// Flush implements chat.Store.
func (c *Chat) Flush(ctx context.Context, group string, f chat.Flush) (acks []chat.Ack, err error) {
	err = c.with(ctx, group, func(g *chatGroup) error {
		if err := c.reach(ctx, g, g.ledger.Head().Seq+uint64(len(f.Candidates))); err != nil {
			return err
		}
		now := time.Now()
		acks = g.ledger.Flush(now, f)
		w := logWrite{id: group, head: g.ledger.Head(), removed: g.ledger.Trim(now, f.Keep), now: now}
		for i, a := range acks {
			if a.Dropped || a.Before || a.Refused != nil || f.Candidates[i].Unheard {
				continue
			}
			w.added = append(w.added, f.Candidates[i].Message)
			if key := f.Candidates[i].Key; key != (chat.Key{}) {
				w.settled = append(w.settled, chat.Settled{Key: key, Ack: a, Expires: now.Add(f.DedupAge)})
			}
		}
		if len(w.added)+len(w.removed) > 0 {
			c.s.later("", w.apply)
		}
		return nil
	})
	return acks, err
}

// reach makes sure that sequence numbers up to seq may be given out.
func (c *Chat) reach(ctx context.Context, g *chatGroup, seq uint64) error {
	if seq <= g.mark {
		return nil
	}
	next := seq + markBlock
	err := c.s.update(ctx, func(tx *bolt.Tx) error { return putMark(tx, g.id, next) })
	if err == nil {
		g.mark = next
	}
	return err
}

// ApplyStatus implements chat.Store.
func (c *Chat) ApplyStatus(ctx context.Context, change chat.StatusChange, m *chat.Message, keep chat.Retention) (done chat.StatusApplied, err error) {
	err = c.with(ctx, change.Group, func(g *chatGroup) (err error) {
		now := time.Now()
		done, err = g.ledger.ApplyStatus(now, change, m, c.save(ctx, g))
		c.trim(g, now, keep)
		return err
	})
	return done, err
}

// PutAttributes implements chat.Store.
func (c *Chat) PutAttributes(ctx context.Context, group string, change chat.AttributeChange) (v chat.Values, err error) {
	err = c.with(ctx, group, func(g *chatGroup) (err error) {
		v, err = g.ledger.PutAttributes(time.Now(), change, c.save(ctx, g))
		return err
	})
	return v, err
}

// PutFields implements chat.Store.
func (c *Chat) PutFields(ctx context.Context, group string, fields map[string]string) (v chat.Values, err error) {
	err = c.with(ctx, group, func(g *chatGroup) (err error) {
		v, err = g.ledger.PutFields(time.Now(), fields, c.save(ctx, g))
		return err
	})
	return v, err
}

// PutNotice implements chat.Store.
func (c *Chat) PutNotice(ctx context.Context, group, notice string) (version uint64, err error) {
	err = c.with(ctx, group, func(g *chatGroup) (err error) {
		version, err = g.ledger.PutNotice(time.Now(), notice, c.save(ctx, g))
		return err
	})
	return version, err
}

// PutProfile implements chat.Store.
func (c *Chat) PutProfile(ctx context.Context, group string, p chat.Profile) (version uint64, err error) {
	err = c.with(ctx, group, func(g *chatGroup) (err error) {
		version, err = g.ledger.PutProfile(time.Now(), p, c.save(ctx, g))
		return err
	})
	return version, err
}

// markFor is the mark to store with a head. It stays above the head's sequence number, which may be ahead of the log that
// is stored: at the next start after a crash that tells of what is missing.
func (g *chatGroup) markFor(next chat.Head) uint64 {
	if next.Seq >= g.mark && next.Seq > 0 {
		return next.Seq + markBlock
	}
	return g.mark
}

// save makes a new head, and a message that comes with it, durable.
func (c *Chat) save(ctx context.Context, g *chatGroup) chat.Save {
	return func(next chat.Head, messages ...*chat.Message) error {
		mark := g.markFor(next)
		err := c.s.update(ctx, func(tx *bolt.Tx) error { return putHead(tx, next, mark, messages) })
		if err == nil {
			g.mark = mark
		}
		return err
	}
}

// Log implements chat.Store.
func (c *Chat) Log(ctx context.Context, group string, after uint64, limit int) (m []*chat.Message, whole bool, err error) {
	err = c.with(ctx, group, func(g *chatGroup) error { m, whole = g.ledger.Log(after, limit); return nil })
	return m, whole, err
}
