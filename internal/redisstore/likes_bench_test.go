package redisstore

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/chat/follow"
	"liveroom/chat/like"
	"liveroom/internal/redistest"
)

// tallier counts commands.
type tallier struct{ n atomic.Int64 }

func (c *tallier) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *tallier) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.n.Add(1)
		return next(ctx, cmd)
	}
}

func (c *tallier) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		c.n.Add(int64(len(cmds)))
		return next(ctx, cmds)
	}
}

// silent is a chat in which likes are not shown.
type silent struct{}

func (silent) MaySpeak(context.Context, string, chat.Identity) error { return nil }
func (silent) Crowded(string) bool                                   { return true }
func (silent) SendWith(context.Context, chat.Message, chat.Identity, chat.SendOptions) (chat.Ack, error) {
	return chat.Ack{}, nil
}

// BenchmarkCommandsOfLikes gives 5,000 likes a second to a room and reports what Redis is asked for them, the telling of totals
// among it.
func BenchmarkCommandsOfLikes(b *testing.B) {
	s := open(b, redistest.Shared(b).URL())
	talk, err := chat.New(chat.Config{}, s.Chat(), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	likes, err := like.New(like.Config{Raise: func(ctx context.Context, group string, n int64) error {
		if err := talk.RaiseCounters(ctx, group, map[string]chat.Number{chat.CounterLikes: chat.Number(n)}); err != nil {
			return err
		}
		return talk.SetTotals(ctx, group, fmt.Sprintf(`{"likes":%d}`, n))
	}}, silent{}, s.Likes(), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = talk.Run(ctx) })
	defer func() { stop(); wg.Wait() }()
	if err := talk.Begun(ctx); err != nil {
		b.Fatal(err)
	}
	if err := talk.Create(ctx, chat.Group{ID: "g"}); err != nil {
		b.Fatal(err)
	}
	var asked tallier
	s.rdb.AddHook(&asked)
	wg.Go(func() { _ = likes.Run(ctx) })
	wg.Go(func() { _ = likes.RunTotals(ctx) })
	b.ResetTimer()
	given, began := 0, time.Now()
	for i := 0; i < b.N || time.Since(began) < 8*time.Second; i++ {
		time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / 5000)))
		got, err := likes.Like(ctx, "g", chat.Identity{User: fmt.Sprint("u", i%1000)}, 1)
		if err != nil {
			b.Fatal(err)
		}
		given += got.Likes
	}
	took := time.Since(began).Seconds()
	b.ReportMetric(float64(given)/took, "likes/s")
	b.ReportMetric(float64(asked.n.Load())/took, "commands/s")
	b.ReportMetric(float64(asked.n.Load())/float64(given), "commands/like")
}

// BenchmarkCommandsOfFollows reports what Redis is asked for a follow.
func BenchmarkCommandsOfFollows(b *testing.B) {
	s := open(b, redistest.Shared(b).URL())
	f := s.Follows()
	var asked tallier
	s.rdb.AddHook(&asked)
	b.ResetTimer()
	for i := range b.N {
		c := follow.Change{Follower: fmt.Sprint("u", i/2), Followed: "anna", On: i%2 == 0, Limit: 10}
		if _, err := f.SetFollow(context.Background(), c); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(asked.n.Load())/float64(b.N), "commands/follow")
}
