package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// holding starts a service whose groups' members get messages later, by as much as d says.
func holding(t *testing.T, d *atomic.Int64, store chat.Store, change ...func(*chat.Config)) (*chat.Service, func()) {
	t.Helper()
	cfg := chat.Config{
		CountEvery: time.Hour, Tips: 0,
		Delay: holdingBy(d),
	}
	for _, f := range change {
		f(&cfg)
	}
	return startStop(t, cfg, store)
}

func holdingBy(d *atomic.Int64) func(context.Context, string) time.Duration {
	return func(context.Context, string) time.Duration { return time.Duration(d.Load()) }
}

func delayOf(d time.Duration) *atomic.Int64 {
	var v atomic.Int64
	v.Store(int64(d))
	return &v
}

func wantKinds(t *testing.T, what string, s *session, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := s.kinds(); !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func history(t *testing.T, j chat.Joined) (texts []string) {
	t.Helper()
	for _, m := range j.Messages {
		texts = append(texts, textOf(m))
	}
	return texts
}

// What members say comes later to all of them, in order; until then it is nowhere. Who sent it knows at once.
func TestWhatIsSaidComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			mu        sync.Mutex
			delivered []string
		)
		told := func() []string {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(delivered)
		}
		s, stop := holding(t, delayOf(30*time.Second), chat.NewMemory(), func(c *chat.Config) {
			c.Delivered = func(m *chat.Message) {
				mu.Lock()
				defer mu.Unlock()
				delivered = append(delivered, textOf(m))
			}
		})
		defer stop()
		create(t, s, "g")
		amy, _ := join(t, s, "g", "amy")
		bob, _ := join(t, s, "g", "bob")
		begun := time.Now()
		ack := send(t, s, "g", "amy", "one")
		if !ack.Delayed || ack.Dropped || ack.Seq != 0 || time.Since(begun) != 0 {
			t.Errorf("amy's answer: %+v after %v", ack, time.Since(begun))
		}
		if _, err := s.SendServer(t.Context(), chat.Message{Group: "g", Body: text("server")}); err != nil {
			t.Fatal(err)
		}
		if ack, err := s.Send(t.Context(), chat.Message{Group: "g", Body: text("backend"), From: "cid"}, admin); err != nil || ack.Delayed || ack.Seq != 2 {
			t.Errorf("a backend's answer: %+v, %v", ack, err)
		}
		time.Sleep(time.Second)
		if ack := send(t, s, "g", "owner", "two"); !ack.Delayed || ack.Seq != 2 {
			t.Errorf("the owner's answer: %+v", ack)
		}
		time.Sleep(28500 * time.Millisecond)
		wantKinds(t, "before its time", bob, "server", "backend")
		_, j := join(t, s, "g", "dan")
		if got := history(t, j); !slices.Equal(got, []string{"server", "backend"}) || j.Seq != 2 {
			t.Errorf("a newcomer gets %q up to %d", got, j.Seq)
		}
		if got := told(); len(got) != 1 {
			t.Errorf("told as delivered: %q", got)
		}
		time.Sleep(time.Second) // 30.5 s
		wantKinds(t, "later", bob, "server", "backend", "one")
		time.Sleep(time.Second)
		wantKinds(t, "later still", amy, "server", "backend", "one", "two")
		if seqs := bob.seqs(); !slices.Equal(seqs, []uint64{1, 2, 3, 4}) {
			t.Errorf("numbers %v", seqs)
		}
		if got := told(); !slices.Equal(got, []string{"backend", "one", "two"}) {
			t.Errorf("told as delivered: %q", got)
		}
		m := amy.items()[2].Message
		if m.Time.Before(begun.Add(30 * time.Second)) {
			t.Errorf("it is of %v, said at %v", m.Time, begun)
		}
	})
}

// Who is kept from speaking before his words come is not heard any more.
func TestWhoIsMutedMeanwhileIsNotHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := holding(t, delayOf(30*time.Second), chat.NewMemory())
		defer stop()
		create(t, s, "g")
		bob, _ := join(t, s, "g", "bob")
		join(t, s, "g", "amy")
		join(t, s, "g", "cid")
		join(t, s, "g", "owner")
		send(t, s, "g", "amy", "insult")
		send(t, s, "g", "cid", "spam")
		send(t, s, "g", "owner", "welcome")
		time.Sleep(10 * time.Second)
		if _, err := s.Mute(t.Context(), "g", named("owner"), "amy", time.Hour, ""); err != nil {
			t.Fatal(err)
		}
		half := 10 * time.Second
		if _, err := s.SetSilence(t.Context(), admin, "cid", chat.SilencePatch{Groups: lasting(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(half + 15*time.Second)
		synctest.Wait()
		if got := bob.kinds(); slices.Contains(got, "insult") || slices.Contains(got, "spam") || !slices.Contains(got, "welcome") {
			t.Errorf("bob got %q", got)
		}
	})
}

