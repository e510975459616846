package redisstore

import (
	"context"
	"testing"

	"liveroom/chat"
	"liveroom/chat/chattest"
)

func TestChatConforms(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		chattest.Run(t, func(t *testing.T) chat.Store { return open(t).Chat() })
	})
}

// chatNode is a Chat on keys that others may share, which receives until the test ends.
func chatNode(t testing.TB, url, prefix string) *Chat {
	t.Helper()
	c := openAgain(t, url, prefix).Chat()
	inBackground(t, func(ctx context.Context) { _ = c.Run(ctx) })
	return c
}

func TestChatFeeds(t *testing.T) {
	onBothURLs(t, func(t *testing.T, url string) {
		chattest.RunFeed(t, func(t *testing.T) (a, b chattest.FeedStore) {
			prefix := openPrefix(t)
			return chatNode(t, url, prefix), chatNode(t, url, prefix)
		})
	})
}
