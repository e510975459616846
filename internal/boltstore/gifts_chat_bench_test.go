package boltstore

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/gift"
)

// benchMember is a session that only counts what it gets.
type benchMember struct {
	id    string
	items atomic.Int64
}

func (m *benchMember) ID() string                   { return m.id }
func (m *benchMember) Direct(string, *chat.Message) {}
func (m *benchMember) Deliver(b *chat.Batch)        { m.items.Add(int64(len(b.Items))) }
func (m *benchMember) Left(string, chat.Departure)  {}
func (m *benchMember) Close(chat.Closing)           {}

// BenchmarkChatBesideGifts is how long members wait for the answer to a message, 30 a second in a room of a thousand, while so many
// gifts a second go into it: half of them clicks of combos. Run it with -benchtime 300x (ten seconds) or more, -cpu 1.
func BenchmarkChatBesideGifts(b *testing.B) {
	for _, rate := range []int{0, 500} {
		b.Run(fmt.Sprint(rate, " gifts a second"), func(b *testing.B) { chatBesideGifts(b, rate) })
	}
}

func chatBesideGifts(b *testing.B, rate int) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	store, log := openBench(b), slog.New(slog.DiscardHandler)
	talk, err := chat.New(chat.Config{UserRate: 1000, UserBurst: 1000}, store.Chat(), log)
	if err != nil {
		b.Fatal(err)
	}
	gifts := gift.NewService(gift.Config{Rate: 1e6, Burst: 1e6}, store.Gifts(), nil, talk, nil, log)
	for _, run := range []func(context.Context) error{store.Run, talk.Run, gifts.Run} {
		wg.Go(func() { _ = run(ctx) })
	}
	defer wg.Wait()
	defer cancel()
	if err := talk.Create(ctx, chat.Group{ID: "g", Room: "r"}); err != nil {
		b.Fatal(err)
	}
	if _, err := gifts.PutGift(ctx, gift.Gift{ID: "rose", Name: "Rose", Price: 100, Combo: true, Enabled: true}); err != nil {
		b.Fatal(err)
	}
	first := &benchMember{id: "user0"}
	for i := range 1000 {
		m := first
		if i > 0 {
			m = &benchMember{id: fmt.Sprint("user", i)}
		}
		if _, err := talk.Join(ctx, "g", chat.Identity{User: m.id}, m, nil); err != nil {
			b.Fatal(err)
		}
	}
	given := giveAtRate(ctx, &wg, gifts, rate)

	body := []byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hello"}}]`)
	waits := make([]time.Duration, b.N)
	var sending sync.WaitGroup
	tick := time.NewTicker(time.Second / 30)
	for i := range b.N {
		<-tick.C
		sending.Go(func() {
			began := time.Now()
			if _, err := talk.Send(ctx, chat.Message{Group: "g", Body: body, Random: uint32(i)}, chat.Identity{User: fmt.Sprint("user", i%100)}); err != nil {
				b.Error(err)
			}
			waits[i] = time.Since(began)
		})
	}
	tick.Stop()
	sending.Wait()
	slices.Sort(waits)
	at := func(share float64) float64 {
		return float64(waits[int(share*float64(b.N-1))].Microseconds()) / 1000
	}
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
	b.ReportMetric(float64(given.Load())/b.Elapsed().Seconds(), "gifts/s")
	b.ReportMetric(float64(gifts.Stats().Shown)/b.Elapsed().Seconds(), "shown/s")
}

// giveAtRate gives until ctx ends, and counts.
func giveAtRate(ctx context.Context, wg *sync.WaitGroup, gifts *gift.Service, rate int) *atomic.Int64 {
	var given, failed atomic.Int64
	if rate == 0 {
		return &given
	}
	wg.Go(func() {
		var giving sync.WaitGroup
		defer giving.Wait()
		const step = 20 * time.Millisecond
		tick := time.NewTicker(step)
		defer tick.Stop()
		for n := 0; ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			for range int(step) * rate / int(time.Second) {
				n++
				in := gift.Giving{Group: "g", Order: fmt.Sprint(n), Gift: "rose", Count: 1, From: chat.Identity{User: fmt.Sprint("user", n%500)}}
				if n%2 == 0 {
					in.Combo = "c"
				}
				giving.Go(func() {
					if _, err := gifts.Give(ctx, in); err == nil {
						given.Add(1)
					} else if ctx.Err() == nil && failed.Add(1) == 1 {
						panic(err)
					}
				})
			}
		}
	})
	return &given
}
