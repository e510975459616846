package like_test

import (
	"testing"

	"liveroom/chat/like"
	"liveroom/chat/like/liketest"
)

func TestMemory(t *testing.T) {
	liketest.Store(t, func(*testing.T) like.Store { return like.NewMemory() })
}
