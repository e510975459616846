package chat_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/internal/bench/capacity"
)

// TestFirstLeavesAtOnceThenTheTick: the first message of an idle room does not wait, those behind it share batches.
func TestFirstLeavesAtOnceThenTheTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		alice, _ := join(t, s, "demo", "alice")
		begin := time.Now()
		send(t, s, "demo", "alice", "first")
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("the first message waited %v", waited)
		}
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() { send(t, s, "demo", "alice", fmt.Sprint(i)) })
		}
		wg.Wait()
		if waited := time.Since(begin); waited < 25*time.Millisecond || waited > 26*time.Millisecond {
			t.Errorf("the tick came after %v", waited)
		}
		if n := len(alice.all()); n != 2 {
			t.Errorf("%d batches", n)
		}
	})
}

func TestTickFollowsAudienceAndLoad(t *testing.T) {
	const ms = time.Millisecond
	for _, tc := range []struct {
		audience   int
		took, want time.Duration
	}{
		{0, 0, 25 * ms},
		{600, 0, 62500 * time.Microsecond},
		{1200, 0, 100 * ms},
		{100_000, 0, 100 * ms},
		{0, 50 * ms, 90 * ms},
		{5000, 50 * ms, 100 * ms},
		{10_000, 120 * ms, 216 * ms},
		{10_000, time.Minute, 250 * ms},
	} {
		if got := (chat.Config{}).Tick(tc.audience, tc.took); got != tc.want {
			t.Errorf("audience %d, flush of %v: %v, want %v", tc.audience, tc.took, got, tc.want)
		}
		if got, pause := capacity.Tick(tc.audience, tc.took), capacity.Pause(tc.audience, tc.took); got != tc.want || pause != (chat.Config{}).Pause(tc.audience, tc.took) {
			t.Errorf("audience %d, flush of %v: the capacity model has a tick of %v and a pause of %v", tc.audience, tc.took, got, pause)
		}
	}
}

// TestFrequencyControl: over any second of a flood at most 40 pass, and close to 40 do; the sender always hears success.
func TestFrequencyControl(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		alice, _ := join(t, s, "demo", "alice")
		var wg sync.WaitGroup
		var fates [2]atomic.Int64
		for i := range 1000 { // 200 a second for 5 s
			wg.Go(func() {
				if send(t, s, "demo", "alice", fmt.Sprint(i)).Dropped {
					fates[0].Add(1)
				} else {
					fates[1].Add(1)
				}
			})
			time.Sleep(5 * time.Millisecond)
		}
		wg.Wait()
		var times []time.Time
		for _, item := range alice.items() {
			if item.Message != nil {
				times = append(times, item.Message.Time)
			}
		}
		if n := fates[1].Load(); int(n) != len(times) || fates[0].Load()+n != 1000 {
			t.Errorf("%d acks of delivery, %d of drop, %d delivered", n, fates[0].Load(), len(times))
		}
		if len(times) < 190 || len(times) > 240 {
			t.Errorf("%d messages passed in 5 s", len(times))
		}
		for i := range times { // the window has slots of 50 ms: a second less one slot holds at most 40
			if i >= 40 && times[i].Sub(times[i-40]) < 950*time.Millisecond {
				t.Fatalf("41 messages within %v", times[i].Sub(times[i-40]))
			}
		}
		time.Sleep(2 * time.Second)
		if ack := send(t, s, "demo", "alice", "after the flood"); ack.Dropped || ack.Seq != uint64(len(times)+1) {
			t.Errorf("after the flood: %+v", ack)
		}
	})
}

