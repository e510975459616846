package level_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/level"
)

// BenchmarkMessagePath is a message of a member through the whole chat, with levels on it and without.
func BenchmarkMessagePath(b *testing.B) {
	for _, with := range []bool{false, true} {
		b.Run(fmt.Sprintf("levels=%v", with), func(b *testing.B) {
			cfg := chat.Config{RatePerSecond: 1 << 20, UserBurst: 1000, UserRate: 1000, TickMin: time.Millisecond, TickMax: time.Millisecond}
			levels, err := level.New(level.Config{Rules: level.DefaultRules(), Around: func() []string { return nil }}, level.NewMemory(), slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			if with {
				cfg.Standing = func(user string) chat.Standing { return chat.Standing(levels.Standing(user)) }
				cfg.Delivered = func(m *chat.Message) { levels.Earn(m.From, level.Messages, 1) }
			}
			s, err := chat.New(cfg, chat.NewMemory(), slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			go func() { _ = s.Run(ctx) }()
			go func() { _ = levels.Run(ctx) }()
			if err := s.Create(ctx, chat.Group{ID: "demo", Room: "demo", Owner: "anna", CreatedAt: time.Now()}); err != nil {
				b.Fatal(err)
			}
			body := []byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hello"}}]`)
			var senders atomic.Uint64
			b.ReportAllocs()
			b.SetParallelism(100)
			b.RunParallel(func(pb *testing.PB) {
				who := chat.Identity{User: fmt.Sprint("viewer", senders.Add(1)), Admin: true} // whom no rate holds back
				for pb.Next() {
					if _, err := s.Send(ctx, chat.Message{Group: "demo", Body: body}, who); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
