package redisstore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/chat/level"
)

// Levels is Redis as level.Store and level.News. Its keys and channel:
//
//	{lr}:levels             hash: user id → level.Record (JSON)
//	{lr}:levels:guests      sorted set: guests by Record.Since (Unix ms)
//	{lr}:levels:untold      hash: user id → level.Change (JSON) that nobody told yet
//	{lr}:levels:due         sorted set: those users by Change.Time (Unix ms)
//	{lr}:levels:from:MAKER  string: level.Fence (JSON), for level.FenceAge after the maker's last step
//	{lr}:levels:news        sharded channel: maker of a step, and its changes (JSON)
type Levels struct {
	s                                 *Store
	all, guests, untold, due, channel string
}

var (
	_ level.Store = (*Levels)(nil)
	_ level.News  = (*Levels)(nil)
)

// levelNews is what the channel carries.
type levelNews struct {
	Maker   string         `json:"maker"`
	Changes []level.Change `json:"changes"`
}

// Levels is the levels' view of Redis.
func (s *Store) Levels() *Levels {
	of := func(parts ...string) string { return s.key("lr", append([]string{"levels"}, parts...)...) }
	return &Levels{s: s, all: of(), guests: of("guests"), untold: of("untold"), due: of("due"), channel: of("news")}
}

// Take implements level.Store.
func (l *Levels) Take(ctx context.Context, step level.Step) (changes []level.Change, err error) {
	err = l.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		fence, err := l.fence(ctx, d, &step)
		if err != nil {
			return err
		}
		var done bool
		if changes, done = fence.Done(&step); done {
			return nil
		}
		changes, err = l.take(ctx, d, &step)
		if err != nil || step.Number == 0 {
			return err
		}
		text, err := json.Marshal(level.Fence{Number: step.Number, Changes: changes})
		d.do("SET", l.from(step.Maker), text, "PX", level.FenceAge.Milliseconds())
		return err
	})
	if err != nil {
		return nil, err
	}
	return changes, nil
}

func (l *Levels) from(maker string) string { return l.s.key("lr", "levels", "from", maker) }

// fence reads how far the maker of a step has come, if it is numbered.
func (l *Levels) fence(ctx context.Context, d *draft, step *level.Step) (f level.Fence, err error) {
	if step.Number == 0 {
		return f, nil
	}
	text, found, err := d.text(ctx, l.from(step.Maker))
	if err == nil && found {
		err = json.Unmarshal([]byte(text), &f)
	}
	return f, err
}

// take notes what a step writes.
func (l *Levels) take(ctx context.Context, d *draft, step *level.Step) ([]level.Change, error) {
	before, err := l.read(ctx, d, step)
	if err != nil {
		return nil, err
	}
	all, changes, err := step.Apply(func(user string) (level.Record, bool, error) { return decodeLevel(user, before[user]) })
	if err != nil {
		return nil, err
	}
	var records, guests []any
	for _, rec := range all {
		text, err := json.Marshal(rec)
		if err != nil {
			return nil, fmt.Errorf("encode the level of %s: %w", rec.User, err)
		}
		records = append(records, rec.User, text)
		if rec.Guest && before[rec.User] == nil {
			guests = append(guests, rec.Since.UnixMilli(), rec.User)
		}
	}
	d.each("HSET", l.all, records)
	d.each("ZADD", l.guests, guests)
	return changes, l.tell(ctx, d, step.Maker, changes)
}

// read reads the records of a step's users, as Redis has them.
func (l *Levels) read(ctx context.Context, d *draft, step *level.Step) (map[string]any, error) {
	users := make([]string, len(step.Deeds))
	for i, deed := range step.Deeds {
		users[i] = deed.User
	}
	values, err := d.fields(ctx, l.all, users...)
	if err != nil {
		return nil, err
	}
	before := make(map[string]any, len(users))
	for i, user := range users {
		before[user] = values[i]
	}
	return before, nil
}

func decodeLevel(user string, value any) (level.Record, bool, error) {
	rec, found, err := decode[level.Record](value)
	if err != nil {
		err = fmt.Errorf("%w: of %s: %w", level.ErrBroken, user, err)
	}
	return rec, found, err
}

// tell notes that changes are to be told, and tells the other nodes.
func (l *Levels) tell(ctx context.Context, d *draft, maker string, changes []level.Change) error {
	if len(changes) == 0 {
		return nil
	}
	users := make([]string, len(changes))
	for i, c := range changes {
		users[i] = c.User
	}
	waiting, err := d.fields(ctx, l.untold, users...)
	if err != nil {
		return err
	}
	var due []any
	for i, c := range changes {
		earlier, found, err := decode[level.Change](waiting[i])
		if err != nil {
			return fmt.Errorf("%w: %w", level.ErrBroken, err)
		}
		if found {
			c = c.After(earlier)
		}
		if err := d.put(l.untold, c.User, c); err != nil {
			return err
		}
		due = append(due, c.Time.UnixMilli(), c.User)
	}
	d.each("ZADD", l.due, due)
	return l.publish(d, maker, changes)
}

