package redisstore

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
)

var (
	scriptChatGroups  = load("chat_groups")
	scriptChatSilence = load("chat_silence")
)

// groupsAtOnce is how many groups of a list are looked for at once.
const groupsAtOnce = 1000

// Groups implements chat.GroupListStore. What is in the list and is no group is left there by a crash, or about to be one.
func (c *Chat) Groups(ctx context.Context, after uint64, limit int) (page []chat.NumberedGroup, total int, err error) {
	ctx, cancel := c.s.within(ctx)
	defer cancel()
	missing, listed := 0, -1 // listed: before this call took out what is missing
	for {
		some, all, err := c.listed(ctx, after, min(limit-len(page)+1, groupsAtOnce))
		if err != nil {
			return nil, 0, err
		}
		there, err := c.exist(ctx, some)
		if err != nil {
			return nil, 0, err
		}
		for i, g := range some {
			if after = g.Number; there[i] {
				page = append(page, g)
			} else {
				missing++
				c.delist(ctx, g.ID)
			}
		}
		if listed < 0 {
			listed = all
		}
		if total = listed - missing; len(some) == 0 || len(page) >= limit {
			return page[:min(limit, len(page))], max(total, 0), nil
		}
	}
}

// listed reads a part of the list, and how long it is.
func (c *Chat) listed(ctx context.Context, after uint64, limit int) (some []chat.NumberedGroup, all int, err error) {
	if after > math.MaxInt64 {
		after = math.MaxInt64
	}
	reply, err := c.s.run(ctx, scriptChatGroups, []string{c.s.key("lr", "chat.order")}, after, limit).Slice()
	if err != nil {
		return nil, 0, away(err)
	}
	r := replyReader{reply}
	pairs := r.texts(1)
	for i := 0; i+1 < len(pairs); i += 2 {
		n, err := strconv.ParseFloat(pairs[i+1], 64)
		if err != nil {
			return nil, 0, fmt.Errorf("%w: %w", errReply, err)
		}
		some = append(some, chat.NumberedGroup{Number: uint64(n), ID: pairs[i]})
	}
	return some, int(r.number(0)), nil
}

// exist says which groups there are.
func (c *Chat) exist(ctx context.Context, groups []chat.NumberedGroup) ([]bool, error) {
	there := make([]bool, len(groups))
	if len(groups) == 0 {
		return there, nil
	}
	found := make([]*redis.IntCmd, len(groups))
	_, err := c.s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, g := range groups {
			found[i] = p.Exists(ctx, c.key(g.ID, "head"))
		}
		return nil
	})
	if err != nil {
		return nil, away(err)
	}
	for i, f := range found {
		there[i] = f.Val() == 1
	}
	return there, nil
}

// delist takes a group that is not there out of the list, and puts it back if it is there after all. What fails is left to
// who reads the list.
func (c *Chat) delist(ctx context.Context, group string) {
	if c.s.command(ctx, "zrem", c.s.key("lr", "chat.order"), group).Err() != nil {
		return
	}
	if n, err := c.s.command(ctx, "exists", c.key(group, "head")).Int(); err == nil && n == 1 {
		_ = c.enlist(ctx, group)
	}
}

// listRobots makes a group one of those that may have robots, or takes it out of them.
func (c *Chat) listRobots(ctx context.Context, group string, may bool) error {
	command := "srem"
	if may {
		command = "sadd"
	}
	return away(c.s.command(ctx, command, c.s.key("lr", "chat.robots"), group).Err())
}

// unlistRobots is delist for groups that have robots.
func (c *Chat) unlistRobots(ctx context.Context, group string) {
	if c.listRobots(ctx, group, false) != nil {
		return
	}
	if n, err := c.s.command(ctx, "exists", c.key(group, "robots")).Int(); err == nil && n == 1 {
		_ = c.listRobots(ctx, group, true)
	}
}

// RobotGroups implements chat.RobotStore.
func (c *Chat) RobotGroups(ctx context.Context) ([]string, error) {
	groups, err := c.s.command(ctx, "smembers", c.s.key("lr", "chat.robots")).StringSlice()
	return groups, away(err)
}

// PutSilence implements chat.SilenceStore.
func (c *Chat) PutSilence(ctx context.Context, change chat.SilenceChange) (chat.Silence, error) {
	ctx, cancel := c.s.within(ctx)
	defer cancel()
	key := c.s.key("lr", "chat.silences")
	for range changeTries {
		was, err := c.s.command(ctx, "hget", key, change.User).Text()
		if err != nil && !isNil(err) {
			return chat.Silence{}, away(err)
		}
		var old chat.Silence
		if was != "" {
			if err := json.Unmarshal([]byte(was), &old); err != nil {
				return chat.Silence{}, fmt.Errorf("decode the silence of %q: %w", change.User, err)
			}
		}
		now, err := c.s.Now(ctx)
		if err != nil {
			return chat.Silence{}, err
		}
		next := change.Apply(old, now)
		if done, err := c.replaceSilence(ctx, was, next, next.Over(now)); err != nil || done {
			return next, err
		}
	}
	return chat.Silence{}, fmt.Errorf("%w: the silence of %q changes too fast", ErrAway, change.User)
}

// replaceSilence puts a silence in the place of what was there, if it still is.
func (c *Chat) replaceSilence(ctx context.Context, was string, next chat.Silence, over bool) (bool, error) {
	var raw []byte
	if !over {
		var err error
		if raw, err = json.Marshal(next); err != nil {
			return false, err
		}
	}
	done, err := c.s.mutate(ctx, scriptChatSilence, []string{c.s.key("lr", "chat.silences")}, next.User, was, raw).Int()
	return done == 1, away(err)
}

// Silences implements chat.SilenceStore.
func (c *Chat) Silences(ctx context.Context) (all []chat.Silence, err error) {
	ctx, cancel := c.s.within(ctx)
	defer cancel()
	stored, err := c.s.command(ctx, "hgetall", c.s.key("lr", "chat.silences")).Result()
	if err != nil {
		return nil, away(err)
	}
	now, err := c.s.Now(ctx)
	if err != nil {
		return nil, err
	}
	for user, raw := range pairsOf(stored) {
		var one chat.Silence
		if err := json.Unmarshal([]byte(raw), &one); err != nil {
			return nil, fmt.Errorf("decode the silence of %q: %w", user, err)
		}
		if !one.Over(now) {
			all = append(all, one)
		} else if _, err := c.replaceSilence(ctx, raw, chat.Silence{User: user}, true); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b chat.Silence) int { return cmp.Or(strings.Compare(a.User, b.User), a.At.Compare(b.At)) })
	return all, nil
}

// pairsOf is a hash as either protocol answers it.
func pairsOf(reply any) map[string]string {
	pairs := map[string]string{}
	switch v := reply.(type) {
	case map[any]any:
		for k, value := range v {
			pairs[fmt.Sprint(k)] = fmt.Sprint(value)
		}
	case []any:
		for i := 0; i+1 < len(v); i += 2 {
			pairs[fmt.Sprint(v[i])] = fmt.Sprint(v[i+1])
		}
	}
	return pairs
}
