package redisstore

import (
	"context"
	"strconv"
	"time"

	"liveroom/chat"
	"liveroom/live/keyring"
)

// Keyring is Redis as keyring.Store. Its keys:
//
//	{lr}:keys       hash: version; ring: keyring.Ring, sealed with a key derived from the node key
//	{lr}:keys:used  hash: fingerprint → when the key was used last, Unix seconds
type Keyring struct {
	s          *Store
	sealer     *keyring.Sealer
	ring, used string
}

var _ keyring.Store = (*Keyring)(nil)

// NewsKeys is the kind of news that push or play keys have changed.
const NewsKeys = "keys"

// Keyring is the view that push and play keys have of Redis.
func (s *Store) Keyring(sealer *keyring.Sealer) *Keyring {
	return &Keyring{s: s, sealer: sealer, ring: s.key("lr", "keys"), used: s.key("lr", "keys", "used")}
}

// Ring implements keyring.Store.
func (w *Keyring) Ring(ctx context.Context) (keyring.Ring, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	values, err := w.s.fields(ctx, w.ring, "version", "ring")
	if err != nil {
		return keyring.Ring{}, err
	}
	return w.open(values)
}

// open is the ring of a hash's version and ring.
func (w *Keyring) open(values []any) (keyring.Ring, error) {
	version, _ := values[0].(string)
	sealed, found := values[1].(string)
	if !found && values[0] == nil {
		return keyring.Ring{}, nil
	}
	r, err := w.sealer.Open(sealed)
	if err == nil && numbered(r.Version) != version {
		err = keyring.ErrSealed // somebody has put an older one there
	}
	return r, err
}

// Put implements keyring.Store.
func (w *Keyring) Put(ctx context.Context, was uint64, next keyring.Ring) error {
	sealed, err := w.sealer.Seal(next)
	if err != nil {
		return err
	}
	return w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		values, err := d.fields(ctx, w.ring, "version", "ring")
		if err != nil {
			return err
		}
		now, err := w.open(values)
		if err != nil {
			return err
		}
		if now.Version != was {
			return keyring.ErrChanged
		}
		d.do("HSET", w.ring, "version", numbered(next.Version), "ring", sealed)
		d.news(NewsKeys)
		return nil
	})
}

// Uses implements keyring.Store.
func (w *Keyring) Uses(ctx context.Context) (map[string]time.Time, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	found, err := w.s.rdb.HGetAll(ctx, w.used).Result()
	if err != nil {
		return nil, away(err)
	}
	uses := make(map[string]time.Time, len(found))
	for of, text := range found {
		if at, err := strconv.ParseInt(text, 10, 64); err == nil {
			uses[of] = time.Unix(at, 0).UTC()
		}
	}
	return uses, nil
}

// Use implements keyring.Store. Of two nodes that come at the same time one may overwrite what the other noted: each tells again.
func (w *Keyring) Use(ctx context.Context, uses map[string]time.Time) error {
	kept, err := w.Uses(ctx)
	if err != nil {
		return err
	}
	next := keyring.Latest(kept, uses)
	return w.s.change(ctx, chat.OperationAge, func(_ context.Context, d *draft) error {
		for of := range kept {
			if _, still := uses[of]; !still {
				d.do("HDEL", w.used, of)
			}
		}
		for of, at := range next {
			if !at.Equal(kept[of]) {
				d.do("HSET", w.used, of, at.Unix())
			}
		}
		return nil
	})
}
