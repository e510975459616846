package chat_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// A member who was away gets exactly what was missed, or is told that something is missing; the room's state is right at
// once either way.
func TestAway(t *testing.T) {
	for _, test := range []struct {
		away     time.Duration
		every    time.Duration // between two messages of the room
		complete bool
	}{
		{time.Second, 50 * time.Millisecond, true},
		{30 * time.Second, 50 * time.Millisecond, true},
		{10 * time.Minute, 50 * time.Millisecond, false},
		{10 * time.Minute, time.Hour, true},       // nothing was said
		{10 * time.Minute, 4 * time.Minute, true}, // so little that the history holds it
	} {
		t.Run(fmt.Sprint(test.away, " of one each ", test.every), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(t, chat.Config{}, chat.NewMemory())
				create(t, s, "g")
				join(t, s, "g", "bob")
				alice, before := join(t, s, "g", "alice")
				talk(t, s, time.Second, 100*time.Millisecond)
				synctest.Wait()
				seen := before.Seq
				for _, seq := range alice.seqs() {
					seen = max(seen, seq)
				}
				s.Leave("g", alice)

				said := talk(t, s, test.away, test.every)
				if err := s.SetNotice(t.Context(), "g", admin, "be kind"); err != nil {
					t.Fatal(err)
				}
				if err := s.SetAttributes(t.Context(), "g", admin, map[string]string{"theme": "dark"}); err != nil {
					t.Fatal(err)
				}
				if err := s.ApplyStatus(t.Context(), status("g", 3)); err != nil {
					t.Fatal(err)
				}
				if _, err := s.SetCounters(t.Context(), "g", admin, map[string]chat.Number{"likes": 7}); err != nil {
					t.Fatal(err)
				}
				until, err := s.Mute(t.Context(), "g", admin, "alice", time.Hour, "")
				if err != nil {
					t.Fatal(err)
				}

				back, err := s.Join(t.Context(), "g", named("alice"), newSession("alice-again"), &chat.Position{Epoch: before.Epoch, Seq: seen})
				if err != nil {
					t.Fatal(err)
				}
				if back.Complete != test.complete {
					t.Errorf("complete is %v, want %v", back.Complete, test.complete)
				}
				if back.Notice != "be kind" || back.Attributes["theme"] != "dark" || back.Attributes["live_status"] == "" || back.Fields["live_status"] == "" {
					t.Errorf("the state is not the newest: %+v", back)
				}
				if back.Counters.All["likes"] != 7 || !back.Mute.Until.Equal(until) || back.Mute.All || back.Count.Members != 2 {
					t.Errorf("counters %+v, mute %+v, count %+v", back.Counters, back.Mute, back.Count)
				}
				if _, err := s.Send(t.Context(), chat.Message{Group: "g", Body: text("x")}, named("alice")); !errors.Is(err, chat.ErrMuted) {
					t.Errorf("the mute that came meanwhile: %v", err)
				}
				if !test.complete {
					if n := len(back.Messages); n == 0 || n > 20 || back.Messages[n-1].Seq != back.Seq {
						t.Errorf("told of a gap, with %d messages up to %d of %d; want the history", n, back.Messages[n-1].Seq, back.Seq)
					}
					return
				}
				if want := said + 1; len(back.Messages) != want { // and the status message
					t.Fatalf("got %d messages, %d were missed", len(back.Messages), want)
				}
				for i, m := range back.Messages {
					if m.Seq != seen+uint64(i)+1 {
						t.Fatalf("message %d has number %d, want %d", i, m.Seq, seen+uint64(i)+1)
					}
				}
			})
		})
	}
}

// talk lets bob speak for a while and returns how often he did.
func talk(t *testing.T, s *chat.Service, during, every time.Duration) (said int) {
	t.Helper()
	end := time.Now().Add(during)
	for ; !time.Now().Add(every).After(end); said++ {
		time.Sleep(every)
		send(t, s, "g", "bob", fmt.Sprintf("text %d at %s", said, time.Now()))
	}
	time.Sleep(time.Until(end))
	return said
}
