package chat_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// trySend sends and returns the refusal, nil if there was none.
func trySend(t *testing.T, s *chat.Service, who chat.Identity, words string, random uint32) (chat.Ack, *chat.Error) {
	t.Helper()
	ack, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text(words), Random: random}, who)
	var refused *chat.Error
	if err != nil && !errors.As(err, &refused) {
		t.Fatal(err)
	}
	return ack, refused
}

// TestTokenBucket: so many at once, so many a second, over all devices of a user; who is refused is told until when.
func TestTokenBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{UserBurst: 3, UserRate: 2}, chat.NewMemory())
		create(t, s, "demo")
		join(t, s, "demo", "alice")
		join(t, s, "demo", "bob")
		phone := newSession("alice-phone")
		if _, err := s.Join(t.Context(), "demo", chat.Identity{User: "alice", Platform: "iOS"}, phone, nil); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		burst := func(who chat.Identity) (passed int, refused *chat.Error) {
			for i := range 10 {
				_, e := trySend(t, s, who, fmt.Sprint(time.Now(), i), 0)
				if e == nil {
					passed++
				} else {
					refused = e
				}
			}
			return passed, refused
		}
		n, refused := burst(named("alice")) // takes 50 ms: two ticks
		if n != 3 || !errors.Is(refused, chat.ErrTooManyMessages) || !refused.Temporary || !refused.NextAt.Equal(begin.Add(500*time.Millisecond)) {
			t.Fatalf("%d passed, then %+v after %v", n, refused, refused.NextAt.Sub(begin))
		}
		if _, e := trySend(t, s, chat.Identity{User: "alice", Platform: "iOS"}, "from the phone", 0); !errors.Is(e, chat.ErrTooManyMessages) {
			t.Errorf("the other device: %v", e)
		}
		if n, _ := burst(named("bob")); n != 3 {
			t.Errorf("%d of bob's passed", n)
		}
		time.Sleep(time.Until(refused.NextAt) - time.Millisecond)
		if n, _ := burst(named("alice")); n != 0 {
			t.Errorf("%d passed before it was time", n)
		}
		s.Leave("demo", phone)
		time.Sleep(time.Millisecond)
		join(t, s, "demo", "alice")
		if n, _ := burst(named("alice")); n != 1 {
			t.Errorf("%d passed when it was time", n)
		}
		if n, _ := burst(named("owner")); n != 10 {
			t.Errorf("%d of the owner's passed", n)
		}
		if n, _ := burst(admin); n != 10 {
			t.Errorf("%d of the server's passed", n)
		}
		time.Sleep(time.Hour)
		if n, _ := burst(named("alice")); n != 3 {
			t.Errorf("%d passed after a rest", n)
		}
	})
}

