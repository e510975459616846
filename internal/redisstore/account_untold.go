package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
)

// Untold implements account.Store. There are few: who was deleted a moment ago.
func (a *Accounts) Untold(ctx context.Context, before time.Time, limit int) (all []account.Gone, err error) {
	ctx, cancel := a.s.within(ctx)
	defer cancel()
	seen := map[string]bool{} // a scan may come to the same field twice
	for cursor := uint64(0); ; {
		fields, next, err := a.s.rdb.HScan(ctx, a.untold, cursor, "", maxArgs).Result()
		if err != nil {
			return nil, away(err)
		}
		for i := 0; i+1 < len(fields) && len(all) < limit; i += 2 {
			gone, err := goneAt(fields[i], fields[i+1])
			if err != nil {
				return nil, err
			}
			if gone.At.Before(before) && !seen[gone.User] {
				seen[gone.User] = true
				all = append(all, gone)
			}
		}
		if cursor = next; cursor == 0 || len(all) == limit {
			return all, nil
		}
	}
}

// Told implements account.Store.
func (a *Accounts) Told(ctx context.Context, gone []account.Gone) error {
	return a.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		users := make([]string, len(gone))
		for i, g := range gone {
			users[i] = g.User
		}
		values, err := d.fields(ctx, a.untold, users...)
		if err != nil {
			return err
		}
		var told []any
		for i, g := range gone {
			if at, _ := values[i].(string); at == strconv.FormatInt(g.At.UnixMicro(), 10) {
				told = append(told, g.User)
			}
		}
		d.each("HDEL", a.untold, told)
		return nil
	})
}

// goneAt reads when somebody's account was deleted.
func goneAt(user, at string) (account.Gone, error) {
	us, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return account.Gone{}, fmt.Errorf("%w: when %s was deleted: %w", errReply, user, err)
	}
	return account.Gone{User: user, At: time.UnixMicro(us)}, nil
}