// TestPriorityDecidesWhoSurvivesNotTheOrder: what matters passes, in the order it came; the server's own always does.
func TestPriorityDecidesWhoSurvivesNotTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		alice, _ := join(t, s, "demo", "alice")
		send(t, s, "demo", "alice", "first")
		for i := range 120 {
			m := chat.Message{Group: "demo", Body: text(fmt.Sprint(i)), Priority: []chat.Priority{chat.Low, chat.High, chat.Normal}[i%3]}
			go func() {
				if _, err := s.Send(t.Context(), m, named("alice")); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait() // so that they arrive in this order
		}
		if ack, err := s.SendServer(t.Context(), chat.Message{Group: "demo", Body: text("gift")}); err != nil || ack.Dropped || ack.Seq != 42 {
			t.Errorf("the server's message: %+v, %v", ack, err)
		}
		items := alice.items()
		if len(items) != 42 || items[41].Message.Server != true {
			t.Fatalf("%d items, the last %+v", len(items), items[len(items)-1].Message)
		}
		last := -1
		for _, item := range items[1:41] {
			var n int
			if _, err := fmt.Sscan(textOf(item.Message), &n); err != nil || n <= last || item.Message.Priority != chat.High {
				t.Fatalf("%q of priority %v came after %d", textOf(item.Message), item.Message.Priority, last)
			}
			last = n
		}
	})
}

func TestPriorityCap(t *testing.T) {
	s := start(t, chat.Config{PriorityCap: chat.Normal}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	for _, p := range []chat.Priority{chat.High, chat.Normal, chat.Low, 0} {
		if _, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: custom(`{"type":"gift"}`), Priority: p}, named("alice")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text("x"), Priority: chat.High}, admin); err != nil {
		t.Fatal(err)
	}
	want := []chat.Priority{chat.Normal, chat.Normal, chat.Low, chat.Normal, chat.High}
	for i, item := range alice.items() {
		if item.Message.Priority != want[i] {
			t.Errorf("message %d has priority %v, want %v", i, item.Message.Priority, want[i])
		}
	}
	_, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text("x"), Priority: 9}, named("alice"))
	if !errors.Is(err, chat.ErrParameter) {
		t.Errorf("priority 9: %v", err)
	}
}

// TestCrowdedBatchDropsTheLeastImportant: a flood between two ticks takes bounded memory, and costs High nothing.
func TestCrowdedBatchDropsTheLeastImportant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{Pending: 10, RatePerSecond: 1000}, chat.NewMemory())
		create(t, s, "demo")
		alice, _ := join(t, s, "demo", "alice")
		send(t, s, "demo", "alice", "first")
		var survived, lost [chat.Lowest + 1]atomic.Int64
		for i := range 30 {
			p := []chat.Priority{chat.Low, chat.Normal, chat.High}[i/10]
			go func() {
				ack, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text(fmt.Sprint(i)), Priority: p, Random: uint32(i + 1)}, named("alice"))
				switch {
				case err != nil:
					t.Error(err)
				case ack.Dropped:
					lost[p].Add(1)
				default:
					survived[p].Add(1)
				}
			}()
			synctest.Wait()
		}
		time.Sleep(time.Second)
		if survived[chat.High].Load() != 10 || lost[chat.Low].Load() != 10 || lost[chat.Normal].Load() != 10 {
			t.Errorf("survived %v, lost %v", &survived, &lost)
		}
		if got := len(alice.seqs()); got != 11 {
			t.Errorf("%d messages delivered", got)
		}
		ack, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text("0"), Priority: chat.Low, Random: 1}, named("alice"))
		if err != nil || ack.Dropped {
			t.Errorf("one that found no place can't be sent again: %+v, %v", ack, err)
		}
	})
}

func TestRepeatsGetTheFirstAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		alice, _ := join(t, s, "demo", "alice")
		join(t, s, "demo", "bob")
		say := func(user, words string, random uint32) chat.Ack {
			ack, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text(words), Random: random}, named(user))
			if err != nil {
				t.Errorf("%s %q: %v", user, words, err)
			}
			return ack
		}
		first := say("alice", "x", 7)
		var wg sync.WaitGroup
		for range 5 { // while it is under way and after it
			wg.Go(func() { say("alice", "y", 8) })
			wg.Go(func() {
				if again := say("alice", "x", 7); again != first {
					t.Errorf("repeat got %+v, first %+v", again, first)
				}
			})
		}
		wg.Wait()
		if got := len(alice.seqs()); got != 2 {
			t.Errorf("%d messages of two sends with repeats", got)
		}
		for _, tc := range []struct {
			name, user, words string
			random            uint32
		}{{"other sender", "bob", "x", 7}, {"other words", "alice", "z", 7}, {"other random", "alice", "x", 9}, {"no random", "alice", "x", 0}, {"no random again", "alice", "x", 0}} {
			if ack := say(tc.user, tc.words, tc.random); ack.Seq == first.Seq {
				t.Errorf("%s counts as a repeat", tc.name)
			}
		}
		time.Sleep(4*time.Minute + 50*time.Second)
		if again := say("alice", "x", 7); again != first {
			t.Errorf("within five minutes: %+v", again)
		}
		time.Sleep(20 * time.Second)
		if again := say("alice", "x", 7); again.Seq == first.Seq {
			t.Errorf("after five minutes: %+v", again)
		}
		if st := s.Stats().Messages[chat.Normal]; st.Repeated != 10 || st.Delivered != 8 {
			t.Errorf("counted %+v", st)
		}
	})
}