// TestSlowMode: a member waits between two messages, is told how long at each place, and wins nothing by coming back.
func TestSlowMode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{UserBurst: 3}, chat.NewMemory())
		create(t, s, "demo")
		alice, _ := join(t, s, "demo", "alice")
		if _, err := s.SetSettings(t.Context(), "demo", admin, chat.SettingsPatch{SlowMode: ptr(5 * time.Minute)}); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		next := begin.Add(5 * time.Minute)
		ack, refused := trySend(t, s, named("alice"), "one", 7)
		if refused != nil || !ack.NextAt.Equal(next) {
			t.Fatalf("%+v, %v", ack, refused)
		}
		if again, refused := trySend(t, s, named("alice"), "one", 7); refused != nil || again.Seq != ack.Seq || !again.NextAt.Equal(next) {
			t.Errorf("repeated: %+v, %v", again, refused)
		}
		if _, refused := trySend(t, s, named("alice"), "two", 8); !errors.Is(refused, chat.ErrSlowMode) || !refused.NextAt.Equal(next) {
			t.Errorf("the second: %+v", refused)
		}
		s.Leave("demo", alice)
		time.Sleep(4 * time.Minute) // nobody is there; the room must not be forgotten
		alice, j := join(t, s, "demo", "alice")
		if !j.NextAt.Equal(next) {
			t.Errorf("came back to %v, want %v", j.NextAt, next)
		}
		if _, j := join(t, s, "demo", "owner"); !j.NextAt.IsZero() {
			t.Errorf("the owner must wait until %v", j.NextAt)
		}
		if _, refused := trySend(t, s, named("alice"), "two", 8); !errors.Is(refused, chat.ErrSlowMode) {
			t.Errorf("after coming back: %v", refused)
		}
		for i := range 3 {
			if ack, refused := trySend(t, s, named("owner"), fmt.Sprint(i), 0); refused != nil || !ack.NextAt.IsZero() {
				t.Errorf("the owner: %+v, %v", ack, refused)
			}
		}
		time.Sleep(time.Until(next))
		if _, refused := trySend(t, s, named("alice"), "two", 8); refused != nil {
			t.Errorf("when it was time: %v", refused)
		}
		if _, err := s.SetSettings(t.Context(), "demo", admin, chat.SettingsPatch{SlowMode: ptr(time.Duration(0))}); err != nil {
			t.Fatal(err)
		}
		if ack, refused := trySend(t, s, named("alice"), "three", 0); refused != nil || !ack.NextAt.IsZero() {
			t.Errorf("without slow mode: %+v, %v", ack, refused)
		}
		_ = alice
	})
}

// TestSlowModeHoldsOverARestart: what the log knows of who spoke counts.
func TestSlowModeHoldsOverARestart(t *testing.T) {
	store := chat.NewMemory()
	s, stop := startStop(t, chat.Config{}, store)
	create(t, s, "demo")
	join(t, s, "demo", "alice")
	if _, err := s.SetSettings(t.Context(), "demo", admin, chat.SettingsPatch{SlowMode: ptr(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	send(t, s, "demo", "alice", "one")
	stop()
	s = start(t, chat.Config{}, store)
	if _, j := join(t, s, "demo", "alice"); j.NextAt.IsZero() {
		t.Error("she may send at once")
	}
	if _, refused := trySend(t, s, named("alice"), "two", 0); !errors.Is(refused, chat.ErrSlowMode) {
		t.Errorf("the second: %v", refused)
	}
}

// TestRefusedCostsNothing: what did not come through may be sent again at once, with the same Random.
func TestRefusedCostsNothing(t *testing.T) {
	store := &faulty{Store: chat.NewMemory()}
	s := start(t, chat.Config{UserBurst: 1, UserRate: 0.01, Words: badWords{}}, store)
	create(t, s, "demo")
	join(t, s, "demo", "alice")
	if _, err := s.SetSettings(t.Context(), "demo", admin, chat.SettingsPatch{SlowMode: ptr(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if _, refused := trySend(t, s, named("alice"), "bad", 1); !errors.Is(refused, chat.ErrBlocked) {
		t.Fatalf("a bad word: %v", refused)
	}
	store.fail.Store(true)
	if _, refused := trySend(t, s, named("alice"), "fair", 0); !errors.Is(refused, chat.ErrUnavailable) {
		t.Fatalf("the store is away: %v", refused)
	}
	store.fail.Store(false)
	if _, refused := trySend(t, s, named("alice"), "fair", 2); refused != nil {
		t.Fatalf("it is back: %v", refused)
	}
	if _, refused := trySend(t, s, named("alice"), "fair", 3); !errors.Is(refused, chat.ErrSlowMode) {
		t.Fatalf("the next: %v", refused)
	}
	st := s.Stats()
	if st.Refusals["blocked_text"] != 1 || st.Refusals["slow_mode"] != 1 || st.Messages[chat.Normal].Failed != 1 || st.Messages[chat.Normal].Delivered != 1 || st.Messages[chat.Normal].Refused != 2 {
		t.Errorf("counted %+v, %v", st.Messages[chat.Normal], st.Refusals)
	}
}
