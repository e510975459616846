package redisstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"liveroom/chat"
	"liveroom/chat/draw"
)

// Draws is Redis as draw.Store. Its keys:
//
//	{lr}:draws:head:GROUP            string: draw.Head (JSON)
//	{lr}:draws:all:GROUP             hash: number → draw.Draw (JSON)
//	{lr}:draws:ids:GROUP             hash: id → number
//	{lr}:draws:won:GROUP             hash: user → number of the newest draw he won
//	{lr}:draws:out:GROUP             sorted set by number: draw.Out (JSON)
//	{lr}:draws:entries:NUMBER:GROUP  list: draw.Entry (JSON), in their order
//	{lr}:draws:users:NUMBER:GROUP    set: who is in it
//	{lr}:draws:over                  sorted set by when they were closed (Unix ms): NUMBER:GROUP of draws that are over
//	{lr}:draws:busy                  set: groups with an open draw or something to be told
//
// A change of a draw compares it, and one of the outbox the head: so what else is read is what it was.
type Draws struct{ s *Store }

var _ draw.Store = (*Draws)(nil)

// Draws is the lucky draws' view of Redis.
func (s *Store) Draws() *Draws { return &Draws{s: s} }

func (w *Draws) key(parts ...string) string {
	return w.s.key("lr", append([]string{"draws"}, parts...)...)
}

func numbered(n uint64) string { return strconv.FormatUint(n, 10) }

// Now implements draw.Store.
func (w *Draws) Now(ctx context.Context) (time.Time, error) { return w.s.Now(ctx) }

// drawDraft is a change of one group's draws that is being made.
type drawDraft struct {
	*draft
	w     *Draws
	group string
}

func (w *Draws) change(ctx context.Context, group string, f func(ctx context.Context, d drawDraft) error) error {
	return w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error { return f(ctx, drawDraft{d, w, group}) })
}

func (d drawDraft) head(ctx context.Context) (h draw.Head, err error) {
	text, found, err := d.text(ctx, d.w.key("head", d.group))
	if err == nil && found {
		if err = json.Unmarshal([]byte(text), &h); err != nil {
			err = fmt.Errorf("decode the head of draws of %q: %w", d.group, err)
		}
	}
	return h, err
}

func (d drawDraft) find(ctx context.Context, id string) (found draw.Draw, there bool, err error) {
	numbers, err := d.fields(ctx, d.w.key("ids", d.group), id)
	if err != nil {
		return found, false, err
	}
	n, there := numbers[0].(string)
	if !there {
		return found, false, nil
	}
	values, err := d.fields(ctx, d.w.key("all", d.group), n)
	if err != nil {
		return found, false, err
	}
	return decode[draw.Draw](values[0])
}

func (d drawDraft) load(ctx context.Context, id string) (draw.Draw, error) {
	found, there, err := d.find(ctx, id)
	if err == nil && !there {
		err = draw.ErrNoDraw
	}
	return found, err
}

func (d drawDraft) put(next draw.Draw) error {
	return d.draft.put(d.w.key("all", d.group), numbered(next.Number), next)
}

// tell notes the head and what is to be told.
func (d drawDraft) tell(h draw.Head, out draw.Out) error {
	head, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode the head of draws of %q: %w", d.group, err)
	}
	text, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("encode what %q is to be told: %w", d.group, err)
	}
	d.do("SET", d.w.key("head", d.group), head)
	d.do("ZADD", d.w.key("out", d.group), out.Number, text)
	d.do("SADD", d.w.key("busy"), d.group)
	return nil
}

// Start implements draw.Store.
func (w *Draws) Start(ctx context.Context, d draw.Draw) (stored draw.Draw, fresh bool, err error) {
	err = w.change(ctx, d.Group, func(ctx context.Context, draft drawDraft) error {
		there, found, err := draft.find(ctx, d.ID)
		if err != nil {
			return err
		}
		if fresh = !found; found {
			stored = there
			return nil
		}
		head, err := draft.head(ctx)
		if err != nil {
			return err
		}
		next, started, out, err := head.Start(d)
		if err != nil {
			return err
		}
		stored = started
		draft.do("HSET", w.key("ids", d.Group), d.ID, started.Number)
		if err := draft.put(started); err != nil {
			return err
		}
		if err := draft.tell(next, out); err != nil {
			return err
		}
		return draft.remove(ctx, next.Oldest())
	})
	if err != nil {
		return draw.Draw{}, false, err
	}
	return stored, fresh, nil
}

// Enter implements draw.Store.
func (w *Draws) Enter(ctx context.Context, group, id string, from uint64, more draw.More) (d draw.Draw, err error) {
	err = w.change(ctx, group, func(ctx context.Context, draft drawDraft) error {
		was, err := draft.load(ctx, id)
		if err != nil {
			return err
		}
		users := w.key("users", numbered(was.Number), group)
		in, err := w.in(ctx, users, more.Entries)
		if err != nil {
			return err
		}
		next, added, ok := was.Enter(from, more, func(user string) bool { return in[user] })
		if d = next; !ok {
			return nil
		}
		var names, entries []any
		for _, e := range added {
			text, err := json.Marshal(e)
			if err != nil {
				return fmt.Errorf("encode the entry of %q: %w", e.User, err)
			}
			names, entries = append(names, e.User), append(entries, text)
		}
		draft.each("SADD", users, names)
		draft.each("RPUSH", w.key("entries", numbered(was.Number), group), entries)
		return draft.put(next)
	})
	if err != nil {
		return draw.Draw{}, err
	}
	return d, nil
}

// in says who of entries is in a draw.
func (w *Draws) in(ctx context.Context, users string, entries []draw.Entry) (map[string]bool, error) {
	in := make(map[string]bool, len(entries))
	for len(entries) > 0 {
		some := entries[:min(len(entries), maxArgs)]
		entries = entries[len(some):]
		names := make([]any, len(some))
		for i, e := range some {
			names[i] = e.User
		}
		found, err := w.s.rdb.SMIsMember(ctx, users, names...).Result()
		if err != nil {
			return nil, away(err)
		}
		for i, e := range some {
			in[e.User] = found[i]
		}
	}
	return in, nil
}

// Move implements draw.Store.
func (w *Draws) Move(ctx context.Context, group, id string, endsAt time.Time) (d draw.Draw, err error) {
	err = w.change(ctx, group, func(ctx context.Context, draft drawDraft) error {
		was, err := draft.load(ctx, id)
		if err != nil {
			return err
		}
		if d, err = was.Move(endsAt); err != nil {
			return err
		}
		return draft.put(d)
	})
	if err != nil {
		return draw.Draw{}, err
	}
	return d, nil
}

// Close implements draw.Store.
func (w *Draws) Close(ctx context.Context, group, id string, c draw.Closing) (d draw.Draw, err error) {
	err = w.change(ctx, group, func(ctx context.Context, draft drawDraft) error {
		was, err := draft.load(ctx, id)
		if err != nil {
			return err
		}
		head, err := draft.head(ctx)
		if err != nil {
			return err
		}
		next, closed, out, ok := head.Close(was, c)
		if d = closed; !ok {
			return nil
		}
		var won []any
		for _, winner := range closed.Drawn {
			won = append(won, winner.User, closed.Number)
		}
		draft.each("HSET", w.key("won", group), won)
		draft.do("ZADD", w.key("over"), closed.ClosedAt.UnixMilli(), drawOver(group, closed.Number))
		if err := draft.put(closed); err != nil {
			return err
		}
		return draft.tell(next, out)
	})
	if err != nil {
		return draw.Draw{}, err
	}
	return d, nil
}
