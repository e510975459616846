package redisstore

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
)

func (p *People) banished() string { return p.s.key("lr", "people", "banished") }

// PutBanished implements chat.Neighbours.
func (p *People) PutBanished(ctx context.Context, b chat.Banishment) error {
	ctx, cancel := p.s.within(ctx)
	defer cancel()
	now := time.Now()
	until := float64(b.End(now).UnixMilli())
	all := make([]redis.Z, len(b.Watches))
	for i, watch := range b.Watches {
		all[i] = redis.Z{Score: until, Member: strings.Join([]string{watch, b.User, b.Group}, "\n")}
	}
	pipe := p.s.rdb.Pipeline()
	for len(all) > 0 {
		n := min(len(all), maxArgs)
		pipe.ZAdd(ctx, p.banished(), all[:n]...)
		all = all[n:]
	}
	pipe.ZRemRangeByScore(ctx, p.banished(), "-inf", strconv.FormatInt(now.UnixMilli(), 10))
	pipe.ZRemRangeByRank(ctx, p.banished(), 0, -peopleBanished-1)
	pipe.PExpire(ctx, p.banished(), chat.BanishedAge)
	_, err := pipe.Exec(ctx)
	return away(err)
}

// Pardon implements chat.Neighbours.
func (p *People) Pardon(ctx context.Context, group string, users []string) error {
	ctx, cancel := p.s.within(ctx)
	defer cancel()
	all, err := p.s.rdb.ZRange(ctx, p.banished(), 0, -1).Result()
	if err != nil {
		return away(err)
	}
	var forget []any
	for _, one := range all {
		if parts := strings.SplitN(one, "\n", 3); len(parts) == 3 && parts[2] == group && slices.Contains(users, parts[1]) {
			forget = append(forget, one)
		}
	}
	for some := range slices.Chunk(forget, maxArgs) {
		if err := p.s.rdb.ZRem(ctx, p.banished(), some...).Err(); err != nil {
			return away(err)
		}
	}
	return nil
}

// Banished implements chat.Neighbours.
func (p *People) Banished(ctx context.Context) ([]chat.Banishment, error) {
	ctx, cancel := p.s.within(ctx)
	defer cancel()
	found, err := p.s.rdb.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{
		Key: p.banished(), ByScore: true, Start: time.Now().UnixMilli(), Stop: "+inf",
	}).Result()
	if err != nil {
		return nil, away(err)
	}
	type ban struct {
		group, user string
		until       float64
	}
	watches := make(map[ban][]string)
	for _, z := range found {
		parts := strings.SplitN(z.Member.(string), "\n", 3)
		if len(parts) < 3 {
			continue // of a node of another version
		}
		one := ban{parts[2], parts[1], z.Score}
		watches[one] = append(watches[one], parts[0])
	}
	all := make([]chat.Banishment, 0, len(watches))
	for one, some := range watches {
		all = append(all, chat.Banishment{Group: one.group, User: one.user, Watches: some, Until: time.UnixMilli(int64(one.until))})
	}
	return all, nil
}
