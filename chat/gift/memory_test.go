package gift_test

import (
	"testing"

	"liveroom/chat/gift"
	"liveroom/chat/gift/gifttest"
)

func TestMemory(t *testing.T) {
	gifttest.Store(t, func(*testing.T) gift.Store { return gift.NewMemory() })
}
