package delivery_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"liveroom/web/callback/delivery"
)

// slowStore takes a while before it reads.
type slowStore struct {
	delivery.Store
	takes time.Duration
}

func (s slowStore) Items(ctx context.Context, k delivery.Key, from uint64, limit int, bytes int64) ([]*delivery.Item, error) {
	time.Sleep(s.takes)
	return s.Store.Items(ctx, k, from, limit, bytes)
}

// TestDroppedWhileRead: all of a queue is dropped while its head is read, and what comes then is in the store, too, when
// that is read.
func TestDroppedWhileRead(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{answer: down, takes: time.Millisecond}
		s := serve(t, delivery.Config{TalkAge: 3 * time.Second}, delivery.NewMemory(), to, nil)
		s.say(delivery.Talk, "a", "old", 1, 3)
		time.Sleep(time.Second)
		s.stop()
		to.set(time.Millisecond, nil)
		s.store = slowStore{s.store, 6 * time.Second}
		s.start()
		time.Sleep(5*time.Second + time.Millisecond)
		s.say(delivery.Talk, "a", "new", 1, 3)
		time.Sleep(time.Minute)
		s.say(delivery.Talk, "a", "new", 4, 4)
		time.Sleep(time.Minute)
		got, all := to.got("a", delivery.Talk), to.all()
		if len(got) != 5 || all[len(all)-5].Command != delivery.Dropped || !slices.Equal(got[1:], ids("new", 1, 4)) {
			t.Errorf("got %s", shortened(got))
		}
	})
}

// TestRepeatOfWhatWasLost: a status that could not be kept is kept when it is told again.
func TestRepeatOfWhatWasLost(t *testing.T) {
	inTime(t, func(t *testing.T) {
		store := &failingStore{Store: delivery.NewMemory(), err: errors.New("disk full")}
		to := &receiver{answer: down}
		s := serve(t, delivery.Config{Unwritten: 1000}, store, to, nil)
		s.say(delivery.State, "a", "s", 1, 100)
		kept := int(s.Stats().Queued[delivery.State])
		if st := s.Stats(); st.Lost != uint64(100-kept) || kept > 90 {
			t.Fatalf("%+v", st)
		}
		store.set(nil)
		to.set(0, nil)
		time.Sleep(time.Minute)
		s.say(delivery.State, "a", "s", 100, 100)
		time.Sleep(time.Minute)
		s.delivered("a", delivery.State, append(ids("s", 1, kept), "s100"))
	})
}

// TestReplayedMessagesSurvive: who was told that dead letters are queued again finds them so after a crash, messages too.
func TestReplayedMessagesSurvive(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{answer: refusing}
		s := serve(t, delivery.Config{}, delivery.NewMemory(), to, nil)
		s.say(delivery.Talk, "a", "m", 1, 3)
		time.Sleep(time.Second)
		to.set(time.Hour, nil)
		if n, err := s.Replay(t.Context(), "e"); n != 3 || err != nil {
			t.Fatalf("%d replayed, %v", n, err)
		}
		queues, err := s.store.Queues(t.Context())
		if err != nil || len(queues) != 1 || queues[0].Next-queues[0].First != 3 {
			t.Errorf("%+v, %v", queues, err)
		}
	})
}
