package chat_test

import (
	"testing"

	"liveroom/chat"
	"liveroom/chat/chattest"
)

func TestMemoryConforms(t *testing.T) {
	chattest.Run(t, func(*testing.T) chat.Store { return chat.NewMemory() })
}

func TestMemoryNodeConforms(t *testing.T) {
	chattest.Run(t, func(*testing.T) chat.Store { return chat.NewMemory().Node() })
}

func TestMemoryFeeds(t *testing.T) {
	chattest.RunFeed(t, func(*testing.T) (a, b chattest.FeedStore) {
		m := chat.NewMemory()
		return m.Node(), m.Node()
	})
}
