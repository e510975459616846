package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/chattest"
	"liveroom/chat/gift"
	"liveroom/chat/gift/gifttest"
	"liveroom/internal/redistest"
)

// TestGiftsWhileRedisIsAway: what is given while Redis is away is refused in time and may be given again, what was acknowledged is
// there afterwards, everybody is charged once, and ledger, totals, the backend's books and what the room saw agree.
func TestGiftsWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		start func(t *testing.T) (url string, leave func(*Store), back func())
	}{
		{"it stands still", func(t *testing.T) (string, func(*Store), func()) {
			server := redistest.Start(t)
			return server.URL(), func(*Store) { server.Pause() }, server.Resume
		}},
		{"it crashes", func(t *testing.T) (string, func(*Store), func()) {
			server := redistest.Start(t, redistest.Durable()...)
			return server.URL(), func(*Store) { server.Kill() }, func() {
				if err := server.Up(); err != nil {
					t.Fatal(err)
				}
			}
		}},
		{"another takes its place", func(t *testing.T) (string, func(*Store), func()) {
			servers := redistest.StartSentinel(t)
			return servers.URL(), func(s *Store) {
				if n, err := s.rdb.Do(t.Context(), "wait", 1, 10_000).Int(); err != nil || n != 1 { // what was acknowledged is there
					t.Fatal(n, err)
				}
				servers.Replica.Pause() // nothing takes its place before those who give were answered
				servers.Master.Kill()
			}, servers.Replica.Resume
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			url, leave, back := tc.start(t)
			s := open(t, url)
			shop := openShop(t, s)
			given := func(i, n int) {
				wait(t, "a gift is accepted", func() bool {
					o, err := shop.give(t, i, n)
					return err == nil && o.State == gift.Accepted
				})
			}
			for i := range 6 {
				given(i, 0)
			}
			leave(s)
			var wg sync.WaitGroup
			for i := range 6 {
				wg.Go(func() {
					if o, err := shop.give(t, i, 1); !errors.Is(err, ErrAway) {
						t.Errorf("while it is away: %+v, %v", o, err)
					}
				})
			}
			wg.Wait()
			back()

			for n := range 2 { // all are given again
				for i := range 6 {
					given(i, n)
				}
			}
			shop.close(t)
		})
	}
}

// shop is where gifts are given over a store, and charged.
type shop struct {
	*gift.Service
	store *Gifts
	chat  *Chat

	mu      sync.Mutex // guards charged
	charged map[string]bool
}

func openShop(t *testing.T, s *Store) *shop {
	t.Helper()
	sh := &shop{store: s.Gifts(), chat: s.Chat(), charged: map[string]bool{}}
	chattest.Create(t, sh.chat, "g")
	sh.Service = gift.NewService(gift.Config{
		RetryIn: 50 * time.Millisecond, RetryAt: 200 * time.Millisecond, Poll: 50 * time.Millisecond, Left: 100 * time.Millisecond, Rate: 1000, Burst: 1000,
	}, sh.store, sh, sh, nil, slog.New(slog.DiscardHandler))
	if _, err := sh.PutGift(t.Context(), gift.Gift{ID: "rose", Name: "Rose", Price: 100, Combo: true, Enabled: true}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = sh.Run(ctx) })
	wg.Go(func() { _ = sh.Sweep(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return sh
}

// give gives the nth gift of a user, every other one as a click of a run. Nobody waits for it any longer than he would for an answer.
func (s *shop) give(t *testing.T, user, n int) (gift.Order, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	o, err := s.Give(ctx, gift.Giving{
		Group: "g", Order: fmt.Sprint(n), Gift: "rose", Count: 1, Combo: []string{"", "c"}[user%2], From: chat.Identity{User: fmt.Sprint("u", user)},
	})
	if ctx.Err() != nil {
		t.Errorf("not answered: %v", err)
	}
	return o, err
}

// Settle implements gift.Settler: each order is charged once.
func (s *shop) Settle(_ context.Context, o gift.Order, _ int) (gift.Verdict, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.charged[o.Key()] = true
	return gifttest.Accept, nil
}

// Append implements gift.Room.
func (s *shop) Append(ctx context.Context, group, fence string, messages ...chat.Fenced) error {
	all := make([]chat.FencedMessage, len(messages))
	for i, f := range messages {
		m := f.Message
		m.Group = group
		all[i] = chat.FencedMessage{Number: f.Number, Message: &m}
	}
	_, err := s.chat.Append(ctx, group, fence, all, chattest.Keep)
	return err
}

// RaiseCounters implements gift.Room.
func (s *shop) RaiseCounters(context.Context, string, map[string]chat.Number) error { return nil }

// close waits until all is done, and compares the books.
func (s *shop) close(t *testing.T) {
	t.Helper()
	wait(t, "all is shown", func() bool {
		all, err := s.shown(t.Context())
		if err != nil {
			return false
		}
		n := 0
		for _, m := range all {
			n += m.Result.Count
		}
		w, err := s.store.Work(t.Context(), "g", time.Now(), 100)
		return n >= 12 && err == nil && len(w.Ask)+len(w.Show)+len(w.Untold) == 0
	})
	accepted, sum := map[string]gift.Order{}, gift.Totals{Senders: 6}
	for _, e := range gifttest.All(t, s.store, gift.Query{Group: "g", Limit: 100}) {
		accepted[e.Key()] = e.Order
		sum = sum.Add(e.Order, false)
	}
	if total, err := s.store.Totals(t.Context(), "g", gift.All); err != nil || total != sum || sum.Count != 12 || len(accepted) != 12 {
		t.Errorf("totals %+v, %v; the ledger says %+v", total, err, sum)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.charged {
		if _, ok := accepted[key]; !ok {
			t.Errorf("%s was charged and is not in the ledger", key)
		}
	}
	if len(s.charged) != len(accepted) {
		t.Errorf("%d were charged, %d accepted", len(s.charged), len(accepted))
	}
	shown, err := s.shown(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gifttest.CheckShown(t, accepted, shown)
}

// shown is what the members of the group have got.
func (s *shop) shown(ctx context.Context) (all []gift.Showing, err error) {
	state, err := s.chat.LoadGroup(ctx, "g")
	if err != nil {
		return nil, err
	}
	for _, m := range state.Log {
		var body []struct {
			MsgContent struct{ Data string }
		}
		var r gift.Result
		if err := errors.Join(json.Unmarshal(m.Body, &body), json.Unmarshal([]byte(body[0].MsgContent.Data), &r)); err != nil {
			return nil, err
		}
		all = append(all, gift.Showing{Result: r})
	}
	return all, nil
}