// A message that is sent again while it is held, as clients do, comes once.
func TestARepeatOfWhatIsHeldComesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := holding(t, delayOf(time.Minute), chat.NewMemory())
		defer stop()
		create(t, s, "g")
		bob, _ := join(t, s, "g", "bob")
		join(t, s, "g", "amy")
		m := chat.Message{Group: "g", Random: 7, Body: text("hi")}
		for range 4 {
			begun := time.Now()
			if ack, err := s.Send(t.Context(), m, named("amy")); err != nil || !ack.Delayed || time.Since(begun) != 0 {
				t.Errorf("answer: %+v, %v after %v", ack, err, time.Since(begun))
			}
			time.Sleep(15 * time.Second) // longer than a reservation stands
		}
		wantKinds(t, "once", bob, "hi")
		if ack, err := s.Send(t.Context(), m, named("amy")); err != nil || ack.Delayed || ack.Seq != 1 {
			t.Errorf("afterwards: %+v, %v", ack, err)
		}
		time.Sleep(2 * time.Minute)
		wantKinds(t, "once for good", bob, "hi")
	})
}

// A delay that gets shorter, or ends, lets nothing overtake what is held.
func TestNothingOvertakesWhatIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := delayOf(30 * time.Second)
		s, stop := holding(t, d, chat.NewMemory())
		defer stop()
		create(t, s, "g")
		bob, _ := join(t, s, "g", "bob")
		join(t, s, "g", "amy")
		send(t, s, "g", "amy", "one")
		d.Store(int64(10 * time.Second))
		send(t, s, "g", "amy", "two")
		d.Store(0)
		if ack := send(t, s, "g", "amy", "three"); !ack.Delayed {
			t.Errorf("behind what is held: %+v", ack)
		}
		time.Sleep(29 * time.Second)
		wantKinds(t, "before", bob)
		time.Sleep(2 * time.Second)
		wantKinds(t, "after", bob, "one", "two", "three")
		if ack := send(t, s, "g", "amy", "four"); ack.Delayed || ack.Seq != 4 {
			t.Errorf("when nothing is held: %+v", ack)
		}
	})
}

func TestHeldMessagesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := holding(t, delayOf(10*time.Second), chat.NewMemory(), func(c *chat.Config) { c.RatePerSecond = 2 })
		defer stop()
		create(t, s, "g")
		bob, _ := join(t, s, "g", "bob")
		join(t, s, "g", "owner")
		held, lost := 0, 0
		say := func(p chat.Priority, words string) {
			ack, err := s.Send(t.Context(), chat.Message{Group: "g", Body: text(words), Priority: p}, named("owner"))
			if err != nil {
				t.Fatal(err)
			}
			if ack.Delayed {
				held++
			}
			if ack.Dropped {
				lost++
			}
		}
		for i := range 50 {
			say(chat.Normal, fmt.Sprint(i))
		}
		if held != 40 || lost != 10 {
			t.Errorf("%d are held and %d dropped", held, lost)
		}
		say(chat.High, "fire!")
		if held != 41 {
			t.Error("what matters finds no place")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := bob.kinds(); !slices.Contains(got, "fire!") || len(got) > 4 { // two of High and two of others: what frequency control lets through at once
			t.Errorf("bob got %q", got)
		}
	})
}

// A server that stops lets go of what it holds: it was accepted.
func TestWhatIsHeldIsNotLostWhenTheServerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := chat.NewMemory()
		s, stop := holding(t, delayOf(time.Minute), store)
		create(t, s, "g")
		join(t, s, "g", "amy")
		send(t, s, "g", "amy", "one")
		send(t, s, "g", "amy", "two")
		stop()
		next, stop := holding(t, delayOf(time.Minute), store)
		defer stop()
		_, j := join(t, next, "g", "bob")
		if got := history(t, j); !slices.Equal(got, []string{"one", "two"}) {
			t.Errorf("after the restart there is %q", got)
		}
	})
}

// Of a group that ends, nothing that is held comes any more.
func TestWhatIsHeldGoesWithItsGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := holding(t, delayOf(30*time.Second), chat.NewMemory())
		defer stop()
		create(t, s, "g")
		bob, _ := join(t, s, "g", "bob")
		join(t, s, "g", "amy")
		send(t, s, "g", "amy", "one")
		if err := s.Dismiss(t.Context(), "g"); err != nil && !errors.Is(err, chat.ErrNoGroup) {
			t.Fatal(err)
		}
		create(t, s, "g") // another of the same name
		dan, _ := join(t, s, "g", "dan")
		join(t, s, "g", "amy")
		send(t, s, "g", "amy", "two")
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := bob.kinds(); slices.Contains(got, "one") {
			t.Errorf("bob got %q", got)
		}
		wantKinds(t, "in the next group", dan, "two")
	})
}
