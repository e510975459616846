package gifttest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/chat/gift"
)

// Bench measures gifts of many senders into one room, which many settle at the same time: those a backend has billed (one step),
// those it is asked about (two), and clicks of combos. What is shown is taken out of the outbox beside that.
func Bench(b *testing.B, open func(b *testing.B) gift.Store) {
	ctx := context.Background()
	for _, bc := range []struct {
		name  string
		combo string
		give  func(s gift.Store, o gift.Order) error
	}{
		{"billed", "", func(s gift.Store, o gift.Order) error {
			_, _, err := s.Record(ctx, Billed(o, time.Now()), Merge)
			return err
		}},
		{"settled", "", settleNow},
		{"clicks", "c", settleNow},
	} {
		b.Run(bc.name, func(b *testing.B) {
			s := open(b)
			var n atomic.Int64
			stop := make(chan struct{})
			done := make(chan error, 1)
			go func() { done <- drain(ctx, s, stop) }()
			b.ReportAllocs()
			b.SetParallelism(64)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := n.Add(1)
					o := Order("g", fmt.Sprint("user", i%1000), fmt.Sprint(i))
					o.Combo = bc.combo
					if err := bc.give(s, o); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.StopTimer()
			close(stop)
			if err := <-done; err != nil {
				b.Error(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "gifts/s")
			if totals, err := s.Totals(ctx, "g", gift.All); err != nil || totals.Count != int64(b.N) {
				b.Errorf("%+v, %v of %d", totals, err, b.N)
			}
		})
	}
}

func settleNow(s gift.Store, o gift.Order) error {
	now := time.Now()
	if _, _, err := s.Place(context.Background(), o, now.Add(3*time.Second)); err != nil {
		return err
	}
	_, _, err := s.Settle(context.Background(), o.Group, o.Key(), Accept, now, Merge)
	return err
}

// drain does what a service does beside: ten times a second it takes what is to be shown.
func drain(ctx context.Context, s gift.Store, stop chan struct{}) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-tick.C:
		}
		if _, err := s.EndCombos(ctx, "g", time.Now(), 1000, Merge); err != nil {
			return err
		}
		w, err := s.Work(ctx, "g", time.Now(), 1000)
		if err != nil {
			return err
		}
		var shown, told uint64
		if n := len(w.Show); n > 0 {
			shown = w.Show[n-1].Number
		}
		if n := len(w.Untold); n > 0 {
			told = w.Untold[n-1].Number
		}
		if err := s.Ack(ctx, "g", shown, told); err != nil {
			return err
		}
	}
}

// BenchRanking measures the first hundred of a room in which many have given.
func BenchRanking(b *testing.B, s gift.Store, senders int) {
	ctx := context.Background()
	for i := range senders {
		o := Many(Order("g", fmt.Sprint("user", i), fmt.Sprint(i)), 1+i%997)
		if _, _, err := s.Record(ctx, Billed(o, Start), Merge); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if top, err := s.Ranking(ctx, "g", "s1", 100); err != nil || len(top) != 100 {
			b.Fatal(len(top), err)
		}
	}
}
