package like_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/like"
)

// room is a chat that remembers what it was sent.
type room struct {
	mu   sync.Mutex
	muse error // why nobody may speak
	full bool
	sent []chat.Message
	how  []chat.SendOptions
}

func (r *room) MaySpeak(_ context.Context, _ string, who chat.Identity) error {
	if who.Anonymous {
		return chat.ErrPermission
	}
	return r.muse
}

func (r *room) Crowded(string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.full
}

func (r *room) SendWith(_ context.Context, m chat.Message, _ chat.Identity, how chat.SendOptions) (chat.Ack, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent, r.how = append(r.sent, m), append(r.how, how)
	return chat.Ack{}, nil
}

func (r *room) messages() []chat.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sent
}

// flaky is a Store whose calls and answers can get lost.
type flaky struct {
	like.Store
	mu                sync.Mutex
	lostCall, lostAck int  // the next so many
	cut               bool // nothing gets through any more
}

var errAway = errors.New("away")

func (f *flaky) AddLikes(ctx context.Context, group string, b like.Batch) (like.Totals, error) {
	f.mu.Lock()
	call, ack := f.cut || f.lostCall > 0, f.lostAck > 0
	if call {
		f.lostCall = max(f.lostCall-1, 0)
	} else if ack {
		f.lostAck--
	}
	f.mu.Unlock()
	if call {
		return like.Totals{}, errAway
	}
	t, err := f.Store.AddLikes(ctx, group, b)
	if ack {
		return like.Totals{}, errAway
	}
	return t, err
}

func (f *flaky) cutOff() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut = true
}

func (f *flaky) lose(calls, acks int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lostCall, f.lostAck = calls, acks
}

// node is a Service that runs until it is stopped.
type node struct {
	*like.Service
	stop func()
}

func start(t *testing.T, cfg like.Config, rooms like.Rooms, store like.Store) node {
	t.Helper()
	s, err := like.New(cfg, rooms, store, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Run(ctx) })
	wg.Go(func() { _ = s.RunTotals(ctx) })
	stop := sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(stop)
	synctest.Wait()
	return node{s, stop}
}

func user(name string) chat.Identity { return chat.Identity{User: name} }

func (n node) like(t *testing.T, name string, count int) like.Accepted {
	t.Helper()
	got, err := n.Like(t.Context(), "g", user(name), count)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func total(t *testing.T, s like.Store) int64 {
	t.Helper()
	got, err := s.Likes(t.Context(), "g", "")
	if err != nil {
		t.Fatal(err)
	}
	return got.All
}

func TestEachMayLikeAtHisRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, like.Config{}, &room{}, like.NewMemory())
		for i, step := range []struct {
			after time.Duration
			count int
			want  int
		}{
			{0, 20, 20},
			{0, 20, 10},
			{0, 1, 0},
			{100 * time.Millisecond, 5, 1},
			{time.Second, 30, 10},
			{time.Hour, 1000, 30},
		} {
			time.Sleep(step.after)
			if got := n.like(t, "ann", step.count); got.Likes != step.want {
				t.Errorf("step %d: %d accepted, want %d", i, got.Likes, step.want)
			}
		}
		if got := n.like(t, "bob", 30); got.Likes != 30 {
			t.Errorf("somebody else: %+v", got)
		}
		if st := n.Stats(); st.Accepted != 101 || st.Refused != 10+1+4+20+970 {
			t.Errorf("%+v", st)
		}
	})
}

func TestCountsOutOfBoundsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, like.Config{}, &room{}, like.NewMemory())
		for _, count := range []int{0, -1, like.MaxCount + 1} {
			if _, err := n.Like(t.Context(), "g", user("ann"), count); !errors.Is(err, chat.ErrParameter) {
				t.Errorf("%d: %v", count, err)
			}
		}
		if _, err := n.Add(t.Context(), "g", "", like.MaxBulk+1); !errors.Is(err, chat.ErrParameter) {
			t.Errorf("in bulk: %v", err)
		}
		n.Notice("g", "ann", -5)
		if st := n.Stats(); st.Accepted != 0 {
			t.Errorf("%+v", st)
		}
	})
}

func TestWhoMayNotSpeakMayNotLike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &room{muse: chat.ErrMuted}
		n := start(t, like.Config{}, r, like.NewMemory())
		if _, err := n.Like(t.Context(), "g", user("ann"), 1); !errors.Is(err, chat.ErrMuted) {
			t.Errorf("muted: %v", err)
		}
		if _, err := n.Like(t.Context(), "g", chat.Identity{User: "anon_1", Anonymous: true}, 1); !errors.Is(err, chat.ErrPermission) {
			t.Errorf("anonymous: %v", err)
		}
		if st := n.Stats(); st.Accepted != 0 || len(r.messages()) != 0 {
			t.Errorf("%+v, %v", st, r.sent)
		}
	})
}

func TestLikesAreShownButNotAFloodOfThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &room{}
		n := start(t, like.Config{}, r, like.NewMemory())
		n.like(t, "ann", 3)
		synctest.Wait()
		want := `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"{\"type\":\"like\",\"count\":3}"}}]`
		if m := r.messages(); len(m) != 1 || string(m[0].Body) != want || m[0].Priority != chat.Low || m[0].Group != "g" {
			t.Fatalf("shown: %+v", m)
		}
		if how := r.how[0]; !how.Beside || !how.Local {
			t.Errorf("sent with %+v", how)
		}
		for i := range 500 {
			n.like(t, fmt.Sprint("u", i), 1)
		}
		synctest.Wait()
		if m := r.messages(); len(m) != 5 {
			t.Errorf("%d messages in one moment", len(m))
		}
		time.Sleep(10 * time.Second)
		r.mu.Lock()
		r.full = true
		r.mu.Unlock()
		n.like(t, "zoe", 1)
		synctest.Wait()
		if m := r.messages(); len(m) != 5 {
			t.Errorf("%d messages, one of them to a full room", len(m))
		}
		time.Sleep(10 * time.Second)
		if got := total(t, storeOf(n)); got != 504 {
			t.Errorf("%d counted, want all 504", got)
		}
	})
}

// storeOf reads totals through a Service, as doors do.
func storeOf(n node) like.Store { return totals{n} }

type totals struct{ node }

func (x totals) Likes(ctx context.Context, group, session string) (like.Totals, error) {
	return x.Totals(ctx, group, session)
}

func (totals) AddLikes(context.Context, string, like.Batch) (like.Totals, error) { panic("unused") }

func (totals) Liked(context.Context, int) ([]string, uint64, error) { panic("unused") }

func (totals) Told(context.Context, uint64) error { panic("unused") }

func (totals) DeleteLikes(context.Context, string) error { panic("unused") }

// counting is a Store that counts its calls.
type counting struct {
	like.Store
	mu   sync.Mutex
	adds int
}

func (c *counting) AddLikes(ctx context.Context, group string, b like.Batch) (like.Totals, error) {
	c.mu.Lock()
	c.adds++
	c.mu.Unlock()
	return c.Store.AddLikes(ctx, group, b)
}

func TestTheStoreIsCalledOncePerRoomAndSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &counting{Store: like.NewMemory()}
		n := start(t, like.Config{}, &room{}, store)
		for range 100 {
			for i := range 50 {
				n.like(t, fmt.Sprint("u", i), 1)
			}
			time.Sleep(99 * time.Millisecond) // not a tick's own moment
		}
		time.Sleep(2 * time.Second)
		if got := total(t, store.Store); got != 5000 || store.adds != 10 {
			t.Errorf("%d likes in %d calls, want 5000 in 10", got, store.adds)
		}
	})
}

func TestTheAnswerKnowsTheTotal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := like.NewMemory()
		if _, err := store.AddLikes(t.Context(), "g", like.Batch{Writer: "before", Number: 1, Likes: []like.Count{{Likes: 100}}}); err != nil {
			t.Fatal(err)
		}
		n := start(t, like.Config{}, &room{}, store)
		if got := n.like(t, "ann", 3); got != (like.Accepted{Likes: 3, Total: 103, Known: true}) {
			t.Errorf("at once: %+v", got)
		}
		time.Sleep(1500 * time.Millisecond)
		if got := n.like(t, "bob", 4); got != (like.Accepted{Likes: 4, Total: 107, Known: true}) {
			t.Errorf("later: %+v", got)
		}
	})
}

func TestLikesCountForTheSessionTheyCameIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := like.NewMemory()
		var session atomic.Value
		session.Store("")
		n := start(t, like.Config{Session: func(string) string { return session.Load().(string) }}, &room{}, store)
		next := func() { time.Sleep(1100 * time.Millisecond); synctest.Wait() }
		n.like(t, "ann", 1)
		next()
		session.Store("01A")
		n.like(t, "ann", 2)
		next()
		n.like(t, "ann", 4)
		session.Store("") // in the second in which it ends
		next()
		n.like(t, "ann", 1)
		next()
		time.Sleep(time.Minute)
		session.Store("01B") // long after the last look
		n.like(t, "ann", 8)
		n.stop()
		for s, want := range map[string]int64{"": 0, "01A": 6, "01B": 8} {
			if got, err := store.Likes(t.Context(), "g", s); err != nil || got != (like.Totals{All: 16, Session: want}) {
				t.Errorf("session %q: %+v, %v", s, got, err)
			}
		}
	})
}

func TestWhoWantsToKnowIsToldOfEachLike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := map[string]int{}
		n := start(t, like.Config{Liked: func(group, user string, n int) { all[group+" "+user] += n }}, &room{}, like.NewMemory())
		n.like(t, "ann", 25)
		n.like(t, "ann", 25)
		n.Notice("g", "bob", 2)
		if _, err := n.Add(t.Context(), "h", "", 1000); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(all) != "map[g ann:30 g bob:2 h :1000]" {
			t.Errorf("told %v", all)
		}
	})
}
