package boltstore

import (
	"log/slog"
	"path/filepath"
	"testing"

	"liveroom/chat/gift"
	"liveroom/chat/gift/gifttest"
)

// openBench opens a file as it is in use, with its fsyncs.
func openBench(b *testing.B) *Store {
	s, err := Open(filepath.Join(b.TempDir(), "liveroom.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

func BenchmarkGifts(b *testing.B) {
	gifttest.Bench(b, func(b *testing.B) gift.Store { return openBench(b).Gifts() })
}

func BenchmarkGiftRanking(b *testing.B) {
	s := openBench(b)
	s.db.MaxBatchDelay, s.db.NoSync = 0, true
	gifttest.BenchRanking(b, s.Gifts(), 20_000)
}
