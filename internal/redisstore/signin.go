package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/web/signin"
)

// SignIn is Redis as signin.Store. Its keys:
//
//	{lr}:signin:sessions  hash: id → signin.Session (JSON)
//	{lr}:signin:until     sorted set: their ids by when they end (Unix ms)
//	{lr}:signin:used      hash: id of a used link → when it expires (Unix ms)
//	{lr}:signin:expires   sorted set: the same in that order
//	{lr}:signin:voided    string: links of administrators made before are void (Unix µs)
type SignIn struct {
	s                                      *Store
	sessions, until, used, expires, voided string
}

var _ signin.Store = (*SignIn)(nil)

// SignIn is the sign-ins' view of Redis.
func (s *Store) SignIn() *SignIn {
	key := func(name string) string { return s.key("lr", "signin", name) }
	return &SignIn{s, key("sessions"), key("until"), key("used"), key("expires"), key("voided")}
}

func (w *SignIn) change(ctx context.Context, f func(ctx context.Context, d *draft) error) error {
	return w.s.change(ctx, chat.OperationAge, f)
}

// AddSession implements signin.Store. Of several at the same time one too many may stay.
func (w *SignIn) AddSession(ctx context.Context, s signin.Session) error {
	return w.change(ctx, func(ctx context.Context, d *draft) error {
		n, err := w.s.rdb.ZCard(ctx, w.until).Result()
		if err != nil {
			return away(err)
		}
		if n >= signin.MaxSessions {
			first, err := w.s.rdb.ZRange(ctx, w.until, 0, min(n-signin.MaxSessions, maxArgs-1)).Result()
			if err != nil {
				return away(err)
			}
			w.remove(d, w.sessions, w.until, first)
		}
		d.do("ZADD", w.until, s.Until.UnixMilli(), s.ID)
		return d.put(w.sessions, s.ID, s)
	})
}

// remove takes members off a hash and the sorted set beside it.
func (w *SignIn) remove(d *draft, hash, order string, ids []string) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	d.each("HDEL", hash, args)
	d.each("ZREM", order, args)
}

// Session implements signin.Store.
func (w *SignIn) Session(ctx context.Context, id string) (signin.Session, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	values, err := w.s.fields(ctx, w.sessions, id)
	if err != nil {
		return signin.Session{}, err
	}
	return session(values[0])
}

func session(value any) (signin.Session, error) {
	s, found, err := decode[signin.Session](value)
	if err == nil && !found {
		err = signin.ErrNoSession
	}
	return s, err
}

// ExtendSession implements signin.Store.
func (w *SignIn) ExtendSession(ctx context.Context, id string, until time.Time) error {
	return w.change(ctx, func(ctx context.Context, d *draft) error {
		values, err := d.fields(ctx, w.sessions, id)
		if err != nil {
			return err
		}
		s, err := session(values[0])
		if err != nil || !until.After(s.Until) {
			return err
		}
		s.Until = until
		d.do("ZADD", w.until, until.UnixMilli(), id)
		return d.put(w.sessions, id, s)
	})
}

// RemoveSession implements signin.Store.
func (w *SignIn) RemoveSession(ctx context.Context, id string) error {
	return w.change(ctx, func(ctx context.Context, d *draft) error {
		values, err := d.fields(ctx, w.sessions, id)
		if err != nil {
			return err
		}
		if values[0] == nil {
			return signin.ErrNoSession
		}
		w.remove(d, w.sessions, w.until, []string{id})
		return nil
	})
}

// RemoveSessions implements signin.Store.
func (w *SignIn) RemoveSessions(ctx context.Context, at time.Time) (n int, err error) {
	err = w.change(ctx, func(ctx context.Context, d *draft) error {
		there, err := w.s.rdb.ZCard(ctx, w.until).Result()
		if err != nil {
			return away(err)
		}
		n = int(there)
		d.do("DEL", w.sessions)
		d.do("DEL", w.until)
		d.do("SET", w.voided, at.UnixMicro())
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// UseLink implements signin.Store. Of several links at the same time one too many may be taken.
func (w *SignIn) UseLink(ctx context.Context, l signin.Link) error {
	return w.change(ctx, func(ctx context.Context, d *draft) error {
		used, err := d.fields(ctx, w.used, l.ID)
		if err != nil {
			return err
		}
		voided, err := w.voidedAt(ctx, d)
		if err != nil {
			return err
		}
		have, err := w.s.rdb.ZCard(ctx, w.expires).Result()
		if err != nil {
			return away(err)
		}
		if err := l.Refused(used[0] != nil, voided, int(have)); err != nil {
			return err
		}
		d.do("HSET", w.used, l.ID, l.ExpiresAt.UnixMilli())
		d.do("ZADD", w.expires, l.ExpiresAt.UnixMilli(), l.ID)
		return nil
	})
}

func (w *SignIn) voidedAt(ctx context.Context, d *draft) (time.Time, error) {
	text, found, err := d.text(ctx, w.voided)
	if err != nil || !found {
		return time.Time{}, err
	}
	us, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("decode %s: %w", w.voided, err)
	}
	return time.UnixMicro(us).UTC(), nil
}

// Sweep implements signin.Store.
func (w *SignIn) Sweep(ctx context.Context, now time.Time) (n int, err error) {
	err = w.change(ctx, func(ctx context.Context, d *draft) error {
		n = 0
		for _, kept := range []struct{ hash, order string }{{w.sessions, w.until}, {w.used, w.expires}} {
			if n == signin.MaxSwept {
				break
			}
			ids, err := w.s.rdb.ZRangeByScore(ctx, kept.order, &redis.ZRangeBy{
				Min: "-inf", Max: strconv.FormatInt(now.UnixMilli(), 10), Count: int64(signin.MaxSwept - n),
			}).Result()
			if err != nil {
				return away(err)
			}
			// Compared: one that is used again meanwhile stays.
			if _, err := d.fields(ctx, kept.hash, ids...); err != nil {
				return err
			}
			w.remove(d, kept.hash, kept.order, ids)
			n += len(ids)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
