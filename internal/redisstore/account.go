package redisstore

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/chat/account"
)

// Accounts is Redis as account.Store. Its keys:
//
//	{lr}:accounts         hash: user id → account.Account (JSON)
//	{lr}:accounts:ids     sorted set: user ids, all of score 0, for pages
//	{lr}:accounts:guests  sorted set: ids of named guests by creation (Unix µs)
//	{lr}:accounts:untold  hash: user id → when his account was deleted (Unix µs), until others know of it
//	{lr}:accounts:gone    hash: user id → time.Time (JSON): NotBefore of an account that was deleted, until it is made anew
type Accounts struct {
	s                               *Store
	all, ids, guests, gones, untold string
}

var _ account.Store = (*Accounts)(nil)

// Accounts is the accounts' view of Redis.
func (s *Store) Accounts() *Accounts {
	of := func(parts ...string) string { return s.key("lr", append([]string{"accounts"}, parts...)...) }
	return &Accounts{s: s, all: of(), ids: of("ids"), guests: of("guests"), gones: of("gone"), untold: of("untold")}
}

// Account implements account.Store.
func (a *Accounts) Account(ctx context.Context, user string) (account.Account, error) {
	all, err := a.Accounts(ctx, []string{user})
	if err != nil {
		return account.Account{}, err
	}
	if len(all) == 0 {
		return account.Account{}, account.ErrUnknownUser
	}
	return all[0], nil
}

// Accounts implements account.Store.
func (a *Accounts) Accounts(ctx context.Context, users []string) ([]account.Account, error) {
	ctx, cancel := a.s.within(ctx)
	defer cancel()
	values, err := a.s.fields(ctx, a.all, users...)
	if err != nil {
		return nil, err
	}
	found := make([]account.Account, 0, len(users))
	for i, value := range values {
		acc, ok, err := decode[account.Account](value)
		if err != nil {
			return nil, fmt.Errorf("account %s: %w", users[i], err)
		}
		if ok {
			found = append(found, acc)
		}
	}
	return found, nil
}

// AccountsAfter implements account.Store.
func (a *Accounts) AccountsAfter(ctx context.Context, after string, limit int) ([]account.Account, error) {
	ctx, cancel := a.s.within(ctx)
	defer cancel()
	ids, err := a.s.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: a.ids, ByLex: true, Start: "(" + after, Stop: "+", Count: int64(limit)}).Result()
	if err != nil {
		return nil, away(err)
	}
	return a.Accounts(ctx, ids)
}

// PutAccount implements account.Store.
func (a *Accounts) PutAccount(ctx context.Context, fresh account.Account, p account.Patch) (stored account.Account, created bool, err error) {
	err = a.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		old, found, err := a.read(ctx, d, fresh.User)
		if err != nil {
			return err
		}
		if created = !found; found {
			stored = p.Apply(old)
			return d.put(a.all, stored.User, stored)
		}
		untold, err := d.fields(ctx, a.untold, fresh.User)
		if err != nil {
			return err
		}
		if at, is := untold[0].(string); is {
			gone, err := goneAt(fresh.User, at)
			if err != nil {
				return err
			}
			return &account.UntoldError{Gone: gone}
		}
		gone, err := d.fields(ctx, a.gones, fresh.User)
		if err != nil {
			return err
		}
		notBefore, deleted, err := decode[time.Time](gone[0])
		if err != nil {
			return err
		}
		if deleted {
			d.do("HDEL", a.gones, fresh.User)
		}
		stored = fresh.NotSooner(notBefore)
		d.do("ZADD", a.ids, 0, stored.User)
		if stored.Guest {
			d.do("ZADD", a.guests, stored.CreatedAt.UnixMicro(), stored.User)
		}
		return d.put(a.all, stored.User, stored)
	})
	if err != nil {
		return account.Account{}, false, err
	}
	return stored, created, nil
}

// PatchAccount implements account.Store.
func (a *Accounts) PatchAccount(ctx context.Context, user string, p account.Patch) (stored account.Account, err error) {
	err = a.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		old, err := a.known(ctx, d, user)
		if err != nil {
			return err
		}
		stored = p.Apply(old)
		return d.put(a.all, stored.User, stored)
	})
	if err != nil {
		return account.Account{}, err
	}
	return stored, nil
}

// DeleteAccount implements account.Store.
func (a *Accounts) DeleteAccount(ctx context.Context, user string, notBefore time.Time) (gone account.Gone, err error) {
	err = a.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		acc, err := a.known(ctx, d, user)
		if err != nil {
			return err
		}
		all, err := a.remove(ctx, d, user)
		if err != nil {
			return err
		}
		if gone = all[0]; acc.Guest {
			return nil
		}
		return d.put(a.gones, user, acc.NotSooner(notBefore).NotBefore)
	})
	if err != nil {
		return account.Gone{}, err
	}
	return gone, nil
}

// NotBefore implements account.Store.
func (a *Accounts) NotBefore(ctx context.Context, user string) (time.Time, error) {
	ctx, cancel := a.s.within(ctx)
	defer cancel()
	gone, err := a.s.fields(ctx, a.gones, user)
	if err != nil {
		return time.Time{}, err
	}
	notBefore, _, err := decode[time.Time](gone[0])
	return notBefore, err
}

// DeleteGuests implements account.Store.
func (a *Accounts) DeleteGuests(ctx context.Context, before time.Time, limit int) (deleted []account.Gone, err error) {
	err = a.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		ids, err := a.s.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: a.guests, ByScore: true, Start: "-inf", Stop: before.UnixMicro(), Count: int64(limit)}).Result()
		if err != nil {
			return away(err)
		}
		guests, err := d.fields(ctx, a.all, ids...)
		if err != nil {
			return err
		}
		var old []string
		for i, guest := range guests {
			acc, found, err := decode[account.Account](guest)
			if err != nil {
				return err
			}
			if found && acc.CreatedAt.Before(before) { // the score is less exact
				old = append(old, ids[i])
			}
		}
		deleted, err = a.remove(ctx, d, old...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return deleted, nil
}

func (a *Accounts) read(ctx context.Context, d *draft, user string) (account.Account, bool, error) {
	values, err := d.fields(ctx, a.all, user)
	if err != nil {
		return account.Account{}, false, err
	}
	return decode[account.Account](values[0])
}

func (a *Accounts) known(ctx context.Context, d *draft, user string) (account.Account, error) {
	acc, found, err := a.read(ctx, d, user)
	if err == nil && !found {
		err = account.ErrUnknownUser
	}
	return acc, err
}

// remove notes that accounts are removed, and that others are to know of it.
func (a *Accounts) remove(ctx context.Context, d *draft, users ...string) (gone []account.Gone, err error) {
	if len(users) == 0 {
		return nil, nil
	}
	now, err := a.s.micros(ctx)
	if err != nil {
		return nil, err
	}
	var names, untold []any
	for _, user := range users {
		names, untold = append(names, user), append(untold, user, now)
		gone = append(gone, account.Gone{User: user, At: time.UnixMicro(now)})
	}
	d.each("HDEL", a.all, names)
	d.each("ZREM", a.ids, names)
	d.each("ZREM", a.guests, names)
	d.each("HSET", a.untold, untold)
	return gone, nil
}
