package delay_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"liveroom/live/delay"
	"liveroom/live/stream"
)

// BenchmarkTag is one tag of a push, shown at once and shown later, with all that both do with it.
func BenchmarkTag(b *testing.B) {
	faster := stream.Config{MaxAhead: 1 << 20 * time.Hour} // tags need not wait for the time they stand for
	write := func(b *testing.B, p *stream.Publisher) {
		b.ReportAllocs()
		b.SetBytes(3400)
		for ts := uint32(0); b.Loop(); ts += 13 {
			buf := stream.NewBuffer(3400)
			buf[stream.HeaderBytes], buf[stream.HeaderBytes+1] = 0x17, 1
			if err := p.Write(stream.Video, ts, buf); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("at once", func(b *testing.B) {
		p, err := stream.NewHub(faster).Publish("s", stream.PublishOptions{})
		if err != nil {
			b.Fatal(err)
		}
		write(b, p)
	})
	b.Run("later", func(b *testing.B) {
		hub := stream.NewHub(faster)
		s := delay.New(delay.Config{Hub: faster, Bytes: 64 << 20}, hub, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(b.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		wg.Go(func() { _ = s.Run(ctx) })
		p, err := s.Publish("s", stream.PublishOptions{}, 50*time.Millisecond)
		if err != nil {
			b.Fatal(err)
		}
		write(b, p)
		for s.Stats().Tags > 0 { // what is left costs too
			time.Sleep(time.Millisecond)
		}
	})
}
