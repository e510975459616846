package redisstore

import (
	"context"
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
		all[i] = redis.Z{Score: until, Member: watch + " " + b.Group}
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
		group string
		until float64
	}
	watches := make(map[ban][]string)
	for _, z := range found {
		watch, group, _ := strings.Cut(z.Member.(string), " ")
		one := ban{group, z.Score}
		watches[one] = append(watches[one], watch)
	}
	all := make([]chat.Banishment, 0, len(watches))
	for one, some := range watches {
		all = append(all, chat.Banishment{Group: one.group, Watches: some, Until: time.UnixMilli(int64(one.until))})
	}
	return all, nil
}