func (l *Levels) publish(d *draft, maker string, changes []level.Change) error {
	text, err := json.Marshal(levelNews{maker, changes})
	d.do("SPUBLISH", l.channel, text)
	return err
}

// Records implements level.Store.
func (l *Levels) Records(ctx context.Context, users []string) ([]level.Record, error) {
	ctx, cancel := l.s.within(ctx)
	defer cancel()
	values, err := l.s.fields(ctx, l.all, users...)
	if err != nil {
		return nil, err
	}
	var all []level.Record
	for i, value := range values {
		rec, found, err := decodeLevel(users[i], value)
		if err != nil {
			return nil, err
		}
		if found {
			all = append(all, rec)
		}
	}
	return all, nil
}

// Untold implements level.Store.
func (l *Levels) Untold(ctx context.Context, before time.Time, limit int) ([]level.Change, error) {
	ctx, cancel := l.s.within(ctx)
	defer cancel()
	users, err := l.oldest(ctx, l.due, before, limit)
	if err != nil {
		return nil, err
	}
	values, err := l.s.fields(ctx, l.untold, users...)
	if err != nil {
		return nil, err
	}
	var all []level.Change
	for _, value := range values {
		c, found, err := decode[level.Change](value)
		if err != nil {
			return nil, err
		}
		if found && c.Time.Before(before) { // else it was told or changed meanwhile
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b level.Change) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.User, b.User)) })
	return all, nil
}

// oldest are users of a sorted set by time, from before a time.
func (l *Levels) oldest(ctx context.Context, set string, before time.Time, limit int) ([]string, error) {
	users, err := l.s.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{
		Key: set, ByScore: true, Start: "-inf", Stop: fmt.Sprintf("(%d", before.UnixMilli()), Count: int64(limit),
	}).Result()
	return users, away(err)
}

// Told implements level.Store.
func (l *Levels) Told(ctx context.Context, changes []level.Change) error {
	return l.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		users := make([]string, len(changes))
		for i, c := range changes {
			users[i] = c.User
		}
		waiting, err := d.fields(ctx, l.untold, users...)
		if err != nil {
			return err
		}
		var over []any
		for i, c := range changes {
			if is, _, err := decode[level.Change](waiting[i]); err != nil || is.Version == c.Version {
				over = append(over, c.User)
			}
		}
		d.each("HDEL", l.untold, over)
		d.each("ZREM", l.due, over)
		return nil
	})
}

// Delete implements level.Store.
func (l *Levels) Delete(ctx context.Context, gone []level.Gone) error {
	return l.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		users := make([]string, len(gone))
		for i, g := range gone {
			users[i] = g.User
		}
		values, err := d.fields(ctx, l.all, users...)
		if err != nil {
			return err
		}
		users = users[:0]
		for i, g := range gone {
			if rec, _, err := decodeLevel(g.User, values[i]); err != nil || g.Takes(&rec) { // also one that can't be read
				users = append(users, g.User)
			}
		}
		return l.remove(d, users)
	})
}

// remove notes that users are forgotten whose records were read.
func (l *Levels) remove(d *draft, users []string) error {
	if len(users) == 0 {
		return nil
	}
	all, gone := make([]any, len(users)), make([]level.Change, len(users))
	for i, user := range users {
		all[i], gone[i] = user, level.Change{User: user, Gone: true}
	}
	d.each("HDEL", l.all, all)
	d.each("ZREM", l.guests, all)
	d.each("HDEL", l.untold, all)
	d.each("ZREM", l.due, all)
	return l.publish(d, "", gone)
}

// DeleteGuests implements level.Store.
func (l *Levels) DeleteGuests(ctx context.Context, before time.Time, limit int) (n int, err error) {
	err = l.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		users, err := l.oldest(ctx, l.guests, before, limit)
		if err != nil {
			return err
		}
		if _, err := d.fields(ctx, l.all, users...); err != nil { // so that what is earned meanwhile is not half forgotten
			return err
		}
		n = len(users)
		return l.remove(d, users)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// Follow implements level.News.
func (l *Levels) Follow(ctx context.Context, maker string, to level.Listener) error {
	for {
		err := l.listen(ctx, maker, to)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		l.s.log.Debug("the subscription to new levels was lost", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(probePause):
		}
	}
}

// listen is one subscription, from its begin to its end.
func (l *Levels) listen(ctx context.Context, maker string, to level.Listener) error {
	sub := l.s.rdb.SSubscribe(ctx, l.channel)
	defer sub.Close()
	defer context.AfterFunc(ctx, func() { _ = sub.Close() })()
	for heard := time.Now(); ; {
		got, err := receive(ctx, sub, &heard)
		if err != nil {
			return err
		}
		switch v := got.(type) {
		case *redis.Message:
			var news levelNews
			if json.Unmarshal([]byte(v.Payload), &news) == nil && (news.Maker == "" || news.Maker != maker) {
				to.Changed(news.Changes)
			}
		case *redis.Subscription:
			if v.Kind != "ssubscribe" {
				return errors.New("the channel moved")
			}
			to.Missed()
		}
	}
}
