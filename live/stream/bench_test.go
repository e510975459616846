package stream

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

// faster lets a benchmark send its tags without waiting for the time they stand for.
const faster = 1 << 20 * time.Hour

// BenchmarkFanOut is one tag written and read by every subscriber, each in its own goroutine, as viewers are.
// Allocations must not grow with the number of subscribers.
func BenchmarkFanOut(b *testing.B) {
	for _, subscribers := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint(subscribers), func(b *testing.B) {
			h := NewHub(Config{MergeFrom: 1 << 20, MergeFull: 1 << 20, MaxAhead: faster})
			p := publish(b, h, "x", PublishOptions{})
			write(b, p, Video, 0, keyframe)
			var wg, read sync.WaitGroup
			read.Add(subscribers) // the keyframe
			for range subscribers {
				s := h.Subscribe("x", FLV, SubscribeOptions{})
				wg.Go(func() {
					defer s.Close()
					buf := make([]*Tag, 0, 64)
					for {
						tags, err := s.Next(b.Context(), buf)
						if err != nil {
							return
						}
						for range tags {
							read.Done()
						}
						buf = tags
					}
				})
			}
			read.Wait()
			b.ReportAllocs()
			ts := uint32(0)
			for b.Loop() {
				read.Add(subscribers)
				ts += 13
				buf := NewBuffer(3400)
				buf[HeaderBytes], buf[HeaderBytes+1] = 0x17, 1
				if err := p.Write(Video, ts, buf); err != nil {
					b.Fatal(err)
				}
				read.Wait()
			}
			h.End("x", nil)
			wg.Wait()
		})
	}
}

// BenchmarkRead is what a subscriber that is awake pays for a tag, without the wake-up.
func BenchmarkRead(b *testing.B) {
	h := NewHub(Config{MaxAhead: faster})
	p := publish(b, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	var tags []*Tag
	var err error
	buf := NewBuffer(3400)
	buf[HeaderBytes], buf[HeaderBytes+1] = 0x17, 1
	b.ReportAllocs()
	ts := uint32(0)
	for b.Loop() {
		ts += 13
		if err := p.Write(Video, ts, buf); err != nil {
			b.Fatal(err)
		}
		if tags, err = s.Next(b.Context(), tags); err != nil || len(tags) != 1 {
			b.Fatal(len(tags), err)
		}
	}
}

// TestReadingAllocatesNothing holds what the benchmarks show: a subscriber costs no allocation per tag.
func TestReadingAllocatesNothing(t *testing.T) {
	const subscribers = 50
	h := NewHub(Config{})
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	subs := make([]*Subscriber, subscribers)
	bufs := make([][]*Tag, subscribers)
	for i := range subs {
		subs[i] = h.Subscribe("x", FLV, SubscribeOptions{})
		defer subs[i].Close()
	}
	ts := uint32(0)
	round := func() {
		ts += 40
		write(t, p, Video, ts, keyframe)
		for i, s := range subs {
			var err error
			if bufs[i], err = s.Next(t.Context(), bufs[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 300 {
		round()
	}
	runtime.GC()
	if n := testing.AllocsPerRun(200, round); n > 8 {
		t.Errorf("%v allocations for a tag and %d subscribers", n, subscribers)
	}
}
