package boltstore

import (
	"testing"

	"liveroom/chat/gift"
	"liveroom/chat/gift/gifttest"
)

func TestGifts(t *testing.T) {
	gifttest.Store(t, func(t *testing.T) gift.Store {
		s := openTest(t)
		s.db.MaxBatchDelay, s.db.NoSync = 0, true // thousands of steps, one after the other
		return s.Gifts()
	})
}
