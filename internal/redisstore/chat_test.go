package redisstore

import (
	"context"
	"log/slog"
	"sync"
	"testing"

	"liveroom/chat"
	"liveroom/chat/chattest"
	"liveroom/internal/redistest"
)

func TestChatConforms(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		chattest.Run(t, func(t *testing.T) chat.Store { return open(t).Chat() })
	})
}

// chatNode is a Chat on keys that others may share, which receives until the test ends.
func chatNode(t testing.TB, url, prefix string) *Chat {
	t.Helper()
	s, err := Open(Config{URL: url, Prefix: prefix}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	c := s.Chat()
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = c.Run(ctx) })
	t.Cleanup(func() {
		stop()
		wg.Wait()
		_ = s.Close()
	})
	return c
}

func TestChatFeeds(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{
		"one":     func(t testing.TB) string { return redistest.Shared(t).URL() },
		"cluster": func(t testing.TB) string { return redistest.SharedCluster(t).URL() },
	} {
		t.Run(name, func(t *testing.T) {
			chattest.RunFeed(t, func(t *testing.T) (a, b chattest.FeedStore) {
				prefix := openPrefix(t)
				return chatNode(t, url(t), prefix), chatNode(t, url(t), prefix)
			})
		})
	}
}
