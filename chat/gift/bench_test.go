package gift_test

import (
	"testing"

	"liveroom/chat/gift"
	"liveroom/chat/gift/gifttest"
)

func BenchmarkGifts(b *testing.B) {
	gifttest.Bench(b, func(*testing.B) gift.Store { return gift.NewMemory() })
}

func BenchmarkRanking(b *testing.B) { gifttest.BenchRanking(b, gift.NewMemory(), 100_000) }