// faulty is a store that fails while told to.
type faulty struct {
	chat.Store
	fail atomic.Bool
}

var errDisk = errors.New("disk on fire")

func (f *faulty) Flush(ctx context.Context, group string, b chat.Flush) ([]chat.Ack, error) {
	if f.fail.Load() {
		return nil, errDisk
	}
	return f.Store.Flush(ctx, group, b)
}

func (f *faulty) Reserve(ctx context.Context, group string, key chat.Key) (chat.Reservation, error) {
	if f.fail.Load() && key[0]%2 == 0 {
		return chat.Reservation{}, errDisk
	}
	return f.Store.Reserve(ctx, group, key)
}

func (f *faulty) PutAttributes(ctx context.Context, group string, c chat.AttributeChange) (chat.Values, error) {
	if f.fail.Load() {
		return chat.Values{}, errDisk
	}
	return f.Store.PutAttributes(ctx, group, c)
}

func (f *faulty) ApplyStatus(ctx context.Context, c chat.StatusChange, m *chat.Message, keep chat.Retention) (chat.StatusApplied, error) {
	if f.fail.Load() {
		return chat.StatusApplied{}, errDisk
	}
	return f.Store.ApplyStatus(ctx, c, m, keep)
}

func (f *faulty) LoadGroup(ctx context.Context, group string) (chat.GroupState, error) {
	if f.fail.Load() {
		return chat.GroupState{}, errDisk
	}
	return f.Store.LoadGroup(ctx, group)
}

// TestStoreAway: senders are told to try again, members see nothing, and the same send succeeds once the store is back.
func TestStoreAway(t *testing.T) {
	store := &faulty{Store: chat.NewMemory()}
	s := start(t, chat.Config{}, store)
	create(t, s, "demo")
	create(t, s, "cold")
	alice, _ := join(t, s, "demo", "alice")
	store.fail.Store(true)
	calls := map[string]func() error{
		"attributes": func() error { return s.SetAttributes(t.Context(), "demo", admin, map[string]string{"a": "1"}) },
		"status":     func() error { return s.ApplyStatus(t.Context(), status("demo", 1)) },
		"cold group": func() error { _, err := s.Group(t.Context(), "cold"); return err },
	}
	for i := range 8 { // some fail in Reserve, some in Flush
		calls[fmt.Sprint("send ", i)] = func() error {
			_, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text("x"), Random: uint32(i + 1)}, named("alice"))
			return err
		}
	}
	for name, call := range calls {
		var refusal *chat.Error
		if err := call(); !errors.As(err, &refusal) || !refusal.Temporary || refusal.Code != 10002 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := alice.kinds(); len(got) != 0 {
		t.Errorf("alice received %q", got)
	}
	store.fail.Store(false)
	for name, call := range calls {
		if err := call(); err != nil {
			t.Errorf("%s, store back: %v", name, err)
		}
	}
	if got := len(alice.seqs()); got != 9 {
		t.Errorf("%d messages after the store came back", got)
	}
}

func TestGivingUpWaiting(t *testing.T) {
	s, err := chat.New(chat.Config{}, chat.NewMemory(), nil) // never runs
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Send(ctx, chat.Message{Group: "demo"}, named("alice")); !errors.Is(err, context.Canceled) {
		t.Errorf("send: %v", err)
	}
	if err := s.SetNotice(ctx, "demo", admin, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("notice: %v", err)
	}
}
